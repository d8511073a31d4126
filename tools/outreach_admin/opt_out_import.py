"""Imports a file of numbers as opt-outs: a CSV file, or one number in each line.

A file with a heading (``number``, ``phone``, ``SMS`` and the like) may have other columns. Without one, the number is in the
first column. Numbers without a country code are read in the site's region.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outreach import dynamo, phone_numbers, placeholders, text
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.imports import cells

# The headings of a column of numbers.
_HEADING = re.compile(r"\s*(number|to)\s*|.*(phone|mobil|cell|sms|msisdn|handy|\btel).*", re.IGNORECASE | re.DOTALL)

_DELIMITERS = ",;\t"
_NUMBERS_PER_STEP = 1_000


@dataclass
class OptOutFile:
    """The numbers of a file, in its order and without repetitions.

    Attributes:
        problems: what is wrong with lines, as ``{"line", "problem"}``. They never repeat the line, which may be personal data.
        repeated: how many lines repeat a number.
    """

    numbers: list[str] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    repeated: int = 0


def read(path: Path, region: str) -> OptOutFile:
    """Read a file.

    Args:
        region: ISO 3166 code of the country in which numbers without a country code are read.

    Raises:
        ValueError: the file is not UTF-8, or its quoting is broken.
    """
    result, known = OptOutFile(), set[str]()
    for line, cell in _cells(path):
        number, problem = _number(cell, region)
        if problem:
            result.problems.append({"line": line, "problem": problem})
        elif number in known:
            result.repeated += 1
        elif number:
            known.add(number)
            result.numbers.append(number)
    return result


def store(site_id: str, numbers: Sequence[str], reason: str) -> Iterator[tuple[int, int]]:
    """Opt numbers out; yield after each step how many are done, and how many of the step were not opted out before.

    A repeated call goes through all numbers again, and changes only the rest.
    """
    done = 0
    for step in dynamo.chunks(numbers, _NUMBERS_PER_STEP):
        added = opt_outs.add_many(site_id, step, Source.IMPORT, reason=reason)
        done += len(step)
        yield done, added


def new_numbers(site_id: str, numbers: Sequence[str]) -> list[str]:
    """Return the numbers that :func:`store` would opt out, in their order."""
    opted_out = opt_outs.opted_out_among(site_id, numbers)
    return [number for number in numbers if number not in opted_out]


def _cells(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of each line, counted from 1, and its cell with the number; blank lines are left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _column(csv.reader(file, delimiter=_delimiter(path), strict=True))
    except UnicodeDecodeError as error:
        raise ValueError("The file is not UTF-8. Save it as CSV UTF-8, then try again.") from error
    except csv.Error as error:
        raise ValueError(f"The file is not a CSV file: {error}.") from error


def _delimiter(path: Path) -> str:
    """Return the delimiter of the first line: the most frequent of comma, semicolon and tab."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    return max(_DELIMITERS, key=first.count)


def _column(reader: Any) -> Iterator[tuple[int, str]]:
    column = None
    rows: Iterable[list[str]] = reader
    for row in rows:
        if not any(map(text.normalise, row)):
            continue
        if column is None:
            column, is_heading = _find_column(row)
            if is_heading:
                continue
        yield reader.line_num, (row[column] if column < len(row) else "")


def _find_column(row: Sequence[str]) -> tuple[int, bool]:
    """Return which column holds the numbers, and whether this first row is a heading."""
    headings = (column for column, cell in enumerate(row) if _HEADING.fullmatch(cell) and not any(map(str.isdecimal, cell)))
    found = next(headings, None)
    return (0, False) if found is None else (found, True)


def _number(cell: str, region: str) -> tuple[str, str]:
    """Return the number of a cell in E.164, or what is wrong with it."""
    cell = cells.without_apostrophe(cells.plain_text(cell))
    if not text.normalise(cell) or placeholders.is_placeholder(cell):
        return "", "has no number"
    number = phone_numbers.parse(cell, region)
    if number is None:
        return "", "is not a phone number"
    e164 = number.text if number.is_valid else phone_numbers.read_e164(number.text)
    return (e164, "") if e164 else ("", "is not a valid number; write it with + and its country code")
