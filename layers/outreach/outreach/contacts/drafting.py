"""From a body to a contact: what a site's schema demands of values and identities (contract, Contacts).

Nothing is read or written here; every fault of a body is found at once, each with its pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from outreach.contacts import identities
from outreach.contacts.bodies import ContactBody, IdentityBody
from outreach.contacts.fields import Field, Schema
from outreach.contacts.models import Contact, FieldKey, Identity, identity_id
from outreach.errors import FieldError, ValidationFailed

_IDENTITIES = "/contactIdentities"

Values = Mapping[FieldKey, Any]


def new_contact(schema: Schema, body: ContactBody, contact_id: str, now: str) -> Contact:
    """The contact that a body asks to create.

    Raises:
        ValidationFailed: name or identities are missing, or see :class:`_Draft`.
    """
    draft = _Draft(schema)
    empty = Contact(contact_id, schema.site_id, "", now, now, version=1)
    if not body.contact_identities:
        draft.fault(_IDENTITIES, "at least one identity is required")
    contact = replace(
        empty, name=draft.name(body.name), values=draft.new_values(body), **draft.identities(body.contact_identities or (), empty)
    )
    draft.require_identities(contact)
    draft.finish()
    return contact


def changed_contact(schema: Schema, body: ContactBody, before: Contact, now: str, *, fill: bool = False) -> Contact:
    """The contact that a body makes of another: properties that are absent stay.

    Args:
        fill: fields that ``customFields`` leaves out stay, too.

    Raises:
        ValidationFailed: a read-only field would change, or see :class:`_Draft`.
    """
    draft = _Draft(schema)
    values = draft.changed_values(body, before.values, fill)
    after = replace(before, last_updated_time=now, version=before.version + 1, values=values)
    if "name" in body.model_fields_set:
        after = replace(after, name=draft.name(body.name))
    if body.contact_identities is not None:
        after = replace(after, **draft.identities(body.contact_identities, before))
        draft.require_identities(after)
    draft.finish()
    return after


@dataclass
class _Draft:
    """A body under examination. Its faults: unknown fields, values that a field's type doesn't allow, required ones that are
    missing, identities that are twice there or no value of their type."""

    schema: Schema
    faults: list[FieldError] = field(default_factory=list)

    def fault(self, pointer: str, message: str) -> None:
        self.faults.append(FieldError(pointer, message))

    def finish(self) -> None:
        if self.faults:
            raise ValidationFailed(*self.faults)

    def name(self, given: str | None) -> str:
        if given is None or not given.strip():
            self.fault("/name", "is required")
        return (given or "").strip()

    def new_values(self, body: ContactBody) -> Values:
        values = {key: value for key, value in (self._defaults() | self._given_values(body)).items() if value is not None}
        self._require(self.schema.custom, values)
        return values

    def changed_values(self, body: ContactBody, before: Values, fill: bool) -> Values:
        given = self._given_values(body)
        for entry in self.schema.custom:
            if entry.is_read_only and entry.key in given and given[entry.key] != before.get(entry.key):
                self.fault(_pointer(entry.name), "is read-only")
        if body.custom_fields is not None and not fill:
            cleared = {entry.key: None for entry in self.schema.custom if not entry.is_read_only}
            given = cleared | given
        values = {key: value for key, value in {**before, **given}.items() if value is not None}
        self._require((entry for entry in self.schema.custom if entry.key in given), values)
        return values

    def identities(self, given: Sequence[IdentityBody], before: Contact) -> dict[str, Any]:
        """The attributes of a :class:`Contact` that identities bring; those that the contact has already keep their ids."""
        known_ids = {identity.id: identity for identity in before.identities}
        known_marks = {identity.mark: identity for identity in before.identities}
        found: list[Identity] = []
        ordinal = before.last_ordinal
        for index, body in enumerate(given):
            read = self._read_identity(body, f"{_IDENTITIES}/{index}/value")
            same = known_ids.get(body.id or "") or known_marks.get(read.mark)
            if same is None or same.id in {identity.id for identity in found}:
                ordinal += 1
                same = replace(read, id=identity_id(before.id, ordinal))
            found.append(replace(same, type=read.type, value=read.value, normal=read.normal, **body.details()))
        self._require_distinct(found)
        return {"identities": tuple(found), "last_ordinal": ordinal}

    def require_identities(self, contact: Contact) -> None:
        present = {identity.type for identity in contact.live_identities}
        for entry in self.schema.ordered:
            if entry.identity_type and entry.is_required and entry.identity_type not in present:
                self.fault(_IDENTITIES, f"an identity of the type {entry.name} is required")

    def _read_identity(self, body: IdentityBody, pointer: str) -> Identity:
        type_ = body.contact_identity_type
        try:
            written, normal = identities.normalise(type_, body.value, self.schema.region)
        except ValueError as error:
            self.fault(pointer, str(error))
            written = normal = body.value
        return Identity("", type_, written, normal)

    def _require_distinct(self, found: Sequence[Identity]) -> None:
        seen = set()
        for index, identity in enumerate(found):
            if identity.mark in seen and not identity.is_deleted:
                self.fault(f"{_IDENTITIES}/{index}/value", "is there twice")
            seen.add(identity.mark)

    def _given_values(self, body: ContactBody) -> dict[FieldKey, Any]:
        """Every value that the body names, read; what it leaves empty as ``None``."""
        values: dict[FieldKey, Any] = {}
        for pointer, name, given in _named_values(body):
            entry = self.schema.find(name)
            if entry is None:
                self.fault(pointer, f"there is no contact field {name}")
            elif entry.identity_type:
                self.fault(pointer, "is an identity; give it in contactIdentities")
            else:
                values[entry.key] = self._read(entry, given, pointer)
        return values

    def _read(self, entry: Field, given: Any, pointer: str) -> Any:
        try:
            return entry.read(given)
        except ValueError as error:
            self.fault(pointer, str(error))
            return given  # so that it doesn't count as missing too

    def _defaults(self) -> dict[FieldKey, Any]:
        return {entry.key: entry.read(entry.default_value) for entry in self.schema.custom}

    def _require(self, entries: Iterable[Field], values: Values) -> None:
        for entry in entries:
            if entry.is_required and entry.key not in values:
                self.fault(_pointer(entry.name), "is required")


def _named_values(body: ContactBody) -> Iterator[tuple[str, str, Any]]:
    """Pointer, field name and value of all that the body gives; the top level comes last, and wins."""
    for name, value in (body.custom_fields or {}).items():
        yield _pointer(name), name, value
    for attribute, name in (("first_name", "firstName"), ("last_name", "lastName")):
        if attribute in body.model_fields_set:
            yield f"/{name}", name, getattr(body, attribute)


def _pointer(name: str) -> str:
    return f"/customFields/{name.replace('~', '~0').replace('/', '~1')}"
