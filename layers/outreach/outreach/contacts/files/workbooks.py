"""XLSX: the first worksheet of a workbook as rows of text, and the import template as a workbook."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import IO, Any

import openpyxl
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

MAX_BYTES = 25_000_000
# Unpacked; a sheet of 25 MB has about this much, and a file that claims more is made to fill memory.
_MAX_UNPACKED_BYTES = 250_000_000
# Excel specifications and limits: worksheet size.
_MAX_ROWS = 1_048_576

_WIDTH = 20
_TEXT_FORMAT = "@"


def rows(file: IO[bytes]) -> Iterator[list[str]]:
    """The rows of the first worksheet, blank ones too, with flat memory but for the table of shared strings.

    Raises:
        ValueError: it is no workbook, or too large.
    """
    _require_bounded(file)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        # A row may say that it is the billionth; openpyxl makes up those before it.
        for row in islice(sheet.iter_rows(values_only=True), _MAX_ROWS):
            yield [_text(value) for value in row]
    except Exception as error:  # openpyxl lets every error of zip, XML and its own models through
        raise ValueError("is no workbook that can be read") from error


def of_headings(headings: Sequence[str]) -> bytes:
    """A workbook with nothing but a row of headings; its columns hold text, so that no number is rounded."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - for the type checker: a new workbook has a sheet
    sheet.title = "Contacts"
    sheet.append(list(headings))
    sheet.freeze_panes = "A2"
    for column, cell in enumerate(sheet[1], start=1):
        cell.font = Font(bold=True)
        shape = sheet.column_dimensions[get_column_letter(column)]
        shape.width, shape.number_format = _WIDTH, _TEXT_FORMAT
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _require_bounded(file: IO[bytes]) -> None:
    if file.seek(0, io.SEEK_END) > MAX_BYTES:
        raise ValueError(f"has more than {MAX_BYTES // 1_000_000} MB; save it as CSV")
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())  # zipfile reads no more of an entry than this
    except Exception as error:  # zipfile has more kinds of errors than BadZipFile for what isn't as it should be
        raise ValueError("is no workbook that can be read") from error
    if unpacked > _MAX_UNPACKED_BYTES:
        raise ValueError("is too large when it is unpacked; save it as CSV")
    file.seek(0)


def _text(value: Any) -> str:
    """A cell's value as somebody would have typed it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)
