"""Erases a person from the stored files of a site (docs/data-model.md, "Buckets").

Rows of imported files that name the person are emptied, and the contact's image before an import is removed, so that no undo
brings it back. Files that live a day are answers, which the client can ask for again: all of them are deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from outreach import s3
from outreach.errors import Conflict
from outreach.imports import import_objects, import_records
from outreach.imports.import_records import ImportRecord
from outreach_admin.traces import ERASED, Traces

_EXPORTS = ("export-requests", "exports")
_LISTS = ("list-requests", "list-results")


def require_finished_imports(site_id: str, traces: Traces) -> None:
    """Require that no import of the person is running.

    Raises:
        Conflict: a file that names the person is being imported, or such an import is being undone.
    """
    for record in import_records.list_with_dry_runs(site_id):
        if not record.is_finished and any(_names(line, traces) for key in _keys(record) for line in _lines(key)):
            message = f"The import {record.id} of a file with this person is in progress. Wait, then try again."
            raise Conflict(message, code="invalid_state")


def redact_imports(site_id: str, traces: Traces) -> int:
    """Erase the person from the files of all imports; return how many of these files named the person."""
    return sum(_redact_import(record, traces) for record in import_records.list_with_dry_runs(site_id))


def delete_responses(site_id: str) -> None:
    """Delete the finished exports, list results and oversized responses of a site, which live a day, and their requests."""
    files = [f"{prefix}/{site_id}/" for prefix in _EXPORTS]
    lists = [prefix for folder in _LISTS for prefix in s3.files().folders(f"{folder}/")]
    for prefix in [*files, *(f"{folder}{site_id}/" for folder in lists)]:
        s3.files().delete_all(s3.files().keys(prefix))
    s3.working_files().delete_all(s3.working_files().keys(f"answers/{site_id}/"))


def _redact_import(record: ImportRecord, traces: Traces) -> int:
    named = [key for key in _keys(record) if _redact_lines(key, traces)]
    if named or (record.is_finished and not record.chunks):
        # The file itself, in whatever format, even if it could not be read; and the failed rows as a file, which is written
        # again on request.
        uploaded = import_objects.upload_key(record.site_id, record.id)
        s3.files().delete_all([uploaded, import_objects.failed_rows_key(record.site_id, record.id)])
    if traces.occur_in(record.file_name):
        import_records.rename_file(record, str(traces.redact(record.file_name)))
    return len(named)


def _keys(record: ImportRecord) -> Iterator[str]:
    """Yield the keys of an import's objects that hold one JSON value in each line."""
    failed_rows = import_objects.failed_rows_key(record.site_id, record.id)
    prefix = f"imports/{record.site_id}/{record.id}/"
    return (key for key in s3.files().keys(prefix) if key != failed_rows)


def _lines(key: str) -> list[Any]:
    return s3.files().get_lines(key)


def _redact_lines(key: str, traces: Traces) -> bool:
    """Erase the lines of an object that name the person; return whether there were any."""
    lines = _lines(key)
    redacted = [_emptied(line) if _names(line, traces) else line for line in lines]
    if redacted == lines:
        return False
    s3.files().put_lines(key, [line for line in redacted if line is not None])
    return True


def _names(line: Any, traces: Traces) -> bool:
    if isinstance(line, dict) and line.get("sk") in traces.contact_ids:
        return True
    return isinstance(line, dict) and traces.occur_in(line)


def _emptied(line: dict[str, Any]) -> dict[str, Any] | None:
    """Empty a row, its errors and warnings; return ``None`` for a contact, which is removed."""
    return emptied_row(line) if "row" in line else None


def emptied_row(row: dict[str, Any]) -> dict[str, Any]:
    """Empty a row of a file, the errors of a failed row, or the warning about a row."""
    errors = [{**error, "message": ERASED} for error in row.get("errors", [])]
    emptied: dict[str, Any] = {"values": {}, "errors": errors, "message": ERASED}
    return {name: emptied.get(name, value) for name, value in row.items()}
