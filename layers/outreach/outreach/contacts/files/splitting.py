"""The first pass of an import: one walk over the file, which cuts its rows into chunks. Nothing is imported yet.

So a file that can't be read to its end, or has a column that nobody knows, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any

from outreach import aws
from outreach.contacts import schema
from outreach.contacts.files import fetching, objects, records, tables
from outreach.contacts.files.columns import Columns
from outreach.contacts.files.records import ImportRecord
from outreach.contacts.files.status import Status
from outreach.errors import ValidationFailed
from outreach.settings import settings

_ROWS_A_CHUNK = 500


def split(record: ImportRecord) -> ImportRecord:
    """Cut an import's file into chunks; repeated, it writes the same ones."""
    if record.status is not Status.PENDING:
        return record
    try:
        with TemporaryFile() as file:
            _load(record, file)
            numbered = enumerate(tables.rows(file), start=1)
            _, header = next(numbered, (1, []))
            Columns(schema.load(record.site_id)).check(header)
            return _write_chunks(record, [heading.strip() for heading in header], numbered)
    except ValidationFailed as error:
        return records.fail(record, [entry.message for entry in error.errors])
    except ValueError as error:
        return records.fail(record, [f"the file {error}"])


def _load(record: ImportRecord, file: IO[bytes]) -> None:
    if record.source_url:
        fetching.fetch(record.site_id, record.source_url, file, objects.MAX_UPLOAD_BYTES)
        return
    bucket, key = settings().files_bucket, objects.upload_key(record.site_id, record.id)
    if aws.s3().head_object(Bucket=bucket, Key=key)["ContentLength"] > objects.MAX_UPLOAD_BYTES:
        raise ValueError(f"has more than {objects.MAX_UPLOAD_BYTES // 1_000_000} MB")
    aws.s3().download_fileobj(bucket, key, file)


def _data_rows(header: Sequence[str], numbered: Iterable[tuple[int, Sequence[str]]]) -> Iterator[dict[str, Any]]:
    """The rows that aren't blank, each with its number in the file and its cells by heading."""
    for number, row in numbered:
        if values := _by_heading(header, row):
            yield {"row": number, "values": values}


def _by_heading(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """The cells that aren't blank; those without a heading under the empty one, where the import will find fault with them."""
    headings = [*header, *[""] * (len(row) - len(header))]
    return {heading: cell for heading, cell in zip(headings, row, strict=False) if cell.strip()}


def _write_chunks(record: ImportRecord, header: list[str], numbered: Iterable[tuple[int, Sequence[str]]]) -> ImportRecord:
    rows = _data_rows(header, numbered)
    total = chunks = 0
    while part := list(islice(rows, _ROWS_A_CHUNK)):
        objects.put_lines(objects.chunk_key(record.site_id, record.id, chunks), [header, *part])
        total += len(part)
        chunks += 1
    return records.run(record, total, chunks)
