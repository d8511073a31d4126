"""The import template: a file with a heading for each contact field of a site, and no rows."""

from __future__ import annotations

import csv
import io

from outreach.contacts.fields import SiteFields
from outreach.exports import xlsx_template
from outreach.imports import cells
from outreach.imports.columns import template_headings

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"


def make_template(site_fields: SiteFields, file_format: str) -> tuple[str, bytes]:
    """Make the template in the format ``xlsx`` or ``csv``; return its content type and its content."""
    headings = template_headings(site_fields)
    if file_format == "xlsx":
        return _XLSX, xlsx_template.make_workbook(headings)
    text = io.StringIO()
    csv.writer(text).writerow(map(cells.guard, headings))
    return _CSV, text.getvalue().encode("utf-8-sig")
