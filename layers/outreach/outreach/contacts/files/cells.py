"""The text of one cell: what guards a spreadsheet against formulas, and several values in one cell.

An export and the import of it are an exact round trip (contract, Import, export, template).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

_SEPARATOR = ";"
_END = "\r\n"

# What spreadsheets would take for a formula, already guarded or not (OWASP, CSV Injection).
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")

# How a spreadsheet writes a long number that it has rounded.
_SCIENTIFIC = re.compile(r"\s*[+-]?\d+([.,]\d+)?e\+?\d+\s*", re.IGNORECASE)


def guarded(text: str) -> str:
    """A cell that no spreadsheet evaluates: one more apostrophe where it would."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The inverse of :func:`guarded`."""
    return text[1:] if _GUARDED.match(text) else text


def joined(values: Iterable[str]) -> str:
    """Several values in one cell; a value that holds the separator is quoted."""
    cell = io.StringIO()
    csv.writer(cell, delimiter=_SEPARATOR, lineterminator=_END).writerow(values)
    return cell.getvalue().removesuffix(_END)


def split(cell: str) -> list[str]:
    """The inverse of :func:`joined`; blanks around and between the values don't count.

    Raises:
        ValueError: the quotation marks don't match.
    """
    try:
        rows = list(csv.reader(io.StringIO(cell, newline=""), delimiter=_SEPARATOR, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError("has quotation marks that don't match") from error
    return [value for row in rows for value in row if value.strip()]


def is_rounded_number(cell: str) -> bool:
    """Whether a spreadsheet has turned a long number into one such as ``2.50788E+11``, and lost digits with it."""
    return _SCIENTIFIC.fullmatch(cell) is not None
