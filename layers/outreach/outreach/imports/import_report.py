"""What an import reports about the rows of its file: the failed ones, the warnings, and the first ones as read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from outreach import s3
from outreach.http.job_status import JobStatus
from outreach.imports import import_objects
from outreach.imports.import_options import columns_option
from outreach.imports.import_records import ImportRecord
from outreach.imports.import_warnings import MAX_WARNINGS

Row = dict[str, Any]

_FIRST_ROWS = 10


def failed_rows(record: ImportRecord) -> Iterator[Row]:
    """Yield the rows that were not imported: number, errors by column, and cells."""
    for chunk in () if record.is_expired else record.chunks_with_failures:
        yield from s3.files().get_lines(import_objects.failures_key(record.site_id, record.id, chunk))


def warnings(record: ImportRecord) -> list[Row]:
    """Return the first warnings, in the order of the rows."""
    if record.is_expired:
        return []
    chunks = [*([None] if record.file_warnings else []), *record.chunks_with_warnings]
    keys = (import_objects.warnings_key(record.site_id, record.id, chunk) for chunk in chunks)
    stored = (warning for key in keys for warning in s3.files().get_lines(key))
    first = [*_missing_numbers(record), *islice(stored, MAX_WARNINGS)]
    return sorted(first[:MAX_WARNINGS], key=lambda warning: warning["row"])


def warning_count(record: ImportRecord) -> int:
    """Return the number of all warnings."""
    return record.file_warnings + record.row_warnings + len(_missing_numbers(record))


def first_rows(record: ImportRecord) -> list[Row]:
    """Return the first rows of the file as they are read: number and cells."""
    if record.is_expired or not record.chunks:
        return []
    _, *rows = s3.files().get_lines(import_objects.chunk_key(record.site_id, record.id, 0))
    return rows[:_FIRST_ROWS]


def first_rows_within(rows: Iterable[Row], max_bytes: int | None) -> list[Row]:
    """Return the first rows, as many as have at most ``max_bytes`` as JSON; all for ``None``."""
    if max_bytes is None:
        return list(rows)
    first: list[Row] = []
    size = 0
    for row in rows:
        size += len(orjson.dumps(row))
        if size > max_bytes:
            break
        first.append(row)
    return first


def _missing_numbers(record: ImportRecord) -> list[Row]:
    """Return a warning for each text column with phone numbers, if no row of the file has a number to text."""
    if record.has_sms or record.status is not JobStatus.COMPLETED:
        return []
    return [{"row": 1, "column": heading, "message": _numbers_as_text(heading, record)} for heading in record.number_columns]


def _numbers_as_text(heading: str, record: ImportRecord) -> str:
    field = record.columns.get(heading)
    advice = f"to text these people, send columns with {columns_option(heading, 'SMS')}"
    return f"phone numbers were imported as text of the field {field}, so no row has a number to text; {advice}"
