"""The file that contacts are filled into: the columns of a site, and no rows."""

from __future__ import annotations

import csv
import io

from outreach.contacts.fields import Schema
from outreach.contacts.files import workbooks
from outreach.contacts.files.columns import headings

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"


def of(schema: Schema, file_format: str) -> tuple[str, bytes]:
    """The template's content type and content, as ``xlsx`` or ``csv``."""
    if file_format == "xlsx":
        return _XLSX, workbooks.of_headings(headings(schema))
    text = io.StringIO()
    csv.writer(text).writerow(headings(schema))
    return _CSV, text.getvalue().encode("utf-8-sig")
