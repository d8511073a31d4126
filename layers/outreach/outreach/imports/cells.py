"""Text of one cell: protection against spreadsheet formulas, and several values in one cell.

Importing an export gives exactly the exported values (docs/api.md, "Export").
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

_SEPARATOR = ";"
# Google's separator for several identities; a quoted value keeps it. No text may match the parts of a quoted value in two ways,
# because a text with one quotation mark too many would then take hours.
_GOOGLE_SEPARATOR = re.compile(r'(?P<before>^|[;\r\n]|:::)(?P<quoted> *"[^"]*(?:""[^"]*)*") *|:::')
# What people write between several values.
_OTHER_SEPARATOR = re.compile(r"[,/|&]|\s(?:or|and)\s", re.IGNORECASE)
_NEEDS_QUOTES = re.compile(r'[;"\r\n]|:::|^\s')

# Text that a spreadsheet would evaluate (OWASP, CSV Injection), after any number of apostrophes. Some take wide signs for others.
_FORMULA_BEGIN = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(f"'*{_FORMULA_BEGIN}")
_GUARDED_FORMULA = re.compile(f"'+{_FORMULA_BEGIN}")

# A formula of nothing but a text, ``="0171"``, as programs write numbers that a spreadsheet should not change.
_TEXT_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
# The apostrophe before a number that others write for the same reason.
_MARK_OF_NUMBER = re.compile(r"^\s*['\u2019]+(?=[\d(+])")

# Controls that old systems leave in texts: padding, and breaks of lines and pages. ESC and those beyond ASCII are left, because
# they show that the file has another encoding.
_STRAY_CONTROLS = dict.fromkeys([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F], "") | {0x0B: "\n", 0x0C: "\n"}

_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:$|T\d\d:)")

_DATE_WITH_SLASHES = re.compile(r"^\s*(\d{4})/(\d\d?)/(\d\d?)(?!\d)")


def is_date(value: str) -> bool:
    """Return whether a value is a date as a workbook's cell is read, ``2024-05-01``, which looks like a number but is not one."""
    return _DATE.match(value.strip()) is not None


def with_hyphens(date: str) -> str:
    """Return a date with hyphens that some spreadsheets write with slashes, ``2024/05/01``; in no country is it another day."""
    return _DATE_WITH_SLASHES.sub(lambda found: "{}-{:0>2}-{:0>2}".format(*found.groups()), date)


def without_stray_controls(text: str) -> str:
    """Return the text of a cell without the control characters that mean nothing there."""
    return text if text.isprintable() else text.translate(_STRAY_CONTROLS)


def guard(text: str) -> str:
    """Prefix an apostrophe to text that a spreadsheet would evaluate as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """Reverse :func:`guard`."""
    return text[1:] if _GUARDED_FORMULA.match(text) else text


def plain_text(cell: str) -> str:
    """Return the text that a cell stands for: that of a formula such as ``="0171"``, else :func:`unguard`."""
    found = _TEXT_FORMULA.fullmatch(cell)
    return found[1].replace('""', '"') if found else unguard(cell)


def without_apostrophe(number: str) -> str:
    """Return a phone number without the apostrophe that keeps its first zeros in a spreadsheet."""
    return _MARK_OF_NUMBER.sub("", number)


def split_at_other_signs(cell: str) -> list[str]:
    """Split several values in a cell at the signs that people write instead of the separator."""
    return [value for value in _OTHER_SEPARATOR.split(cell) if value.strip()]


def join(values: Iterable[str]) -> str:
    """Put several values into one cell; a value that contains a separator is quoted."""
    return _SEPARATOR.join(map(_quoted, values))


def _quoted(value: str) -> str:
    return '"{}"'.format(value.replace('"', '""')) if _NEEDS_QUOTES.search(value) else value


def split(cell: str) -> list[str]:
    """Reverse :func:`join`; blank values and spaces before a value are dropped.

    Raises:
        ValueError: a quotation mark is missing.
    """
    try:
        rows = list(csv.reader(io.StringIO(cell, newline=""), delimiter=_SEPARATOR, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError("has unbalanced quotation marks") from error
    return [value for row in rows for value in row if value.strip()]


def split_identities(cell: str) -> list[str]:
    """Split like :func:`split`, and also as Google separates values.

    Raises:
        ValueError: a quotation mark is missing.
    """
    return split(_GOOGLE_SEPARATOR.sub(_with_our_separator, cell))


def _with_our_separator(found: re.Match[str]) -> str:
    before = found["before"] if found["quoted"] else found[0]
    return (_SEPARATOR if before == ":::" else before) + (found["quoted"] or "")
