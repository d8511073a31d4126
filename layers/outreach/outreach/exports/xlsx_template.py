"""The import template as an Excel workbook."""

from __future__ import annotations

import io
from collections.abc import Sequence

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from outreach.imports import cells

_WIDTH = 20
_TEXT_FORMAT = "@"


def make_workbook(headings: Sequence[str]) -> bytes:
    """Make a workbook with one row of headings. Its columns are formatted as text, so Excel rounds no number."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - for the type checker: a new workbook has a sheet
    sheet.title = "Contacts"
    # A workbook cannot hold control characters. New fields have none in their names, older ones may.
    sheet.append([cells.guard(ILLEGAL_CHARACTERS_RE.sub("", heading)) for heading in headings])
    sheet.freeze_panes = "A2"
    for column, cell in enumerate(sheet[1], start=1):
        cell.font, cell.data_type = Font(bold=True), TYPE_STRING
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width, dimension.number_format = _WIDTH, _TEXT_FORMAT
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
