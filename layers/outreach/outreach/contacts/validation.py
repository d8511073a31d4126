"""Checks of contacts in requests against a site's fields (docs/api.md, "Contacts").

Pure functions from a request body to a contact. They report all errors of a body at once, each with its pointer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from outreach import text
from outreach.contacts import identities
from outreach.contacts.fields import Field, SiteFields
from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType, identity_id
from outreach.contacts.schemas import ContactBody, IdentityBody
from outreach.errors import FieldError, ValidationFailed
from outreach.http.json_pointers import to_pointer

_IDENTITIES = "/contactIdentities"
_UNKNOWN_FIELD = "is not a contact field of this site; GET /contact/fields lists the fields"
_NO_IDENTITY = "must have at least one identity, such as a phone number or an e-mail address"

Values = Mapping[FieldKey, Any]


def new_contact(site_fields: SiteFields, body: ContactBody, contact_id: str, now: str) -> Contact:
    """Return the contact to create.

    Raises:
        ValidationFailed: the name or the identities are missing, or see :class:`_Validator`.
    """
    validator = _Validator(site_fields)
    empty = Contact(contact_id, site_fields.site_id, "", now, now, version=1)
    if not body.contact_identities:
        validator.add_error(_IDENTITIES, _NO_IDENTITY)
    contact = replace(
        empty,
        name=validator.name(body.name),
        values=validator.new_values(body),
        **validator.identities(body.contact_identities or (), empty),
    )
    validator.require_identities(contact)
    validator.raise_errors()
    return contact


def changed_contact(site_fields: SiteFields, body: ContactBody, before: Contact, now: str, *, fill: bool = False) -> Contact:
    """Return a contact with the changes of a body. Absent properties stay as they are.

    Args:
        fill: whether fields that are absent from ``customFields`` keep their values instead of being cleared.

    Raises:
        ValidationFailed: a read-only field would change, the contact would lose its last identity, or see :class:`_Validator`.
    """
    validator = _Validator(site_fields, before.values)
    values = validator.changed_values(body, fill)
    after = replace(before, last_updated_time=now, version=before.version + 1, values=values)
    if "name" in body.model_fields_set:
        after = replace(after, name=validator.name(body.name))
    if body.contact_identities is not None:
        # An unmerge can leave a contact without identities. Such a contact can be written back as it is.
        if before.identities and not body.contact_identities:
            validator.add_error(_IDENTITIES, _NO_IDENTITY)
        after = replace(after, **validator.identities(body.contact_identities, before))
        validator.require_identities(after)
    validator.raise_errors()
    return after


@dataclass
class _Validator:
    """Converts the parts of a body and collects their errors.

    Errors are unknown fields, values that do not fit the field's type, missing required values, and identities that are repeated
    or do not fit their type.

    Attributes:
        before: the contact's values before the change.
    """

    site_fields: SiteFields
    before: Values = dataclasses.field(default_factory=dict)
    errors: list[FieldError] = dataclasses.field(default_factory=list)
    pointers: dict[FieldKey, str] = dataclasses.field(default_factory=dict)

    def add_error(self, pointer: str, message: str) -> None:
        self.errors.append(FieldError(pointer, message))

    def raise_errors(self) -> None:
        if self.errors:
            raise ValidationFailed(*self.errors)

    def name(self, given: str | None) -> str:
        name = text.empty_if_blank(text.normalise(given or ""))
        if not name:
            self.add_error("/name", "is required")
        return name

    def new_values(self, body: ContactBody) -> Values:
        values = {key: value for key, value in (self._defaults() | self._given_values(body)).items() if value is not None}
        self._require(self.site_fields.value_fields, values)
        return values

    def changed_values(self, body: ContactBody, fill: bool) -> Values:
        given = self._given_values(body)
        for field in self.site_fields.value_fields:
            if field.is_read_only and field.key in given and given[field.key] != field.value_in(self.before):
                self.add_error(self._pointer_of(field), "is read-only and cannot be changed")
        if body.custom_fields is not None and not fill:
            cleared = {field.key: None for field in self.site_fields.value_fields if not field.is_read_only}
            given = cleared | given
        values = {key: value for key, value in {**self.before, **given}.items() if value is not None}
        self._require((field for field in self.site_fields.value_fields if field.key in given), values)
        return values

    def identities(self, given: Sequence[IdentityBody], before: Contact) -> dict[str, Any]:
        """Return the ``Contact`` attributes that identities set. Identities that the contact has already keep their ids."""
        existing_by_id = {identity.id: identity for identity in before.identities}
        existing_by_key = {identity.key: identity for identity in before.identities}
        # An identity that the body repeats stays valid, even if its value would be refused now (one from a carrier).
        repeated = {(identity.type, identity.value): _bare(identity) for identity in before.identities}
        contact_identities: list[Identity] = []
        ordinal = before.last_ordinal
        for index, body in enumerate(given):
            known = existing_by_id.get(body.id or "")
            type_ = body.contact_identity_type or (known.type if known else None)
            value = known.value if known and body.value is None else body.value
            if type_ is None or value is None:
                self._require_given(type_, value, index)
                continue
            parsed = repeated.get((type_, value)) or self._parse_identity(type_, value, index)
            identity = known or existing_by_key.get(parsed.key)
            if identity is None or identity.id in {other.id for other in contact_identities}:
                ordinal += 1
                identity = replace(parsed, id=identity_id(before.id, ordinal))
            details = _details(body, identity.value, parsed.value)
            identity = replace(identity, type=parsed.type, value=parsed.value, normalised_value=parsed.normalised_value)
            contact_identities.append(replace(identity, **details))
        self._require_distinct(contact_identities)
        return {"identities": tuple(contact_identities), "last_ordinal": ordinal}

    def require_identities(self, contact: Contact) -> None:
        present = {identity.type for identity in contact.live_identities}
        for field in self.site_fields.ordered:
            if field.identity_type and field.is_required and field.identity_type not in present:
                self.add_error(_IDENTITIES, f"must have an identity of type {field.name}")

    def _require_given(self, type_: IdentityType | None, value: str | None, index: int) -> None:
        for name, given in (("contactIdentityType", type_), ("value", value)):
            if given is None:
                self.add_error(f"{_IDENTITIES}/{index}/{name}", "is required")

    def _parse_identity(self, type_: IdentityType, given: str, index: int) -> Identity:
        try:
            value, normalised_value = identities.normalise(type_, given, self.site_fields.region, self.site_fields.number_format)
        except ValueError as error:
            self.add_error(f"{_IDENTITIES}/{index}/value", str(error))
            value = normalised_value = given
        return Identity("", type_, value, normalised_value)

    def _require_distinct(self, contact_identities: Sequence[Identity]) -> None:
        keys = set()
        for index, identity in enumerate(contact_identities):
            if identity.is_deleted:
                continue
            if identity.key in keys:
                self.add_error(f"{_IDENTITIES}/{index}/value", "repeats an earlier identity of this contact")
            keys.add(identity.key)

    def _given_values(self, body: ContactBody) -> dict[FieldKey, Any]:
        """Return all values of the body, parsed: empty ones as ``None``, and of a field given twice the last one."""
        last: dict[FieldKey, tuple[Field, Any]] = {}
        for pointer, name, given in _named_values(body):
            field = self.site_fields.find(name)
            if field is None:
                self.add_error(_pointer_of_name(pointer, given), _UNKNOWN_FIELD)
            elif field.identity_type:
                self.add_error(_pointer_of_name(pointer, given), "is an identity; put it into contactIdentities")
            else:
                self.pointers[field.key] = pointer
                last[field.key] = field, given
        return {key: self._parse(field, given) for key, (field, given) in last.items()}

    def _parse(self, field: Field, given: Any) -> Any:
        # A value that the body repeats stays valid, even if its option was removed or its field has become shorter.
        shown = field.value_in(self.before)
        if given == shown and type(given) is type(shown):
            return shown
        try:
            return field.parse(given)
        except ValueError as error:
            self.add_error(self._pointer_of(field), str(error))
            return given  # not None, which would add "is required" for the same field

    def _defaults(self) -> dict[FieldKey, Any]:
        return {field.key: field.parse(field.default_value) for field in self.site_fields.value_fields}

    def _require(self, fields: Iterable[Field], values: Values) -> None:
        for field in fields:
            if field.is_required and field.key not in values:
                self.add_error(self._pointer_of(field), "is required")

    def _pointer_of(self, field: Field) -> str:
        """Return where the body has the field, or would have it."""
        return self.pointers.get(field.key, _pointer(field.name))


def _details(body: IdentityBody, *values: str) -> dict[str, Any]:
    """Return the given details of an identity. A name that equals its value, old or new, is no name: it follows the value."""
    details = body.details()
    if details.get("name") in [value[: text.MAX_NAME] for value in values]:
        details["name"] = ""
    return details


def _bare(identity: Identity) -> Identity:
    return Identity("", identity.type, identity.value, identity.normalised_value)


def _named_values(body: ContactBody) -> Iterator[tuple[str, str, Any]]:
    """Yield the pointer, field name and value of each given value. Top-level values come last, so they override others."""
    for name, value in (body.custom_fields or {}).items():
        yield _pointer(name), name, value
    for attribute, name in (("first_name", "firstName"), ("last_name", "lastName")):
        if attribute in body.model_fields_set:
            yield f"/{name}", name, getattr(body, attribute)


def _pointer_of_name(pointer: str, given: Any) -> str:
    """Return the pointer to the name of a value, which is a property of its own where the values are an array of pairs."""
    return pointer if isinstance(given, Mapping) else f"{pointer}/name"


def _pointer(name: str) -> str:
    return to_pointer(("customFields", name))
