"""One row of a file: converts it to a contact body, and a contact's errors to errors of the row's columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from outreach import text
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.contacts.models import Contact, Identity, IdentityType
from outreach.contacts.schemas import ContactBody, IdentityBody
from outreach.errors import FieldError, ValidationFailed
from outreach.http import validation_messages
from outreach.http.json_pointers import to_pointer, to_steps
from outreach.imports.columns import IS_OPTED_OUT, NAME
from outreach.imports.row_parser import ContactData

_IDENTITIES = "contactIdentities"
# The identities that name a contact without a name, the best one first; after them any other.
_NAMING = (IdentityType.EMAIL, IdentityType.SMS, IdentityType.WHATSAPP)

_CORRECTED = "correct the number, and import the row again"
_WITH_COUNTRY_CODE = "write the number with + and its country code, and import the row again"


@dataclass(frozen=True)
class ImportRow:
    """One row of a file.

    Attributes:
        number: the row's number in the file; the header has number 1.
        cells: the text of the cells, by heading.
        data: what the cells mean.
        headings: the headings of the file's columns, by the name of the property or field.
    """

    number: int
    cells: Mapping[str, str]
    data: ContactData
    headings: Mapping[str, str]

    @property
    def identity_keys(self) -> list[IdentityKey]:
        return list(self.data.identities)

    @property
    def name(self) -> str | None:
        """The name of the contact: the row's name, else first and last name, else the best identity."""
        if self.data.name:
            return self.data.name
        parts = (str(self.data.values.get(field, "")) for field in ("firstName", "lastName"))
        if full_name := " ".join(part for part in map(text.normalise, parts) if not text.is_blank(part)):
            return full_name[: text.MAX_NAME]
        identities = sorted(self.data.identities, key=lambda key: _order(key[0]))
        return self.data.identities[identities[0]][: text.MAX_NAME] if identities else None

    def to_body(self, merge_into: Contact | None = None) -> ContactBody:
        """Convert the row to the body of a create or update request.

        Args:
            merge_into: a contact whose identities the body keeps; the row's other identities follow them.

        Raises:
            ValidationFailed: a value is too long.
        """
        existing = merge_into.identities if merge_into else ()
        existing_keys = {identity.key for identity in existing if not identity.is_deleted}
        added = [_new_identity(key, value) for key, value in self.data.identities.items() if key not in existing_keys]
        properties: dict[str, Any] = {"custom_fields": self.data.values}
        if name := self.data.name if merge_into else self.name:
            properties["name"] = name
        if added:
            properties["contact_identities"] = [*map(_existing_identity, existing), *added]
        try:
            return ContactBody(**properties)
        except ValidationError as error:
            errors = (FieldError(to_pointer(entry["loc"]), validation_messages.message_of(entry)) for entry in error.errors())
            raise ValidationFailed(*errors) from error

    def warnings(self) -> list[dict[str, Any]]:
        """Return the cells that are read differently from how they are written."""
        return [{"row": self.number, "column": entry.pointer, "message": entry.message} for entry in self.data.warnings]

    def warn_of_lost_opt_outs(self, unreadable: Collection[str], *, has_number: bool) -> None:
        """Add the warnings that the row's opt-out is not stored. A second call, when the row is tried again, adds none.

        Args:
            unreadable: the numbers whose country code is not known.
            has_number: whether the row or its contact has an SMS number.
        """
        messages = [
            f"no opt-out was stored for {number}; {_CORRECTED if number.startswith('+') else _WITH_COUNTRY_CODE}"
            for number in unreadable
        ]
        if not has_number:
            messages = [f"no opt-out was stored, because the contact has no SMS number; {_WITH_COUNTRY_CODE}"]
        warnings = (FieldError(self.headings[IS_OPTED_OUT], message) for message in messages)
        self.data.warnings += [warning for warning in warnings if warning not in self.data.warnings]

    def require_valid_cells(self) -> None:
        """Check the cells of a row that makes no contact.

        Raises:
            ValidationFailed: cells cannot be parsed.
        """
        if self.data.errors:
            raise ValidationFailed(*self.data.errors)

    def validate(self, make_contact: Callable[[], Contact]) -> Contact:
        """Make a contact of the row.

        Args:
            make_contact: makes the contact, or raises ``ValidationFailed`` with pointers into the body.

        Raises:
            ValidationFailed: the errors of the cells and of the contact together; the pointers are column headings.
        """
        errors = list(self.data.errors)
        try:
            contact = make_contact()
        except ValidationFailed as error:
            contact_errors = [FieldError(self._heading(entry.pointer), entry.message) for entry in error.errors]
            # An error without a column says that there is no identity. An unreadable identity is a better explanation. A row
            # without identities has no name, either.
            explained = {self._heading(f"/{NAME}")} if self.name is None else set()
            explained |= {""} if errors else set()
            errors += [entry for entry in contact_errors if entry.pointer not in explained]
        if errors:
            raise ValidationFailed(*errors)
        return contact

    def _heading(self, pointer: str) -> str:
        """Return the column heading for a pointer into the body; empty for the identities as a whole."""
        head, *rest = to_steps(pointer) or [""]
        name = rest[0] if head == "customFields" and rest else head
        return self.headings.get(name, "" if name == _IDENTITIES else name)


def _new_identity(key: IdentityKey, value: str) -> IdentityBody:
    return IdentityBody(contact_identity_type=key[0], value=value)


def _existing_identity(identity: Identity) -> IdentityBody:
    return IdentityBody(id=identity.id)


def _order(type_: IdentityType) -> int:
    return _NAMING.index(type_) if type_ in _NAMING else len(_NAMING)
