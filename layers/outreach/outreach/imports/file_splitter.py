"""The first pass of an import: reads the file once and splits its rows into chunks.

It imports nothing, so a file with an unknown column or an unreadable end changes no contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import islice, zip_longest
from tempfile import TemporaryFile
from typing import IO, Any

from outreach import placeholders, s3, text
from outreach.contacts import field_store
from outreach.errors import ValidationFailed
from outreach.http.job_status import JobStatus
from outreach.imports import cells, download, file_reader, import_objects, import_records
from outreach.imports.columns import MAX_COLUMNS, Columns, advice_on_joined
from outreach.imports.file_format import UnreadableFile
from outreach.imports.import_options import columns_option
from outreach.imports.import_records import ImportRecord, SplitFile
from outreach.imports.import_warnings import Warnings
from outreach.imports.row_parser import RowParser

_ROWS_PER_CHUNK = 500
# How many rows after the first one may be the header, below titles and notes.
_ROWS_WITH_TITLES = 10
# A chunk is in memory as a whole. Only rows made to exhaust it have more than this.
_CHARACTERS_PER_CHUNK = 20_000_000


def write_chunks(record: ImportRecord) -> ImportRecord:
    """Split an import's file into chunks; a repeated call writes the same chunks."""
    if record.status is not JobStatus.PENDING:
        return record
    try:
        with TemporaryFile() as file:
            _load(record, file)
            return _split(record, file)
    except ValueError as error:
        return import_records.mark_failed(record, [f"the file {error}"])
    except ValidationFailed as error:  # a field that the request names has been deleted
        return import_records.mark_failed(record, list(map(str, error.errors)))


def _split(record: ImportRecord, file: IO[bytes]) -> ImportRecord:
    warnings = Warnings()
    opened = file_reader.open_file(file, warnings, record.options.encodings)
    numbered_rows = enumerate(opened.rows, start=1)
    header = _read_header(numbered_rows)
    columns = Columns.of(field_store.load(record.site_id), record.options)
    if errors := columns.header_errors(header):
        errors += _doubts_about_encoding(opened.format.encoding, header) + _hints(columns, header, numbered_rows)
        return import_records.mark_failed(record, errors, columns.suggestions(header))
    for heading in columns.unused_headings(header):
        warnings.add(1, heading, "columns names this column, but the file does not have it")
    for heading, name in columns.ignored_suggestions(header).items():
        advice = f"to import it, send columns with {columns_option(heading, name)}"
        warnings.add(1, heading, f"this column was ignored, although it seems to be {name}; {advice}")
    total, chunks = _write_chunks(record, header, numbered_rows)
    if warnings.count:
        entries = [asdict(replace(warning, column=_heading(warning.column))) for warning in warnings.entries]
        s3.files().put_lines(import_objects.warnings_key(record.site_id, record.id, None), entries)
    split_file = SplitFile(total, chunks, columns.names_by_heading(header), **vars(opened.format), file_warnings=warnings.count)
    return import_records.mark_split(record, split_file)


def _read_header(numbered_rows: Iterator[tuple[int, Sequence[str]]]) -> list[str]:
    """Read up to the first row that is not blank, and return its headings; none if all rows are blank."""
    for _, row in numbered_rows:
        if any(headings := list(map(_heading, row))):
            return headings
    return []


def _doubts_about_encoding(encoding: str, header: Sequence[str]) -> list[str]:
    """Return a hint if the headings may be wrong because the encoding is. What can be decoded as Unicode surely is it."""
    if encoding.startswith("utf") or all(map(str.isascii, header)):
        return []
    return [f"the file was read as {encoding}: if headings look garbled here, set `encoding` to the file's real encoding"]


def _hints(columns: Columns, header: Sequence[str], next_rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    """Return what may be wrong with a header that cannot be imported: it is not the first row, is missing, or is one cell."""
    if joined := columns.joined_headings(header):
        return [advice_on_joined(*joined)]
    fields = columns.count_fields(header)
    with suppress(UnreadableFile):
        for number, row in islice(next_rows, _ROWS_WITH_TITLES):
            if columns.count_fields(list(map(_heading, row[:MAX_COLUMNS]))) > max(fields, 1):
                return [f"row {number} seems to have the headings of the columns; delete the rows above it"]
    if fields == 0 and RowParser(columns).has_contact(header):
        return ["the first row seems to be a contact; insert a row above it with headings such as name, email and SMS"]
    return []


def _heading(cell: str) -> str:
    """Return a heading without the line breaks that a spreadsheet shows it in. A spreadsheet error is no heading."""
    heading = " ".join(text.normalise(cells.plain_text(cell)).split())
    return "" if placeholders.is_spreadsheet_error(heading) else heading


def _load(record: ImportRecord, file: IO[bytes]) -> None:
    if record.source_url:
        download.download(record.site_id, record.source_url, file, import_objects.MAX_UPLOAD_BYTES)
        return
    key = import_objects.upload_key(record.site_id, record.id)
    if (s3.files().head(key) or {})["ContentLength"] > import_objects.MAX_UPLOAD_BYTES:
        raise ValueError(f"has more than {import_objects.MAX_UPLOAD_BYTES // 1_000_000} MB; import it in parts")
    s3.files().download(key, file)


def _write_chunks(
    record: ImportRecord, header: Sequence[str], numbered_rows: Iterable[tuple[int, Sequence[str]]]
) -> tuple[int, int]:
    """Write the chunks; return the number of rows and the number of chunks."""
    rows = _data_rows(header, numbered_rows)
    total = chunks = 0
    while chunk := list(_chunk(rows)):
        s3.files().put_lines(import_objects.chunk_key(record.site_id, record.id, chunks), [header, *chunk])
        total += len(chunk)
        chunks += 1
    return total, chunks


def _chunk(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one chunk."""
    characters = 0
    for row in islice(rows, _ROWS_PER_CHUNK):
        yield row
        characters += sum(map(len, row["values"].values()))
        if characters > _CHARACTERS_PER_CHUNK:
            return


def _data_rows(header: Sequence[str], numbered_rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[dict[str, Any]]:
    """Yield the rows that are not blank, each with its number in the file and its cells by heading."""
    for number, row in numbered_rows:
        if values := _by_heading(header, row):
            yield {"row": number, "values": values}


def _by_heading(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """Return the cells that are not blank. The empty heading stands for missing ones; the second pass reports their cells.

    A row of nothing but spreadsheet errors is blank: formulas are often copied below the last contact.
    """
    cells_with_text = [
        (heading, cell) for heading, cell in zip_longest(header, row, fillvalue="") if text.normalise(cells.plain_text(cell))
    ]
    if all(placeholders.is_spreadsheet_error(cell) for _, cell in cells_with_text):
        return {}
    by_heading = {heading: cell for heading, cell in cells_with_text if heading}
    surplus = [cell for heading, cell in cells_with_text if not heading and not placeholders.is_spreadsheet_error(cell)]
    if surplus:
        by_heading[""] = "; ".join(surplus)
    return by_heading
