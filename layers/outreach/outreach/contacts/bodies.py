"""Contacts, identities and fields as they travel (contract, Contacts)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from outreach import wire
from outreach.contacts import fields
from outreach.contacts.fields import FieldOption, Schema
from outreach.contacts.models import MAX_IDENTITIES, Contact, Identity, IdentityType
from outreach.contacts.values import MAX_TEXT, FieldType
from outreach.errors import FieldError, ValidationFailed
from outreach.parsing import parse_integer

_MAX_NAME = 256
_MAX_LINK = 2048


def _pairs_as_object(value: Any) -> Any:
    """``[{"name": …, "value": …}]`` → an object."""
    if not isinstance(value, list):
        return value
    folded = [{str(key).lower(): entry for key, entry in pair.items()} if isinstance(pair, Mapping) else {} for pair in value]
    if not all(isinstance(pair.get("name"), str) for pair in folded):
        raise ValueError("must be an object, or an array of objects with name and value")
    return {pair["name"]: pair.get("value") for pair in folded}


def _blank_if_none(value: Any) -> Any:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_blank_if_none), Field(max_length=_MAX_LINK)]
read_identity_type = wire.one_of(*IdentityType)
_read_field_type = wire.one_of(*FieldType)


class IdentityBody(wire.Request):
    """An identity as clients send it."""

    id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    contact_identity_type: Annotated[IdentityType, BeforeValidator(read_identity_type)] = Field(
        validation_alias=AliasChoices("contactIdentityType", "type", "identityType")
    )
    value: str
    name: Text = ""
    avatar_url: Text = Field("", validation_alias=AliasChoices("avatarUrl", "avatar"))
    info_url: Text = Field("", validation_alias=AliasChoices("infoUrl", "identityInfoUrl"))
    screen_name: Text = Field("", validation_alias=AliasChoices("screenName", "displayName"))
    original_contact_page_url: Text = ""
    is_deleted: wire.Flag = False

    def details(self) -> dict[str, Any]:
        """What was given besides type and value: the attributes of an :class:`Identity` that change."""
        return {name: getattr(self, name) for name in self.model_fields_set & _DETAILS}


_DETAILS = {"name", "avatar_url", "info_url", "screen_name", "original_contact_page_url", "is_deleted"}


class ContactBody(wire.Request):
    """A contact as clients send it, for create and update: what is absent isn't touched."""

    name: Annotated[str | None, Field(max_length=_MAX_NAME)] = None
    first_name: Any = None
    last_name: Any = None
    custom_fields: Annotated[dict[str, Any] | None, BeforeValidator(_pairs_as_object)] = Field(
        None, validation_alias=AliasChoices("customFields", "customField")
    )
    contact_identities: tuple[IdentityBody, ...] | None = Field(
        None, validation_alias=AliasChoices("contactIdentities", "contactIdentity"), max_length=MAX_IDENTITIES
    )


class MergeBody(wire.Request):
    """Which contact is merged into the one of the path."""

    contact_id: wire.Guid


def _separated(value: Any) -> Any:
    """Ids repeated, comma-separated, or both."""
    texts = value if isinstance(value, list) else [value]
    return [part for text in texts for part in (text.split(",") if isinstance(text, str) else [text]) if part != ""]


Ids = Annotated[list[wire.Guid], BeforeValidator(_separated)]


class IdsBody(wire.Request):
    """Which contacts are meant."""

    ids: Ids


class IdentifyBody(wire.Request):
    """Which identities are looked for."""

    value: Annotated[str, BeforeValidator(_blank_if_none)] = ""
    identity_type: Annotated[IdentityType | None, BeforeValidator(lambda value: read_identity_type(value) if value else None)] = (
        Field(None, validation_alias=AliasChoices("identityType", "contactIdentityType", "type"))
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
        """``identity`` as one of ``contact``; its name is the value when it has none, as in the specification's examples."""
        return cls(
            **vars(identity)
            | {"contact_id": contact.id, "contact_identity_type": identity.type, "name": identity.name or identity.value}
        )


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
    def of(cls, contact: Contact, schema: Schema, opted_out: Set[str]) -> ContactResponse:
        """
        Args:
            opted_out: numbers that must not be written to (see ``optouts.of_contacts``).
        """
        return cls(
            id=contact.id,
            name=contact.name,
            first_name=contact.first_name,
            last_name=contact.last_name,
            create_time=contact.create_time,
            last_updated_time=contact.last_updated_time,
            merge_to_contact_id=contact.merged_to or wire.NIL_GUID,
            custom_fields=schema.named(contact.values),
            contact_identities=[IdentityResponse.of(contact, identity) for identity in contact.identities],
            is_opted_out=any(
                identity.type is IdentityType.SMS and identity.normal in opted_out for identity in contact.live_identities
            ),
        )


class OptionBody(wire.Request):
    """A field's option as clients send it."""

    id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    value: Annotated[str, Field(min_length=1, max_length=_MAX_NAME)]
    order: wire.Integer | None = None
    display_text: Annotated[str | None, Field(max_length=_MAX_NAME)] = None

    def option(self, index: int) -> FieldOption:
        order = index if self.order is None else self.order
        return FieldOption(self.id or str(uuid.uuid4()), self.value.strip(), order, self.display_text or self.value.strip())


def _default_value(value: Any) -> Any:
    """A default is a string; clients also send what it stands for."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else _blank_if_none(value)


# What an empty value clears; elsewhere it means: as it was.
_CLEARABLE = ("length", "help_text", "default_value")


class FieldBody(wire.Request):
    """A field as clients send it, for create and update: what is absent isn't touched."""

    name: Annotated[str | None, Field(max_length=_MAX_NAME)] = None
    type: Annotated[FieldType | None, BeforeValidator(lambda value: value and _read_field_type(value))] = None
    is_required: wire.Flag = False
    is_visible: wire.Flag = True
    is_read_only: wire.Flag = False
    length: Annotated[int | None, BeforeValidator(lambda value: None if value in (None, "") else parse_integer(value))] = Field(
        None, ge=1, le=MAX_TEXT
    )
    help_text: Text = ""
    default_value: Annotated[str, BeforeValidator(_default_value)] = ""
    order: wire.Integer | None = None
    field_options: Annotated[tuple[OptionBody, ...], BeforeValidator(lambda value: value or ())] = ()

    def new_field(self, field_id: str) -> fields.Field:
        """The field that the body asks to create.

        Raises:
            ValidationFailed: name or type are missing.
        """
        missing = [FieldError(f"/{name}", "is required") for name in ("name", "type") if not (getattr(self, name) or "").strip()]
        if missing:
            raise ValidationFailed(*missing)
        return self.changed_field(fields.Field(field_id, fields.new_key(field_id), "", FieldType.TEXT, order=fields.LAST))

    def changed_field(self, field: fields.Field) -> fields.Field:
        """What the body makes of a field."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"field_options"}}
        if "name" in given:
            given["name"] = (self.name or "").strip()
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
