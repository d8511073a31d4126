"""Which field of a contact each column of a file is, and what the cells of a row say of a contact.

Columns are named like the fields, beside ``name``; an export has some more, which can't be written and are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from outreach.contacts import identities
from outreach.contacts.fields import Field, Schema
from outreach.contacts.files import cells
from outreach.contacts.marks import Mark
from outreach.contacts.models import IdentityType
from outreach.contacts.values import FieldType
from outreach.errors import FieldError, ValidationFailed

NAME = "name"
# What only an export has, after the columns of the template.
READ_ONLY = ("id", "createTime", "lastUpdatedTime")

# Where a rounded number would become a wrong one.
_NUMBERS = {IdentityType.SMS.value, IdentityType.WHATSAPP.value, "phone", "fax"}


def headings(schema: Schema) -> list[str]:
    """The columns of the template: the name, and the site's fields in their order."""
    return [NAME, *(entry.name for entry in schema.ordered)]


@dataclass
class RowContact:
    """What a row says of a contact: only what isn't blank.

    Attributes:
        values: by the names of the fields.
        identities: the values as they are given, by their marks.
        faults: cells that can't be read; the pointers are headings.
    """

    name: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    identities: dict[Mark, str] = field(default_factory=dict)
    faults: list[FieldError] = field(default_factory=list)


@dataclass(frozen=True)
class Columns:
    """The columns that a site's files may have."""

    schema: Schema

    @cached_property
    def _known(self) -> Mapping[str, Field | str]:
        """Field or property by its folded name; where two names differ by spaces alone, the first has it."""
        known: dict[str, Field | str] = {_folded(name): name for name in (NAME, *READ_ONLY)}
        for entry in self.schema.ordered:
            known.setdefault(_folded(entry.name), entry)
        return known

    def find(self, heading: str) -> Field | str | None:
        """The field, or the name of the property, that a column is; ``None`` when there is none."""
        return self.schema.find(heading) or self._known.get(_folded(heading))

    def check(self, header: Sequence[str]) -> None:
        """
        Raises:
            ValidationFailed: no column, an unknown one, or two of one name; it names each.
        """
        faults: list[str] = []
        found: list[Field | str] = []
        for heading in filter(str.strip, header):
            known = self.find(heading)
            if known is None:
                faults.append(f"there is no contact field {heading}")
            elif known in found:
                faults.append(f"the column {heading} is there twice")
            else:
                found.append(known)
        if not faults and not any(known not in READ_ONLY for known in found):
            faults.append("the first row has no column of a contact")
        if faults:
            raise ValidationFailed(*(FieldError("/uploadFile", message) for message in faults))

    def by_name(self, header: Sequence[str]) -> dict[str, str]:
        """The headings by the names of the properties and fields that they stand for."""
        known = {heading: self.find(heading) for heading in header}
        return {entry.name if isinstance(entry, Field) else str(entry): heading for heading, entry in known.items()}

    def read(self, row: Mapping[str, str]) -> RowContact:
        """What a row (its cells by heading) says of a contact."""
        contact = RowContact()
        for heading, cell in row.items():
            try:
                self._add(contact, heading, self.find(heading), cells.unguarded(cell))
            except ValueError as error:
                contact.faults.append(FieldError(heading, str(error)))
        return contact

    def _add(self, contact: RowContact, heading: str, known: Field | str | None, cell: str) -> None:
        if known is None:
            raise ValueError(f"there is no contact field {heading}" if heading else "is a cell without a heading")
        if isinstance(known, str):
            contact.name = cell if known == NAME else contact.name
        elif known.name in _NUMBERS and cells.is_rounded_number(cell):
            raise ValueError("is a number that a spreadsheet has rounded; format the column as text and enter it again")
        elif known.identity_type:
            for value in cells.split(cell):
                _, normal = identities.normalise(known.identity_type, value, self.schema.region)
                contact.identities.setdefault((known.identity_type, normal), value)
        else:
            contact.values[known.name] = _options(cell) if known.type is FieldType.CHECKBOX_LIST else cell


def _options(cell: str) -> str | list[str]:
    """Several options as an export writes them; one, or those that a comma separates, are left to the field."""
    options = cells.split(cell)
    return options if len(options) != 1 else options[0]


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()
