"""The first pass of an import: one walk over the file, which cuts its rows into chunks. Nothing is imported yet.

So a file that can't be read to its end, or has a column that nobody knows, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any

from outreach import aws
from outreach.contacts import schema
from outreach.contacts.files import fetching, objects, records, tables
from outreach.contacts.files.columns import Columns
from outreach.contacts.files.records import ImportRecord, Status
from outreach.errors import FieldError, ValidationFailed
from outreach.settings import settings

MAX_BYTES = 100_000_000

_ROWS_A_CHUNK = 500


def split(record: ImportRecord) -> ImportRecord:
    """Cut an import's file into chunks; repeated, it writes the same ones."""
    if record.status is not Status.PENDING:
        return record
    try:
        with TemporaryFile() as file:
            _load(record, file)
            return _write_chunks(record, _data_rows(record.site_id, file))
    except ValidationFailed as error:
        return records.fail(record, [entry.message for entry in error.errors])
    except ValueError as error:
        return records.fail(record, [f"the file {error}"])


def _load(record: ImportRecord, file: IO[bytes]) -> None:
    if record.source_url:
        fetching.fetch(record.site_id, record.source_url, file, MAX_BYTES)
        return
    source = {"Bucket": settings().files_bucket, "Key": objects.upload_key(record.site_id, record.id)}
    if aws.s3().head_object(**source)["ContentLength"] > MAX_BYTES:
        raise ValueError(f"has more than {MAX_BYTES // 1_000_000} MB")
    aws.s3().download_fileobj(**source, Fileobj=file)


def _data_rows(site_id: str, file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The rows that aren't blank, each with its number in the file and its cells by heading."""
    numbered = enumerate(tables.rows(file), start=1)
    _, header = next(numbered, (1, []))
    Columns(schema.load(site_id)).check(header)
    for number, row in numbered:
        if values := _by_heading(header, row):
            yield {"row": number, "values": values}


def _by_heading(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """The cells that aren't blank; those without a heading under the empty one, where the import will find fault with them."""
    headings = [*header, *[""] * (len(row) - len(header))]
    return {heading.strip(): cell for heading, cell in zip(headings, row, strict=False) if cell.strip()}


def _write_chunks(record: ImportRecord, rows: Iterator[dict[str, Any]]) -> ImportRecord:
    total = chunks = 0
    while part := list(islice(rows, _ROWS_A_CHUNK)):
        objects.put_lines(objects.chunk_key(record.site_id, record.id, chunks), part)
        total += len(part)
        chunks += 1
    return records.run(record, total, chunks)
