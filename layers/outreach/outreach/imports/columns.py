"""The columns of import and export files: which contact field each one holds. :mod:`.row_parser` parses their cells.

A column is named ``name``, ``isOptedOut`` or like a contact field, or the client says what it holds. An export has read-only
columns too, which an import ignores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from outreach import text
from outreach.contacts.fields import IMPORT_ERROR, Field, SiteFields
from outreach.contacts.models import IdentityType
from outreach.errors import FieldError, ValidationFailed
from outreach.http.json_pointers import to_pointer
from outreach.imports import heading_suggestions
from outreach.imports.import_options import ImportOptions, UnknownColumns, columns_option

NAME = "name"
IS_OPTED_OUT = "isOptedOut"
# An export has these columns after those of the template.
READ_ONLY = ("id", "createTime", "lastUpdatedTime")

MAX_COLUMNS = 1_000
MAX_HEADING = 256
# A record holds the headings up to three times, in JSON.
_MAX_HEADINGS_BYTES = 60_000

_NO_FIELD = "the first row of the file must have at least one contact field as a column heading"
# Signs that the line sep= can name; others split a cell in a spreadsheet program.
_SEP_SIGNS = "|^~"
_OTHER_SIGNS = ";,\t"
# A heading may have these, so they separate headings only between two fields.
_WEAK_SIGNS = ": "

_IGNORED = (*READ_ONLY, IMPORT_ERROR)
# Limits the size of the record; more would not help anyone.
_MAX_ERRORS = 100
# What a column holds: a field, or the name of a contact property. ``None`` is a column to ignore.
Content = Field | str | None


class UnknownColumn(Exception):
    """A heading names no contact field."""


def template_headings(site_fields: SiteFields) -> list[str]:
    """Return the columns of the template: the name, and the site's fields in their order."""
    return [NAME, *(entry.name for entry in site_fields.ordered)]


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

    def joined_headings(self, header: Sequence[str]) -> tuple[str, str] | None:
        """Return a cell that holds the headings of several columns, and the sign between them; ``None`` if there is none."""
        headings = [heading for heading in header if heading]
        for sign in _SEP_SIGNS + (_OTHER_SIGNS + _WEAK_SIGNS if len(headings) == 1 else ""):
            needed = 2 if sign in _WEAK_SIGNS else 1  # one field beside a weak sign may be a heading that contains the sign
            for heading in headings:
                parts = heading.split(sign)[:MAX_COLUMNS]
                if len(parts) > 1 and self.count_fields(list(map(text.normalise, parts))) >= needed:
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


def content_name(content: Content) -> str | None:
    """Return the name of a field or property."""
    return content.name if isinstance(content, Field) else content


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
