"""One row of a file, as the body of a contact; and a contact's faults, as those of the row's columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from outreach.contacts import identities
from outreach.contacts.bodies import ContactBody, IdentityBody
from outreach.contacts.files.columns import NAME, Columns, RowContact
from outreach.contacts.marks import Mark
from outreach.contacts.models import Contact, Identity, IdentityType
from outreach.errors import FieldError, ValidationFailed


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        number: in the file, where the header is 1.
        cells: by heading, as they stand.
        contact: what they say.
        marks: of each of the contact's identities; ``None`` for one that isn't valid.
    """

    number: int
    cells: Mapping[str, str]
    contact: RowContact
    marks: tuple[Mark | None, ...]

    @classmethod
    def of(cls, number: int, cells: Mapping[str, str], columns: Columns) -> Row:
        contact = columns.read(cells)
        marks = (_mark(type_, value, columns.schema.region) for type_, value in contact.identities)
        return cls(number, cells, contact, tuple(marks))

    @property
    def known_marks(self) -> list[Mark]:
        """Those of the valid identities, each once."""
        return list(dict.fromkeys(mark for mark in self.marks if mark))

    def require_readable(self) -> None:
        """
        Raises:
            ValidationFailed: cells can't be read.
        """
        if self.contact.faults:
            raise ValidationFailed(*self.contact.faults)

    def body(self, kept: Contact | None = None) -> ContactBody:
        """The row as the body of a create or an update.

        Args:
            kept: a contact whose identities stay; the row's come after them.

        Raises:
            ValidationFailed: a property is too long.
        """
        before = kept.identities if kept else ()
        added = [self.contact.identities[place] for place in self._added(before)]
        given: dict[str, Any] = {"custom_fields": self.contact.values}
        if self.contact.name is not None:
            given["name"] = self.contact.name
        try:
            if added:
                given["contact_identities"] = [*map(_as_it_is, before), *(_identity(*identity) for identity in added)]
            return ContactBody(**given)
        except ValidationError as error:
            faults = (FieldError("/" + "/".join(map(str, entry["loc"])), entry["msg"]) for entry in error.errors())
            raise ValidationFailed(*faults) from error

    def errors(self, faults: Iterable[FieldError]) -> list[dict[str, str]]:
        """What is wrong, by column."""
        return [{"column": self._column(fault.pointer), "message": fault.message} for fault in faults]

    def _added(self, before: Iterable[Identity]) -> Iterator[int]:
        """The places of the identities that a contact doesn't have; what isn't valid is among them, for its fault to be found."""
        seen: set[Mark | None] = {identity.mark for identity in before if not identity.is_deleted}
        for place, mark in enumerate(self.marks):
            if mark is None or mark not in seen:
                yield place
            seen.add(mark)

    def _column(self, pointer: str) -> str:
        """The heading for a place in the body; faults of cells name it already."""
        if not pointer.startswith("/"):
            return pointer
        head, _, rest = pointer[1:].partition("/")
        if head == "customFields":
            name = rest.replace("~1", "/").replace("~0", "~")
            return self.contact.headings.get(name, name)
        return self.contact.headings.get(head, NAME if head == NAME else "")


def _mark(type_: IdentityType, value: str, region: str) -> Mark | None:
    try:
        return type_, identities.normalise(type_, value, region)[1]
    except ValueError:
        return None


def _identity(type_: IdentityType, value: str) -> IdentityBody:
    return IdentityBody(contact_identity_type=type_, value=value)


def _as_it_is(identity: Identity) -> IdentityBody:
    return IdentityBody(id=identity.id, contact_identity_type=identity.type, value=identity.value)
