"""The columns of import and export files: which contact field each one holds, and how its cells are parsed.

A column is named ``name``, ``isOptedOut`` or like a contact field, or the client says what it holds. An export has read-only
columns too, which an import ignores.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from outreach import phone_numbers, placeholders, text
from outreach.contacts import identities
from outreach.contacts.field_values import FieldType
from outreach.contacts.fields import IMPORT_ERROR, Field, SiteFields
from outreach.contacts.identity_uniqueness import IdentityKey
from outreach.contacts.models import IdentityType
from outreach.errors import FieldError, ValidationFailed
from outreach.http.json_pointers import to_pointer
from outreach.imports import cells, heading_suggestions
from outreach.imports.import_options import ImportOptions, UnknownColumns, columns_option
from outreach.parsing import parse_flag

NAME = "name"
IS_OPTED_OUT = "isOptedOut"
# An export has these columns after those of the template.
READ_ONLY = ("id", "createTime", "lastUpdatedTime")

MAX_COLUMNS = 1_000
MAX_HEADING = 256
# A record holds the headings up to three times, in JSON.
_MAX_HEADINGS_BYTES = 60_000

_NO_FIELD = "the first row of the file must have at least one contact field as a column heading"
_NO_HEADING = (
    "the row has a value in a column without a heading; give the column a heading,"
    " or, if a text was split, put it in quotation marks"
)
# Signs that the line sep= can name; others split a cell in a spreadsheet program.
_SEP_SIGNS = "|^~"
_OTHER_SIGNS = ";,\t"
# A heading may have these, so they separate headings only between two fields.
_WEAK_SIGNS = ": "

_IGNORED = (*READ_ONLY, IMPORT_ERROR)
# Limits the size of the record; more would not help anyone.
_MAX_ERRORS = 100
# Text fields in which a number that a spreadsheet has rounded is an error; identities have their own check.
_NUMBERS_AS_TEXT = ("phone", "fax")
_NAMES = ("firstName", "lastName")
_LOST_LETTERS = ("?", "\ufffd")
_DATES = (FieldType.DATE, FieldType.DATE_TIME)
# Names of text fields that hold phone numbers.
_PHONE_LIKE = re.compile(r"phone|mobil|cell|\btel|handy|sms|whatsapp", re.IGNORECASE)

# What a column holds: a field, or the name of a contact property. ``None`` is a column to ignore.
Content = Field | str | None


class UnknownColumn(Exception):
    """A heading names no contact field."""


def template_headings(site_fields: SiteFields) -> list[str]:
    """Return the columns of the template: the name, and the site's fields in their order."""
    return [NAME, *(entry.name for entry in site_fields.ordered)]


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
class Columns:
    """The columns of a site's files, as an import's options say.

    Attributes:
        mapping: what the client says about columns, by folded heading.
        mapped_headings: the headings of ``mapping`` as the client spells them, by folded heading.
    """

    site_fields: SiteFields
    mapping: Mapping[str, Content] = field(default_factory=dict)
    mapped_headings: Mapping[str, str] = field(default_factory=dict)
    ignores_unknown: bool = False
    _cache: dict[str, Content] = field(default_factory=dict)

    @classmethod
    def of(cls, site_fields: SiteFields, options: ImportOptions) -> Columns:
        """Apply the options of an import to a site's fields.

        Raises:
            ValidationFailed: ``columns`` names something that is not a contact field; the pointers lead into the request.
        """
        known = cls(replace(site_fields, number_format=options.phone_numbers))
        mapping: dict[str, Content] = {}
        errors = []
        for heading, name in options.columns.items():
            try:
                mapping[text.compact_key(heading)] = known.importable(name)
            except ValueError as error:
                errors.append(FieldError(to_pointer(("columns", heading)), str(error)))
        if errors:
            raise ValidationFailed(*errors)
        headings = {text.compact_key(heading): heading for heading in options.columns}
        ignores_unknown = options.unknown_columns is UnknownColumns.IGNORE
        return replace(known, mapping=mapping, mapped_headings=headings, ignores_unknown=ignores_unknown, _cache={})

    def importable(self, name: str | None) -> Content:
        """Return the field or property with a name.

        Raises:
            ValueError: there is none, or an import cannot change it.
        """
        if not name or not name.strip():
            return None
        content = self.site_fields.find(name) or self._by_folded_name.get(text.compact_key(name))
        if content is None or content in _IGNORED:
            raise ValueError("must be a contact field of this site, name, isOptedOut or null")
        return content

    @cached_property
    def _by_folded_name(self) -> Mapping[str, Content]:
        """Fields and properties by folded name. If two field names differ only in spaces, the first field wins."""
        contents: dict[str, Content] = {text.compact_key(name): name for name in (NAME, IS_OPTED_OUT, *_IGNORED)}
        for entry in self.site_fields.ordered:
            contents.setdefault(text.compact_key(entry.name), entry)
        return contents

    def find(self, heading: str) -> Content:
        """Return what a column holds; ``None`` for a column to ignore.

        Raises:
            UnknownColumn: the heading names no contact field, and the options do not say what to do.
        """
        if heading not in self._cache:
            self._cache[heading] = self._find(heading)
        return self._cache[heading]

    def _find(self, heading: str) -> Content:
        folded = text.compact_key(heading)
        if folded in self.mapping:
            return self.mapping[folded]
        content = self.site_fields.find(heading) or self._by_folded_name.get(folded)
        if content is None and (not self.ignores_unknown or not folded):
            raise UnknownColumn(heading)
        return content

    def is_known(self, heading: str) -> bool:
        """Return whether it is clear what to do with a column."""
        try:
            self.find(heading)
        except UnknownColumn:
            return False
        return True

    def header_errors(self, header: Sequence[str]) -> list[str]:
        """Return what is wrong with a header: unknown columns, columns that occur twice, or no column that can be imported."""
        headings = [heading for heading in header if heading]
        if not headings:
            return [f"the file is empty; {_NO_FIELD}"]
        errors = _spelling_errors(headings)
        if errors:
            return errors
        suggestions = self.suggestions(headings)
        errors = [_unknown_column(heading, suggestions) for heading in headings if not self.is_known(heading)]
        contents = [(heading, self.find(heading)) for heading in headings if self.is_known(heading)]
        errors += _repeated_columns(contents)
        if not errors and all(content is None or content in _IGNORED for _, content in contents):
            errors.append(_NO_FIELD)
        rest = len(errors) - _MAX_ERRORS
        return [*errors[:_MAX_ERRORS], f"the file has {rest} more such errors"] if rest > 0 else errors

    def count_fields(self, row: Sequence[str]) -> int:
        """Return how many contact fields the cells of a row name, as headings of common exports do, too."""
        strict = self._without_ignoring()
        known = {content_name(strict.find(heading)) for heading in row if heading and strict.is_known(heading)}
        return len((known | set(strict.suggestions(row).values())) - {None})

    def _without_ignoring(self) -> Columns:
        return replace(self, ignores_unknown=False, _cache={})

    def ignored_suggestions(self, header: Sequence[str]) -> dict[str, str]:
        """Return the unknown columns that are ignored although they seem to tell who a contact is, or whom not to text."""
        suggested = self._without_ignoring().suggestions(header) if self.ignores_unknown else {}
        return {heading: name for heading, name in suggested.items() if name and name in (*IdentityType, IS_OPTED_OUT)}

    def has_contact(self, row: Sequence[str]) -> bool:
        """Return whether a cell of a row is an e-mail address or a phone number, and so no heading."""
        return any(self._is_number(cell) or self._is_identity(IdentityType.EMAIL, cell) for cell in row)

    def joined_headings(self, header: Sequence[str]) -> tuple[str, str] | None:
        """Return a cell that holds the headings of several columns, and the sign between them; ``None`` if there is none."""
        headings = [heading for heading in header if heading]
        for sign in _SEP_SIGNS + (_OTHER_SIGNS + _WEAK_SIGNS if len(headings) == 1 else ""):
            for heading in headings:
                fields = self.count_fields(list(map(text.normalise, heading.split(sign)[:MAX_COLUMNS])))
                needed = 2 if sign in _WEAK_SIGNS else 1  # one field beside a weak sign may be a heading that contains the sign
                if sign in heading and fields >= needed:
                    return heading, sign
        return None

    def suggestions(self, header: Sequence[str]) -> dict[str, str | None]:
        """Return the fields of unknown columns that a common export has, and ``None`` for those of them to ignore."""
        unknown = [heading for heading in header if heading and not self.is_known(heading)]
        used = {name for heading in header if self.is_known(heading) and (name := content_name(self.find(heading)))}
        known_names = {
            name for content in self._by_folded_name.values() if (name := content_name(content)) not in (None, *_IGNORED)
        }
        suggested = heading_suggestions.suggest(unknown, used, known_names)
        return {heading: name for heading, name in suggested.items() if name is None or name in known_names}

    def names_by_heading(self, header: Sequence[str]) -> dict[str, str | None]:
        """Return the name of what each column holds, by heading; ``None`` for a column that is not imported."""
        contents = {heading: self.find(heading) for heading in header if heading}
        return {heading: None if content in _IGNORED else content_name(content) for heading, content in contents.items()}

    def unused_headings(self, header: Sequence[str]) -> list[str]:
        """Return the headings of ``columns`` that the file does not have."""
        return sorted(self.mapped_headings[folded] for folded in self.mapping.keys() - set(map(text.compact_key, header)))

    def headings_by_name(self, header: Sequence[str]) -> dict[str, str]:
        """Return the headings of a file by the names of their fields and properties."""
        contents = {heading: self.find(heading) for heading in header if self.is_known(heading)}
        return {name: heading for heading, content in contents.items() if (name := content_name(content))}

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
        content = self.find(heading)
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
        return phone_numbers.to_e164(cell, self.site_fields.region) is not None

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
            return identities.normalise(type_, value, self.site_fields.region, self.site_fields.number_format)
        except ValueError as error:
            parts = cells.split_at_other_signs(value[: text.MAX_CHARACTERS])
            if len(parts) > 1 and all(self._is_identity(type_, part) for part in parts):
                raise ValueError(f"has {len(parts)} values; write ; between them") from error
            raise

    def _is_identity(self, type_: IdentityType, value: str) -> bool:
        if type_ in identities.PHONE_NUMBERS:
            return self._is_number(value)
        try:
            identities.normalise(type_, value, self.site_fields.region)
        except ValueError:
            return False
        return True

    def _number_warnings(self, value: str) -> list[str]:
        region, number_format = self.site_fields.region, self.site_fields.number_format
        number = phone_numbers.parse(value, region, number_format)
        warnings = []
        if number and number.extension:
            warnings.append(f"the extension {number.extension} was dropped: only {number.text} can be texted")
        if number and not number.is_valid:
            warnings.append(f"{number.text} is not a valid number and cannot be texted{_advice(value, number.text, region)}")
        return warnings


def content_name(content: Content) -> str | None:
    """Return the name of a field or property."""
    return content.name if isinstance(content, Field) else content


def _advice(value: str, number: str, region: str) -> str:
    candidate = phone_numbers.missing_country_code(value, region)
    if candidate:
        return f"; {candidate} would be valid; write it in this form, or set phoneNumbers to international"
    return "" if number.startswith("+") else "; if it belongs to another country, write it with + and the country code"


def _is_error(data: ContactData, heading: str, cell: str) -> bool:
    """Return whether a cell has an error of a spreadsheet, which is no value, with a warning; a workbook marks such cells."""
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


def advice_on_joined(heading: str, sign: str) -> str:
    """Return how to correct a file with the headings of several columns in one cell."""
    if sign in _SEP_SIGNS:
        return f"if {sign} separates the cells, begin the file with the line sep={sign}"
    cell = f"the cell {heading[:MAX_HEADING]} has the headings of several columns"
    return f"{cell}; give each its own column, in Excel with Data > Text to Columns, and save the file again"


def _spelling_errors(headings: Sequence[str]) -> list[str]:
    if len(headings) > MAX_COLUMNS:
        return [f"the file has more than {MAX_COLUMNS:,} columns"]
    if sum(len(heading.encode()) for heading in headings) > _MAX_HEADINGS_BYTES:
        return [f"the headings of the file have more than {_MAX_HEADINGS_BYTES:,} bytes together; remove columns"]
    errors = []
    for number, heading in enumerate(headings, start=1):
        try:
            text.require_name(heading)
        except ValueError as error:
            errors.append(f"the heading of column {number} {error}")
        if len(heading) > MAX_HEADING:
            errors.append(f"the heading of column {number} must have at most {MAX_HEADING} characters")
    return errors[:_MAX_ERRORS]


def _unknown_column(heading: str, suggestions: Mapping[str, str | None]) -> str:
    return f"the file has a column that is not a contact field: {heading}; {_advice_on_unknown(heading, suggestions)}"


def _advice_on_unknown(heading: str, suggestions: Mapping[str, str | None]) -> str:
    if heading not in suggestions:
        example, ignored = columns_option(heading, "<name of a field>"), columns_option(heading, None)
        return f"to import it, create the field, or send columns with {example}; to ignore it, with {ignored}"
    name = suggestions[heading]
    return f"{f'it seems to be {name}:' if name else 'to ignore it,'} send columns with {columns_option(heading, name)}"


def _repeated_columns(contents: Sequence[tuple[str, Content]]) -> list[str]:
    """Return errors for fields that several columns hold. Only identities may have several columns, with different headings."""
    counts = Counter(_unique_part(heading, content) for heading, content in contents if content not in (None, *_IGNORED))
    repeated = {name for (name, _), count in counts.items() if count > 1}
    return [_repeated_column(name, _headings_of(name, contents)) for name in sorted(filter(None, repeated))]


def _repeated_column(name: str, headings: Sequence[str]) -> str:
    same = [heading for heading, count in Counter(map(text.compact_key, headings)).items() if count > 1]
    if same:
        heading = next(heading for heading in headings if text.compact_key(heading) == same[0])
        return f"the file has several columns with the heading {heading}; rename or remove all but one of them"
    error = f"the file has several columns for the contact field {name}: {text.listed(headings)}"
    return f"{error}; keep one of them, and ignore the others: send columns with {columns_option(headings[-1], None)}"


def _unique_part(heading: str, content: Content) -> tuple[str | None, str]:
    is_identity = isinstance(content, Field) and content.identity_type is not None
    return content_name(content), (text.compact_key(heading) if is_identity else "")


def _headings_of(name: str, contents: Sequence[tuple[str, Content]]) -> list[str]:
    return [heading for heading, content in contents if content_name(content) == name]
