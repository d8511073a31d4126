"""Starts an import, from an uploaded file, from a URL, or from a file that the client uploads later."""

from __future__ import annotations

from outreach import s3
from outreach.imports import import_execution, import_objects, import_records
from outreach.imports.import_options import ImportOptions
from outreach.imports.import_records import ImportRecord
from outreach.observability import logger


def import_file(site_id: str, import_id: str, content: bytes, options: ImportOptions, file_name: str) -> ImportRecord:
    """Start importing a file."""
    record = import_records.create(site_id, import_id, options, file_name=file_name)
    s3.files().put(import_objects.upload_key(site_id, record.id), content)
    return _start(record)


def import_url(site_id: str, import_id: str, url: str, options: ImportOptions, file_name: str) -> ImportRecord:
    """Start importing the file at a URL."""
    record = import_records.create(site_id, import_id, options, source_url=url, file_name=file_name)
    return _start(record)


def await_upload(site_id: str, import_id: str, size: int, options: ImportOptions, file_name: str) -> tuple[ImportRecord, str]:
    """Create an import that starts when the client has uploaded its file of ``size`` bytes; also return the URL for the PUT."""
    record = import_records.create(site_id, import_id, options, file_name=file_name)
    return record, s3.files().upload_url(import_objects.upload_key(site_id, record.id), size)


def _start(record: ImportRecord) -> ImportRecord:
    try:
        import_execution.start(record.site_id, record.id)
    except Exception:
        # The sweep starts the execution, because the record exists. An error would make the client import the file a second time.
        logger().exception("cannot start the execution of an import", import_id=record.id, site_id=record.site_id)
    return record
