"""The failed rows of an import as a CSV file, to be corrected and imported again (docs/api.md, "Import")."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import IO, Any

from outreach import s3, text
from outreach.contacts.fields import IMPORT_ERROR
from outreach.imports import cells, import_objects, import_report
from outreach.imports.import_records import ImportRecord

CONTENT_TYPE = "text/csv; charset=utf-8"
DISPOSITION = 'attachment; filename="failed-rows.csv"'


def write(record: ImportRecord, file: IO[bytes]) -> None:
    """Write the headings of the import's file and its failed rows, with what is wrong with each in the last column.

    Memory does not grow with the number of rows.
    """
    wrapper = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(wrapper)
    headings = _headings(record)
    writer.writerow([cells.guard(heading) for heading in [*headings, IMPORT_ERROR]])
    for row in import_report.failed_rows(record):
        writer.writerow(_cells(row, headings))
    wrapper.flush()
    wrapper.detach()


def _headings(record: ImportRecord) -> list[str]:
    """Return the headings of the file, without that of earlier errors: the rows are judged anew.

    Values without a heading are an error, so they appear only in failed rows.
    """
    if record.is_expired or not record.chunks:
        return _without_errors(record.columns)
    header = s3.files().get_lines(import_objects.chunk_key(record.site_id, record.id, 0))[0]
    headings = _without_errors(heading for heading in dict.fromkeys(header) if heading)
    has_surplus = any("" in row["values"] for row in import_report.failed_rows(record))
    return [*headings, ""] if has_surplus else headings


def _without_errors(headings: Iterable[str]) -> list[str]:
    return [heading for heading in headings if text.compact_key(heading) != text.compact_key(IMPORT_ERROR)]


def _cells(row: dict[str, Any], headings: list[str]) -> Iterator[str]:
    for heading in headings:
        yield cells.guard(cells.plain_text(row["values"].get(heading, "")))
    yield cells.guard("; ".join(_error(error) for error in row["errors"]))


def _error(error: dict[str, str]) -> str:
    return f"{error['column']}: {error['message']}" if error["column"] else error["message"]
