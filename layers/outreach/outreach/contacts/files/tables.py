"""A file of contacts as rows of text, whatever it is: CSV in several encodings and with several separators, or XLSX.

What it is, its content says and not its name (contract, Import).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import IO

_ZIP = b"PK\x03\x04"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ENCODINGS = ("utf-8", "cp1252")
_DELIMITERS = (",", ";", "\t")

_SAMPLE_BYTES = 4096
_BLOCK_BYTES = 1 << 20
# A contact takes 350,000 bytes at most.
_MAX_ROW_CHARACTERS = 1_000_000

# A line after the last one: when it is not read as a row of its own, a quotation mark was never closed.
_END = "\x00end of file\x00"


def rows(file: IO[bytes]) -> Iterator[list[str]]:
    """All rows with their blank ones, so that they can be counted as a spreadsheet does; with flat memory.

    Args:
        file: seekable.

    Raises:
        ValueError: the file can't be read; also in the middle of the rows.
    """
    file.seek(0)
    start = file.read(_SAMPLE_BYTES)
    if start.startswith(_ZIP):
        # Most files are CSV, and the library takes as long to import as half of all the rest.
        from outreach.contacts.files import workbooks

        return workbooks.rows(file)
    return _csv_rows(file, _encoding(file, start))


def _csv_rows(file: IO[bytes], encoding: str) -> Iterator[list[str]]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        delimiter = _delimiter(text.readline(_MAX_ROW_CHARACTERS))
        text.seek(0)
        lines = _Lines(text)
        for row in csv.reader(chain(lines, [_END]), delimiter=delimiter):
            if row == [_END]:
                return
            lines.begin_row()
            yield row
    except csv.Error as error:
        raise ValueError(f"cannot be read as CSV: {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot be read as {encoding}") from error
    raise ValueError("has a quotation mark that is opened and never closed")


class _Lines:
    """The lines of a text, as long as those of one row don't get too long: the csv module knows no limit for a row."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._room = _MAX_ROW_CHARACTERS

    def begin_row(self) -> None:
        """The lines that follow are another row's."""
        self._room = _MAX_ROW_CHARACTERS

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(self._room + 1):
            self._room -= len(line)
            if self._room < 0:
                raise ValueError(f"has a row of more than {_MAX_ROW_CHARACTERS:,} characters")
            yield line


def _encoding(file: IO[bytes], start: bytes) -> str:
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding
    if b"\x00" in start:  # no BOM, and every other byte of Western text is zero
        return "utf-16-le" if start[1::2].count(0) > start[0::2].count(0) else "utf-16-be"
    for encoding in _ENCODINGS:
        if _is_encoded(file, encoding):
            return encoding
    raise ValueError("is neither a workbook nor text in UTF-8, UTF-16 or Windows-1252")


def _is_encoded(file: IO[bytes], encoding: str) -> bool:
    """Whether all of the file can be read in an encoding."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(_BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(header: str) -> str:
    """The separator that makes the most columns of the header."""
    return max(_DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), [])))
