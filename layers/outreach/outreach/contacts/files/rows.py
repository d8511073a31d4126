"""One row of a file, as the body of a contact; and a contact's faults, as those of the row's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from outreach.contacts.bodies import ContactBody, IdentityBody
from outreach.contacts.files.columns import RowContact
from outreach.contacts.marks import Mark
from outreach.contacts.models import Contact, Identity
from outreach.errors import FieldError, ValidationFailed

_IDENTITIES = "contactIdentities"


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        number: in the file, where the header is 1.
        cells: by heading, as they stand.
        contact: what they say.
        headings: of the file's columns, by the name of the property or field.
    """

    number: int
    cells: Mapping[str, str]
    contact: RowContact
    headings: Mapping[str, str]

    @property
    def marks(self) -> list[Mark]:
        """Of its identities."""
        return list(self.contact.identities)

    def body(self, kept: Contact | None = None) -> ContactBody:
        """The row as the body of a create or an update.

        Args:
            kept: a contact whose identities stay; the row's new ones come after them.

        Raises:
            ValidationFailed: a property is too long.
        """
        before = kept.identities if kept else ()
        known = {identity.mark for identity in before if not identity.is_deleted}
        added = [_identity(mark, value) for mark, value in self.contact.identities.items() if mark not in known]
        given: dict[str, Any] = {"custom_fields": self.contact.values}
        if self.contact.name is not None:
            given["name"] = self.contact.name
        if added:
            given["contact_identities"] = [*map(_as_it_is, before), *added]
        try:
            return ContactBody(**given)
        except ValidationError as error:
            faults = (FieldError("/" + "/".join(map(str, entry["loc"])), entry["msg"]) for entry in error.errors())
            raise ValidationFailed(*faults) from error

    def checked(self, draft: Callable[[], Contact]) -> Contact:
        """The contact that ``draft`` makes of the row.

        Raises:
            ValidationFailed: all that is wrong with the cells and the contact; the pointers are the columns' headings.
        """
        faults = list(self.contact.faults)
        try:
            contact = draft()
        except ValidationFailed as error:
            found = [FieldError(self._column(fault.pointer), fault.message) for fault in error.errors]
            # That there is no identity doesn't matter where there is one that can't be read.
            faults += [fault for fault in found if fault.pointer or not faults]
        if faults:
            raise ValidationFailed(*faults)
        return contact

    def _column(self, pointer: str) -> str:
        """The heading for a place in the body; none for the identities as a whole."""
        head, _, rest = pointer[1:].partition("/")
        name = rest.replace("~1", "/").replace("~0", "~") if head == "customFields" else head
        return self.headings.get(name, "" if name == _IDENTITIES else name)


def _identity(mark: Mark, value: str) -> IdentityBody:
    return IdentityBody(contact_identity_type=mark[0], value=value)


def _as_it_is(identity: Identity) -> IdentityBody:
    return IdentityBody(id=identity.id, contact_identity_type=identity.type, value=identity.value)
