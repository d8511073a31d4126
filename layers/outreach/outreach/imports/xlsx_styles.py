"""Number formats of workbooks: the text that a cell's number stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import from_excel

from outreach.imports.xlsx_package import Attributes, Handlers, Package

# Excel specifications and limits: cell formats of a workbook; characters of a number format.
_MAX_FORMATS = 65_490
_MAX_FORMAT_CHARACTERS = 255

# Excel keeps 15 digits of a number and writes zeros for the others.
_EXACT_DIGITS = 15

# A format with leading zeros, such as ``00000`` or ``00000\-0000``: zeros with characters between them that stand for themselves.
_ZERO_PADDED = re.compile(r'(?:0|[-() /+]|\\.|"[^"]*")+')
_LITERAL = re.compile(r'\\(.)|"([^"]*)"')
_CONDITION_OR_COLOUR = re.compile(r"\[[^\]]*\]")

# Converts the text of a number, as the workbook states it, to the text of the cell.
Format = Callable[[str], str]


def read_formats(package: Package, part: str, epoch: datetime) -> list[Format]:
    """Read the formats of cells; the position in the list is the cell's ``s``. A damaged end of the part is ignored.

    Args:
        package: the workbook.
        part: the name of the style sheet.
        epoch: day zero of the workbook's dates.
    """
    codes = dict(BUILTIN_FORMATS)
    ids: list[int] = []
    path: list[str] = []

    def start(element: str, attributes: Attributes) -> None:
        path.append(element)
        if element == "numFmt":
            codes[int(attributes["numFmtId"])] = attributes["formatCode"][:_MAX_FORMAT_CHARACTERS]
        elif element == "xf" and path[-2:-1] == ["cellXfs"] and len(ids) < _MAX_FORMATS:
            ids.append(int(attributes.get("numFmtId", 0)))

    with suppress(expat.ExpatError, KeyError, ValueError):
        package.parse_all(part, Handlers(start, lambda _: path.pop()))
    formats = {number: _format(codes.get(number, "General"), epoch) for number in set(ids)}
    return [formats[number] for number in ids]


def general(number: str) -> str:
    """Return the text of a number without a format.

    Excel rounds a number of more than 15 digits. Such a number is written as Excel shows it, ``1.23456789012345E+15``, so that
    it is not mistaken for the original.
    """
    try:
        value = _number(number)
    except ValueError:
        return number
    if isinstance(value, int) and _is_rounded(number, value):
        return f"{value:.{_EXACT_DIGITS - 1}E}"
    return str(value)


def _is_rounded(number: str, value: int) -> bool:
    digits = str(abs(value))
    return len(digits) > _EXACT_DIGITS and ("E" in number.upper() or not digits[_EXACT_DIGITS:].strip("0"))


def text_of(value: Any) -> str:
    """Return a date, a time or a duration as a person would type it."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(number: str) -> int | float:
    value = float(number) if set(number) & set(".eE") else int(number)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _format(code: str, epoch: datetime) -> Format:
    if is_date_format(code):
        is_duration = is_timedelta_format(code)
        return lambda number: text_of(from_excel(float(number), epoch, is_duration))
    pattern = _CONDITION_OR_COLOUR.sub("", code.split(";")[0])
    if _ZERO_PADDED.fullmatch(pattern) and (pattern.count("0") > 1 or pattern.startswith("+")):
        return lambda number: _padded(number, pattern)
    return general


def _padded(number: str, pattern: str) -> str:
    """Return a number in a format with leading zeros; only a whole number has them."""
    text = general(number)
    if not text.isdecimal():
        return text
    literal = _LITERAL.sub(lambda match: (match[1] or match[2] or "").replace("0", "\0"), pattern)
    digits = text.zfill(literal.count("0"))
    surplus = len(digits) - literal.count("0")  # a longer number has its surplus digits in the first place
    places = iter([digits[: surplus + 1], *digits[surplus + 1 :]])
    return "".join(next(places) if char == "0" else char for char in literal).replace("\0", "0")
