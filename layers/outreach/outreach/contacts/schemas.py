"""Request and response bodies of contacts, identities and fields (docs/api.md, "Contacts")."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from outreach import text, wire
from outreach.contacts import fields
from outreach.contacts.field_values import MAX_TEXT, FieldType
from outreach.contacts.fields import FieldOption, SiteFields
from outreach.contacts.models import MAX_IDENTITIES, Contact, Identity, IdentityType
from outreach.errors import FieldError, ValidationFailed
from outreach.parsing import NIL_GUID, parse_integer


def _pairs_as_object(value: Any) -> Any:
    """Convert ``[{"name": …, "value": …}]`` into an object."""
    if not isinstance(value, list):
        return value
    pairs = [_lower_case_keys(pair) for pair in value]
    if not all(isinstance(pair.get("name"), str) for pair in pairs):
        raise ValueError("must be an object, or an array of objects with name and value")
    return {pair["name"]: pair.get("value") for pair in pairs}


def _lower_case_keys(pair: Any) -> dict[str, Any]:
    return {str(key).lower(): entry for key, entry in pair.items()} if isinstance(pair, Mapping) else {}


def _blank_if_none(value: Any) -> Any:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_blank_if_none)]
# The type and the length of the field limit it further.
CustomValue = Annotated[Any, wire.limited_strings(MAX_TEXT)]
read_identity_type = wire.one_of(*IdentityType)
OptionalIdentityType = Annotated[IdentityType | None, wire.blank_as(None, read_identity_type)]
_read_field_type = wire.one_of(*FieldType)


_TYPE_NAMES = AliasChoices("contactIdentityType", "type", "identityType")


class IdentityBody(wire.Request):
    """An identity in a request. One that the contact has already keeps what is absent; a new one must have type and value."""

    id: wire.ReadOnlyId = None
    contact_identity_type: OptionalIdentityType = Field(None, validation_alias=_TYPE_NAMES)
    value: str | None = None
    name: Annotated[Text, AfterValidator(text.empty_if_blank)] = ""
    avatar_url: Text = Field("", validation_alias=AliasChoices("avatarUrl", "avatar"))
    info_url: Text = Field("", validation_alias=AliasChoices("infoUrl", "identityInfoUrl"))
    screen_name: Text = Field("", validation_alias=AliasChoices("screenName", "displayName"))
    original_contact_page_url: Text = ""
    is_deleted: Annotated[wire.Flag, wire.NULL_IS_ABSENT] = False

    def details(self) -> dict[str, Any]:
        """Return the given attributes of :class:`Identity`, except type and value."""
        return {name: getattr(self, name) for name in self.model_fields_set & _DETAILS}


_DETAILS = {"name", "avatar_url", "info_url", "screen_name", "original_contact_page_url", "is_deleted"}


class NewIdentityBody(IdentityBody):
    """An identity of a new contact."""

    contact_identity_type: Annotated[IdentityType, BeforeValidator(read_identity_type)] = Field(validation_alias=_TYPE_NAMES)
    value: str


_IDENTITIES_NAMES = AliasChoices("contactIdentities", "contactIdentity")


_CUSTOM_FIELDS_NAMES = AliasChoices("customFields", "customField")
_CustomFields = Annotated[dict[str, CustomValue], BeforeValidator(_pairs_as_object)]


class ContactBody(wire.Request):
    """A contact in a request to update one. Absent properties stay unchanged."""

    name: str | None = None
    first_name: CustomValue = None
    last_name: CustomValue = None
    custom_fields: wire.Changeable[_CustomFields] = Field(None, validation_alias=_CUSTOM_FIELDS_NAMES)
    contact_identities: wire.Changeable[tuple[IdentityBody, ...]] = Field(
        None, validation_alias=_IDENTITIES_NAMES, max_length=MAX_IDENTITIES
    )


class NewContactBody(ContactBody):
    """A contact in a request to create one."""

    custom_fields: _CustomFields | None = Field(None, validation_alias=_CUSTOM_FIELDS_NAMES)
    contact_identities: tuple[NewIdentityBody, ...] | None = Field(
        None, validation_alias=_IDENTITIES_NAMES, max_length=MAX_IDENTITIES
    )


class MergeBody(wire.Request):
    """The contact that is merged into the contact in the path."""

    contact_id: wire.Guid


def _split_at_commas(value: Any) -> Any:
    """Accept ids that are repeated, comma-separated or both."""
    entries = value if isinstance(value, list) else [value]
    return [part for entry in entries for part in (entry.split(",") if isinstance(entry, str) else [entry]) if part != ""]


Ids = Annotated[list[wire.Guid], BeforeValidator(_split_at_commas)]


class IdsBody(wire.Request):
    """The ids of contacts."""

    ids: Ids


class IdentifyBody(wire.Request):
    """The value, and optionally the type, of the identities to find."""

    value: Annotated[str, BeforeValidator(_blank_if_none)] = ""
    identity_type: OptionalIdentityType = Field(
        None, validation_alias=AliasChoices("identityType", "contactIdentityType", "type")
    )


class IdentityResponse(wire.Response):
    id: str
    contact_id: str
    contact_identity_type: IdentityType
    name: str
    value: str
    avatar_url: str
    info_url: str
    screen_name: str
    original_contact_page_url: str
    is_deleted: bool

    @classmethod
    def of(cls, contact: Contact, identity: Identity) -> IdentityResponse:
        """Build the response for an identity of a contact. The name defaults to the value, as far as a name may be long."""
        name = identity.name or identity.value[: text.MAX_NAME]
        return cls(**vars(identity) | {"contact_id": contact.id, "contact_identity_type": identity.type, "name": name})


class ContactResponse(wire.Response):
    id: str
    name: str
    first_name: str | None
    last_name: str | None
    create_time: str
    last_updated_time: str
    merge_to_contact_id: str
    custom_fields: dict[str, Any]
    contact_identities: list[IdentityResponse]
    is_opted_out: bool

    @classmethod
    def of(cls, contact: Contact, site_fields: SiteFields, opted_out: Set[str]) -> ContactResponse:
        """Build the response for a contact.

        Args:
            opted_out: the opted-out numbers among the contact's; see :mod:`outreach.contacts.opt_out_status`.
        """
        return cls(
            id=contact.id,
            name=contact.name,
            first_name=contact.first_name,
            last_name=contact.last_name,
            create_time=contact.create_time,
            last_updated_time=contact.last_updated_time,
            merge_to_contact_id=contact.merged_to or NIL_GUID,
            custom_fields=site_fields.values_by_name(contact.values),
            contact_identities=[IdentityResponse.of(contact, identity) for identity in contact.identities],
            is_opted_out=contact.recipient_number in opted_out,
        )


class OptionBody(wire.Request):
    """An option of a field in a request."""

    id: wire.ReadOnlyId = None
    value: wire.RequiredName
    order: Annotated[wire.Integer | None, wire.NULL_IS_ABSENT] = None
    display_text: Annotated[wire.Name, AfterValidator(text.empty_if_blank)] | None = None

    def option(self, index: int) -> FieldOption:
        """Return the option; ``index``, its position in the request, is its order if none is given."""
        order = index if self.order is None else self.order
        return FieldOption(self.id or str(uuid.uuid4()), self.value, order, self.display_text or self.value)


def _default_value(value: Any) -> Any:
    """Convert a default value to a string. Clients also send booleans and numbers."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else _blank_if_none(value)


# The properties that an empty value clears. An empty value leaves the other properties unchanged.
_CLEARABLE = ("length", "help_text", "default_value")


OptionalFlag = Annotated[wire.Flag | None, BeforeValidator(wire.none_if_blank)]


class FieldBody(wire.Request):
    """A field in a request to create or update one. An update leaves absent properties unchanged."""

    name: wire.Changeable[wire.RequiredName] = None
    type: wire.Changeable[Annotated[FieldType, BeforeValidator(_read_field_type)]] = None
    is_required: OptionalFlag = None
    is_visible: OptionalFlag = None
    is_read_only: OptionalFlag = None
    length: Annotated[int | None, wire.blank_as(None, parse_integer)] = Field(None, ge=1, le=MAX_TEXT)
    help_text: Text = ""
    default_value: Annotated[str, BeforeValidator(_default_value)] = ""
    order: Annotated[wire.Integer | None, wire.NULL_IS_ABSENT] = None
    field_options: Annotated[tuple[OptionBody, ...], wire.blank_as(())] = ()

    def new_field(self, field_id: str) -> fields.Field:
        """Return the field to create.

        Raises:
            ValidationFailed: the name or the type is missing.
        """
        missing = [FieldError(f"/{name}", "is required") for name in ("name", "type") if not (getattr(self, name) or "").strip()]
        if missing:
            raise ValidationFailed(*missing)
        return self.changed_field(fields.Field(field_id, fields.new_key(field_id), "", FieldType.TEXT, order=fields.LAST))

    def changed_field(self, field: fields.Field) -> fields.Field:
        """Return a field with the changes of this body."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"field_options"}}
        if "field_options" in self.model_fields_set:
            given["options"] = tuple(option.option(index) for index, option in enumerate(self.field_options))
        return replace(field, **{name: value for name, value in given.items() if value not in (None, "") or name in _CLEARABLE})


class OptionResponse(wire.Response):
    id: str
    field_id: str
    value: str
    order: int
    display_text: str


class FieldResponse(wire.Response):
    id: str
    name: str
    is_system: bool
    is_identity: bool
    identity_type: str
    is_required: bool
    is_visible: bool
    is_read_only: bool
    type: FieldType
    length: int | None
    help_text: str
    default_value: str
    order: int
    field_options: list[OptionResponse]

    @classmethod
    def of(cls, field: fields.Field) -> FieldResponse:
        options = sorted(field.options, key=lambda option: option.order)
        return cls(
            **vars(field)
            | {
                "is_identity": field.identity_type is not None,
                "identity_type": field.identity_type or "",
                "field_options": [OptionResponse(**vars(option), field_id=field.id) for option in options],
            }
        )
