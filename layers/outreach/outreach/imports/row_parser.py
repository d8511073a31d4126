"""Parses the cells of a row: the contact data that they mean, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from outreach import phone_numbers, placeholders, text
from outreach.contacts import identities
from outreach.contacts.field_values import FieldType
from outreach.contacts.fields import Field, SiteFields
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.contacts.models import IdentityType
from outreach.errors import FieldError
from outreach.imports import cells
from outreach.imports.columns import IS_OPTED_OUT, NAME, Columns, UnknownColumn
from outreach.parsing import parse_flag

_NO_HEADING = (
    "the row has a value in a column without a heading; give the column a heading,"
    " or, if a text was split, put it in quotation marks"
)
# Text fields in which a number that a spreadsheet has rounded is an error; identities have their own check.
_NUMBERS_AS_TEXT = ("phone", "fax")
_NAMES = ("firstName", "lastName")
_LOST_LETTERS = ("?", "\ufffd")
_DATES = (FieldType.DATE, FieldType.DATE_TIME)
# Names of text fields that hold phone numbers.
_PHONE_LIKE = re.compile(r"phone|mobil|cell|\btel|handy|sms|whatsapp", re.IGNORECASE)


@dataclass
class ContactData:
    """The contact data of one row, without blank cells.

    Attributes:
        name: the contact's name; ``None`` for a blank cell.
        values: by field name.
        identities: the values as they are shown, by identity key.
        is_opted_out: whether the row's numbers must not be texted.
        errors: the cells that cannot be parsed; the pointers are headings.
        warnings: the cells that are read differently from how they are written; the pointers are headings.
        number_columns: the headings of text columns with a number that could be texted.
    """

    name: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    identities: dict[IdentityKey, str] = field(default_factory=dict)
    is_opted_out: bool = False
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[FieldError] = field(default_factory=list)
    number_columns: set[str] = field(default_factory=set)

    @property
    def has_sms(self) -> bool:
        return any(type_ is IdentityType.SMS for type_, _ in self.identities)


@dataclass(frozen=True)
class RowParser:
    """Parses the rows of a file with these columns."""

    columns: Columns

    def parse(self, row: Mapping[str, str]) -> ContactData:
        """Parse the cells of a row, given by heading."""
        data = ContactData()
        for heading, cell in row.items():
            try:
                self._parse_cell(data, heading, cells.plain_text(cell))
            except UnknownColumn:
                data.errors.append(FieldError(heading, "is not a contact field" if heading else _NO_HEADING))
            except ValueError as error:
                data.errors.append(FieldError(heading, str(error)))
        return data

    def _parse_cell(self, data: ContactData, heading: str, cell: str) -> None:
        content = self.columns.find(heading)
        if isinstance(content, Field):
            if content.identity_type:
                self._parse_identities(data, heading, cell, content.identity_type)
            elif not _is_error(data, heading, cell):
                self._parse_value(data, heading, _repaired(data, heading, cell), content)
        elif content == NAME and not _is_error(data, heading, cell):
            _warn_of_lost_letters(data, heading, cell)
            data.name = text.empty_if_blank(text.normalise(_repaired(data, heading, cell))) or None
        elif content == IS_OPTED_OUT:
            data.is_opted_out = _parse_yes_or_no(cell)

    def _parse_value(self, data: ContactData, heading: str, cell: str, content: Field) -> None:
        if content.name in _NUMBERS_AS_TEXT and placeholders.is_rounded_number(cell):
            raise ValueError("is a number that a spreadsheet has rounded; format the column as text and enter the number again")
        if content.name in _NAMES:
            _warn_of_lost_letters(data, heading, cell)
        if content.type in _DATES:
            cell = cells.with_hyphens(cell)
        data.values[content.name] = _parse_options(cell) if content.type is FieldType.CHECKBOX_LIST else cell
        if content.type is FieldType.TEXT and _PHONE_LIKE.search(heading) and self._is_number(cell):
            data.number_columns.add(heading)

    def _is_number(self, cell: str) -> bool:
        return phone_numbers.to_e164(cell, self._site_fields.region) is not None

    def _parse_identities(self, data: ContactData, heading: str, cell: str, type_: IdentityType) -> None:
        values = cells.split_identities(cell)
        for value in map(cells.without_apostrophe, values) if type_ in identities.PHONE_NUMBERS else values:
            if placeholders.is_placeholder(value):
                message = f"{text.normalise(value)} is a placeholder and was ignored"
                data.warnings.append(FieldError(heading, message))
                continue
            if type_ in identities.PHONE_NUMBERS and cells.is_date(value):
                data.warnings.append(FieldError(heading, "is a date, not a phone number, and was ignored"))
                continue
            shown, normal = self._normalise(type_, value)
            data.identities.setdefault((type_, normal), shown)
            if type_ in identities.PHONE_NUMBERS:
                data.warnings += [FieldError(heading, message) for message in self._number_warnings(value)]

    def _normalise(self, type_: IdentityType, value: str) -> tuple[str, str]:
        """Return an identity as it is shown and compared; an error says so if the value looks like several ones."""
        try:
            return identities.normalise(type_, value, self._site_fields.region, self._site_fields.number_format)
        except ValueError as error:
            parts = cells.split_at_other_signs(value[: text.MAX_CHARACTERS])
            if len(parts) > 1 and all(self._is_identity(type_, part) for part in parts):
                raise ValueError(f"has {len(parts)} values; write ; between them") from error
            raise

    def _is_identity(self, type_: IdentityType, value: str) -> bool:
        if type_ in identities.PHONE_NUMBERS:
            return self._is_number(value)
        try:
            identities.normalise(type_, value, self._site_fields.region)
        except ValueError:
            return False
        return True

    def _number_warnings(self, value: str) -> list[str]:
        region, number_format = self._site_fields.region, self._site_fields.number_format
        number = phone_numbers.parse(value, region, number_format)
        warnings = []
        if number and number.extension:
            warnings.append(f"the extension {number.extension} was dropped: only {number.text} can be texted")
        if number and not number.is_valid:
            warnings.append(f"{number.text} is not a valid number and cannot be texted{_advice(value, number.text, region)}")
        return warnings

    def has_contact(self, row: Sequence[str]) -> bool:
        """Return whether a cell of a row is an e-mail address or a phone number, and so no heading."""
        return any(self._is_number(cell) or self._is_identity(IdentityType.EMAIL, cell) for cell in row)

    @property
    def _site_fields(self) -> SiteFields:
        return self.columns.site_fields


def _advice(value: str, number: str, region: str) -> str:
    candidate = phone_numbers.missing_country_code(value, region)
    if candidate:
        return f"; {candidate} would be valid; write it in this form, or set phoneNumbers to international"
    return "" if number.startswith("+") else "; if it belongs to another country, write it with + and the country code"


def _is_error(data: ContactData, heading: str, cell: str) -> bool:
    """Return whether a cell has an error of a spreadsheet, which is no value, and warn of it."""
    is_error = placeholders.is_spreadsheet_error(cell)
    if is_error:
        data.warnings.append(FieldError(heading, f"has the spreadsheet error {cell} and counts as empty"))
    return is_error


def _repaired(data: ContactData, heading: str, cell: str) -> str:
    """Return the text of a cell without stray control characters, with a warning if it had some. An identity is never repaired.

    Raises:
        ValueError: the cell has characters that no text has.
    """
    repaired = cells.without_stray_controls(cell)
    if repaired != cell:
        data.warnings.append(FieldError(heading, "had control characters, which were removed"))
    try:
        return text.require_text(repaired)
    except ValueError as error:
        raise ValueError(f"{error}; if the file's texts look garbled, import it with its `encoding`") from error


def _warn_of_lost_letters(data: ContactData, heading: str, cell: str) -> None:
    """Warn of a name with signs that a program writes for letters which its encoding does not have."""
    if any(sign in cell for sign in _LOST_LETTERS):
        message = "has ? or \ufffd where letters may have been lost; if so, save the file again as UTF-8, and import that"
        data.warnings.append(FieldError(heading, message))


def _parse_options(cell: str) -> str | list[str]:
    """Split several options as an export writes them. The field itself parses one option, or options separated by commas."""
    options = cells.split(cell)
    return options if len(options) != 1 else options[0]


def _parse_yes_or_no(cell: str) -> bool:
    try:
        return parse_flag(text.normalise(cell))
    except ValueError as error:
        raise ValueError("must be yes or no") from error
