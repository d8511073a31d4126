"""Number formats of workbooks: the text that a cell's number stands for."""

from __future__ import annotations

import operator
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

# A format of digits alone, such as ``00000`` or ``\+# ###\-0000``: their places, with characters between them that stand for
# themselves. Where a number has fewer digits, a zero stands in the place ``0``, and nothing in the place ``#``.
_DIGITS = re.compile(r'(?:[0#]|[-() /+]|\\.|"[^"]*")+')
_LITERAL = re.compile(r'\\(.)|"([^"]*)"')
_CONDITION_OR_COLOUR = re.compile(r"\[[^\]]*\]")
# A format that is for some numbers only, as ``[<=99999]00000;00000\-0000``.
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne}

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
    first, *others = code.split(";")
    condition = _CONDITION.search(first)
    if condition and others:
        compare, limit = _COMPARISONS[condition[1]], float(condition[2])
        format_, other = _digits(first), _digits(others[0])
        return lambda number: format_(number) if compare(_number(number), limit) else other(number)
    return _digits(first)


def _digits(section: str) -> Format:
    """Return the format of a section of a code; only one that adds zeros or a plus sign matters."""
    code = _CONDITION_OR_COLOUR.sub("", section)
    if not _DIGITS.fullmatch(code):
        return general
    # The digits of literals are kept apart from the places until the end.
    pattern = _LITERAL.sub(lambda match: (match[1] or match[2] or "").replace("0", "\0").replace("#", "\1"), code)
    places = re.sub("[^0#]", "", pattern)
    begin = re.split("[0#]", pattern)[0]
    adds_zeros = places.count("0") > 1 or "0#" in places or "\0" in begin
    return (lambda number: _padded(number, pattern, len(places))) if adds_zeros or "+" in begin else general


def _padded(number: str, pattern: str, count: int) -> str:
    """Return a number in a pattern with places of digits; only a whole number has them."""
    text = general(number)
    if not text.isdecimal():
        return text
    surplus = max(len(text) - count, 0)  # a longer number has its surplus digits in the first place
    digits = [""] * (count - len(text)) + [text[: surplus + 1], *text[surplus + 1 :]]
    places = iter(digits)
    shown = "".join((next(places) or char.strip("#")) if char in "0#" else char for char in pattern)
    return shown.replace("\0", "0").replace("\1", "#")
