"""Reads the rows of a CSV file (RFC 4180); finds its encoding and its delimiter."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, takewhile
from typing import IO, Any

from outreach.imports import encoding_names, text_encoding
from outreach.imports.file_format import FileFormat, ImportFile, UnreadableFile
from outreach.imports.import_warnings import Warnings

_DELIMITERS = (",", ";", "\t")
# The line before the header in which Excel names the delimiter.
_SEP_LINE = re.compile(r'\ufeff*"?sep=([^\w\s"\'\\]|\t)"?[\r\n]*', re.IGNORECASE)
_BOM = "\ufeff"
# A line of nothing else is blank.
_PADDING = text_encoding.PADDING.decode()
_CUT_OFF = "the last row has fewer cells than all others, and no line end; the file may have been cut off"

# A contact takes at most 350,000 bytes.
_MAX_ROW_CHARACTERS = 1_000_000
# The csv module's own limit of a cell is lower, and would refuse the whole file for one long cell.
csv.field_size_limit(_MAX_ROW_CHARACTERS)


def open_csv(file: IO[bytes], warnings: Warnings, encodings: Sequence[str] = ()) -> ImportFile:
    """Open a CSV file. Memory does not grow with the file.

    Args:
        file: must be seekable.
        warnings: receives the cells that look like several rows.
        encodings: see :func:`outreach.imports.text_encoding.find_encoding`.

    Raises:
        UnreadableFile: the file cannot be read.
    """
    codec = text_encoding.find_encoding(file, encodings)
    file.seek(0)
    text = io.TextIOWrapper(file, codec, newline="")
    encoding = encoding_names.display_name(codec)
    try:
        sep_line = _SEP_LINE.fullmatch(text.readline(_MAX_ROW_CHARACTERS))
        delimiter = sep_line[1] if sep_line else _detect_delimiter(text)
    except UnicodeError as error:
        raise _undecodable(encoding) from error
    lines = _Lines(text, skipped=1 if sep_line else 0)
    return ImportFile(FileFormat(encoding, delimiter), _rows(lines, delimiter, encoding, warnings))


class _Lines:
    """The lines of a text, with a limit for the length of a row; the csv module has none.

    The csv reader takes one line after another until a row is complete; then :meth:`begin_row` starts another.

    Attributes:
        row: the lines of the current row.
    """

    def __init__(self, text: IO[str], skipped: int = 0) -> None:
        self._text = text
        self._skipped = skipped
        self._count = 0
        self._remaining = _MAX_ROW_CHARACTERS
        self.row: list[str] = []

    def begin_row(self) -> None:
        """Start another row with the next line."""
        self.row.clear()
        self._remaining = _MAX_ROW_CHARACTERS

    def number_of(self, position: int) -> int:
        """Return the number, in the file, of the line that has a position in the current row."""
        before = takewhile(lambda end: end <= position, accumulate(map(len, self.row[:-1])))
        return self._count - len(self.row) + 1 + len(list(before))

    def __iter__(self) -> Iterator[str]:
        self._text.seek(0)
        while line := self._text.readline(self._remaining + 1):
            self._count += 1
            if self._count <= self._skipped:
                continue
            self._remaining -= len(line)
            if self._remaining < 0:
                self._count -= 1
                message = f"has a row of more than {_MAX_ROW_CHARACTERS:,} characters, which begins in line {self.number_of(0)}"
                raise UnreadableFile(f"{message}; a quotation mark may be missing there")
            line = line.lstrip(_BOM)  # also in the middle, where files with byte order marks were joined
            if not line.strip(f"{_PADDING}\r\n"):
                line = line.strip(_PADDING)
            self.row.append(line)
            yield line


def _rows(lines: _Lines, delimiter: str, encoding: str, warnings: Warnings) -> Iterator[list[str]]:
    try:
        numbered = enumerate(_reader(lines, delimiter), start=1)
        header: list[str] = []
        has_short_row = False
        for number, row in numbered:
            header = header or row
            if len(lines.row) > 1:
                _warn_of_swallowed_rows(number, row, header, delimiter, warnings)
            if len(row) < len(header) and any(map(str.strip, row)):
                if not has_short_row and not lines.row[-1].endswith(("\r", "\n")):
                    warnings.add(number, "", _CUT_OFF)
                has_short_row = True
            lines.begin_row()
            yield row
    except csv.Error as error:
        raise UnreadableFile(_problem(lines, delimiter, error)) from error
    except UnicodeError as error:
        raise _undecodable(encoding) from error


def _reader(lines: _Lines, delimiter: str) -> Any:
    return csv.reader(iter(lines), delimiter=delimiter, strict=True, skipinitialspace=True)


def _detect_delimiter(text: IO[str]) -> str:
    """Return the delimiter that splits the header into the most columns; the header may have several lines."""

    def columns(delimiter: str) -> int:
        try:
            return len(next(_reader(_Lines(text), delimiter), []))
        except (csv.Error, ValueError):
            return 0

    return max(_DELIMITERS, key=columns)


def _warn_of_swallowed_rows(number: int, row: list[str], header: list[str], delimiter: str, warnings: Warnings) -> None:
    """Warn of two stray quotation marks, which turn the rows between them into one cell."""
    for heading, cell in zip(header, row, strict=False):
        _, *more = cell.splitlines() or [""]
        if len(header) > 1 and any(line.count(delimiter) == len(header) - 1 for line in more):
            warnings.add(number, heading, "contains line breaks and looks like several rows; a quotation mark may be missing")


def _problem(lines: _Lines, delimiter: str, error: csv.Error) -> str:
    quote = _broken_quote("".join(lines.row), delimiter)
    if quote is None:
        return f"cannot be read as CSV: {error}, in line {lines.number_of(0)}"
    begin, end = quote
    if end is None:
        return (
            f"has a quotation mark in line {lines.number_of(begin)} that is never closed; remove it or write it twice in quotes"
        )
    first, last = lines.number_of(begin), lines.number_of(end)
    where = f"line {last}" if first == last else f"line {last}, of a cell that begins in line {first}"
    return f"has text after the closing quotation mark in {where}; write a quotation mark inside a quoted cell twice"


def _broken_quote(row: str, delimiter: str) -> tuple[int, int | None] | None:
    """Return where the first cell with broken quoting begins and ends in the text of a row; ``None`` if there is none.

    The end is ``None`` if the quotation mark is never closed.
    """
    cell = re.compile(rf' *(?:(?P<open>")(?:[^"]|"")*(?P<close>")?|[^{re.escape(delimiter)}\r\n]*)')
    position = 0
    while match := cell.match(row, position):
        position = match.end()
        if match["open"] and not match["close"]:
            return match.start("open"), None
        if row[position : position + 1] == delimiter:
            position += 1
        elif match["open"] and row[position:].strip("\r\n"):
            return match.start("open"), match.start("close")
        else:
            return None
    return None


def _undecodable(encoding: str) -> UnreadableFile:
    return UnreadableFile(f"cannot be read as {encoding}; save it as UTF-8, or set `encoding`")
