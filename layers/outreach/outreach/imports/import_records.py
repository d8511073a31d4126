"""Import records: the request, progress and result of each import.

=========================  ========  ============================================================
pk (contacts table)        sk        item
=========================  ========  ============================================================
``SITE#<site>#IMPORTS``    ``<id>``  an import: its options, number of chunks, and counts of rows
=========================  ========  ============================================================

``unfinished`` is set until the import is finished. It puts the item into the sparse index that the sweep reads.

The status changes ``pending`` → ``running`` → ``completed``, or to ``failed`` when the file cannot be read. An undo changes it to
``running`` again, and then to ``undone``. Each change is conditional on the state before, so a step that runs twice counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson

from outreach import clock, dynamo
from outreach.errors import NotFound
from outreach.http.job_status import JobStatus
from outreach.http.polling import wait_for
from outreach.imports.import_options import DuplicateOption, ImportOptions, UnknownColumns
from outreach.phone_numbers import NumberFormat
from outreach.settings import settings
from outreach.tolerant_reader import known

_FINAL = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.UNDONE)
# The files bucket keeps an import's objects for this time, and a little longer.
RETENTION = timedelta(days=30)
# The value of the sparse index's key.
_UNFINISHED = "yes"


class RowOutcome(StrEnum):
    """The result of importing a row."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    FAILED = "failed"


class UndoOutcome(StrEnum):
    """What the undo of an import did to a contact."""

    DELETED = "deleted"
    RESTORED = "restored"
    KEPT = "kept"


@dataclass(frozen=True)
class ImportRecord:
    """One import.

    Attributes:
        create_time: ``YYYY-MM-DDTHH:MM:SS.mmmZ``.
        source_url: the URL that the file is downloaded from; empty for an uploaded file.
        file_name: what the client calls the file; empty if it did not say.
        options: what the client asks for.
        total_rows: the number of data rows; ``None`` until the file has been read.
        chunks: the number of chunks.
        next_chunk: the first chunk that has not been imported.
        created: the number of rows that created a contact; ``updated``, ``skipped`` and ``failed`` likewise.
        chunks_with_failures: the chunks that have failed rows.
        chunks_with_warnings: the chunks that have warnings.
        file_warnings: the number of warnings about the file as it was read.
        row_warnings: the number of warnings about rows as they were imported.
        columns: the field that each column of the file holds, ``None`` for an ignored one, by heading.
        suggested_columns: what ``columns`` could be if the file has unknown columns.
        encoding: the encoding with which the file was read; empty for a workbook.
        delimiter: the delimiter of a CSV file; empty for a workbook.
        number_columns: the headings of text columns that contain numbers which could be texted.
        has_sms: whether a row had an SMS identity.
        errors: why the whole import failed.
        restarts: how many executions replaced a failed one.
        end_time: when the import was completed, failed or undone; empty before.
        undo_time: when the undo of the import was requested; empty otherwise.
        next_undo: the first chunk that has not been undone.
        deleted: the number of contacts that the undo has deleted; ``restored`` and ``kept`` likewise.
    """

    id: str
    site_id: str
    create_time: str
    source_url: str = ""
    file_name: str = ""
    options: ImportOptions = field(default_factory=ImportOptions)
    status: JobStatus = JobStatus.PENDING
    total_rows: int | None = None
    chunks: int = 0
    next_chunk: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    chunks_with_failures: tuple[int, ...] = ()
    chunks_with_warnings: tuple[int, ...] = ()
    file_warnings: int = 0
    row_warnings: int = 0
    columns: Mapping[str, str | None] = field(default_factory=dict)
    suggested_columns: Mapping[str, str | None] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    number_columns: tuple[str, ...] = ()
    has_sms: bool = False
    errors: tuple[str, ...] = ()
    restarts: int = 0
    end_time: str = ""
    undo_time: str = ""
    next_undo: int = 0
    deleted: int = 0
    restored: int = 0
    kept: int = 0

    @property
    def processed_rows(self) -> int:
        return self.created + self.updated + self.skipped + self.failed

    @property
    def is_finished(self) -> bool:
        return self.status in _FINAL

    @property
    def is_being_undone(self) -> bool:
        return self.status is JobStatus.RUNNING and bool(self.undo_time)

    @property
    def is_undone(self) -> bool:
        return self.status is JobStatus.UNDONE

    @property
    def is_expired(self) -> bool:
        """Whether the objects of the import may be deleted: its rows, failed rows, warnings and before-images."""
        return clock.now() - clock.from_timestamp(self.create_time) > RETENTION


@dataclass(frozen=True)
class SplitFile:
    """The result of the first pass over an import's file; see :class:`ImportRecord`."""

    total_rows: int
    chunks: int
    columns: Mapping[str, str | None]
    encoding: str = ""
    delimiter: str = ""
    file_warnings: int = 0


@dataclass(frozen=True)
class ChunkResult:
    """The result of importing the rows of a chunk.

    Attributes:
        warnings: the number of warnings.
        number_columns: see :class:`ImportRecord`, likewise ``has_sms``.
    """

    outcomes: Counter[RowOutcome]
    warnings: int = 0
    number_columns: Sequence[str] = ()
    has_sms: bool = False


def create(site_id: str, import_id: str, options: ImportOptions, *, source_url: str = "", file_name: str = "") -> ImportRecord:
    """Create a pending import; an existing one with this id is not changed."""
    record = ImportRecord(import_id, site_id, clock.timestamp(clock.now()), source_url, file_name, options)
    put(record)
    return record


def put(record: ImportRecord) -> None:
    """Store an import unless it exists."""
    unfinished = None if record.is_finished else _UNFINISHED
    dynamo.put_new(settings().contacts_table, _item(record) | _key(record.site_id, record.id) | {"unfinished": unfinished})


def get(site_id: str, import_id: str) -> ImportRecord:
    """Return the current state of an import.

    Raises:
        NotFound: the site has no such import.
    """
    item = dynamo.get(settings().contacts_table, _key(site_id, import_id), consistent=True)
    if item is None:
        raise NotFound("The site has no import with this id.")
    return from_item(item)


def list_imports(site_id: str) -> list[ImportRecord]:
    """Return all imports of a site except dry runs, the newest first."""
    return [record for record in list_with_dry_runs(site_id) if not record.options.is_dry_run]


def list_with_dry_runs(site_id: str) -> list[ImportRecord]:
    """Return all imports and dry runs of a site, the newest first."""
    items = dynamo.query(
        settings().contacts_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _key(site_id, "")["pk"]},
    )
    return sorted(map(from_item, items), key=lambda record: (record.create_time, record.id), reverse=True)


def list_unfinished() -> Iterator[tuple[str, str]]:
    """Yield the site and id of every unfinished import, of all sites."""
    items = dynamo.query(
        settings().contacts_table,
        IndexName="unfinished",
        KeyConditionExpression="unfinished = :unfinished",
        ExpressionAttributeValues={":unfinished": _UNFINISHED},
    )
    for item in items:
        yield item["pk"].removeprefix("SITE#").removesuffix("#IMPORTS"), item["sk"]


def wait_until_finished(site_id: str, import_id: str, seconds: float) -> ImportRecord:
    """Wait until an import is finished, or the time is over; return its state."""
    return wait_for(lambda: get(site_id, import_id), lambda record: record.is_finished, seconds)


def mark_split(record: ImportRecord, file: SplitFile) -> ImportRecord:
    """Record that all chunks are written. The import is running, or completed if the file has no data rows."""
    status = JobStatus.RUNNING if file.chunks else JobStatus.COMPLETED
    update = dynamo.Update()
    for name, value in vars(file).items():
        update.set(name, _stored(value))
    return _change_status(record, status, update)


def mark_failed(
    record: ImportRecord, errors: Sequence[str], suggested_columns: Mapping[str, str | None] | None = None
) -> ImportRecord:
    """Record that the import failed as a whole: its file cannot be read, or it did not finish in time."""
    update = dynamo.Update().set("errors", list(errors)).set("suggested_columns", _stored(suggested_columns or {}))
    return _change_status(record, JobStatus.FAILED, update)


def complete_chunk(record: ImportRecord, result: ChunkResult) -> ImportRecord:
    """Count the rows of the record's next chunk; a repeated call for the same chunk changes nothing."""
    chunk = record.next_chunk
    update = dynamo.Update().set("next_chunk", chunk + 1).add("row_warnings", result.warnings, start=0)
    for outcome in RowOutcome:
        update.add(outcome, result.outcomes[outcome])
    if result.outcomes[RowOutcome.FAILED]:
        update.set("chunks_with_failures", [*record.chunks_with_failures, chunk])
    if result.warnings:
        update.set("chunks_with_warnings", [*record.chunks_with_warnings, chunk])
    if result.has_sms:
        update.set("has_sms", value=True)
    if new_columns := set(result.number_columns) - set(record.number_columns):
        update.set("number_columns", [*record.number_columns, *sorted(new_columns)])
    status = JobStatus.COMPLETED if chunk + 1 == record.chunks else JobStatus.RUNNING
    return _change_status(record, status, update)


def rename_file(record: ImportRecord, file_name: str) -> None:
    """Change what the file of an import is called."""
    update = dynamo.Update().set("file_name", file_name)
    dynamo.update(settings().contacts_table, _key(record.site_id, record.id), update, condition="attribute_exists(pk)")


def request_undo(record: ImportRecord) -> ImportRecord:
    """Begin to undo a finished import."""
    update = dynamo.Update().set("undo_time", clock.timestamp(clock.now())).set("unfinished", _UNFINISHED)
    if record.undo_time:  # an undo that was given up continues, under a new name of its execution
        update.set("restarts", record.restarts + 1).set("errors", [])
    else:
        update.set("restarts", 0)
        for name in ("next_undo", *UndoOutcome):
            update.set(name, 0)
    return _change_status(record, JobStatus.RUNNING, update)


def complete_undo(record: ImportRecord, outcomes: Counter[UndoOutcome]) -> ImportRecord:
    """Count the contacts of the chunk that was undone; a repeated call for the same chunk changes nothing."""
    update = dynamo.Update().set("next_undo", record.next_undo + 1)
    for outcome in UndoOutcome:
        update.add(outcome, outcomes[outcome])
    is_last = record.next_undo + 1 >= min(record.next_chunk + 1, record.chunks)
    return _change_status(record, JobStatus.UNDONE if is_last else JobStatus.RUNNING, update)


def count_restart(record: ImportRecord) -> ImportRecord | None:
    """Count a restart before it happens; the number becomes part of the execution's name.

    Returns:
        ``None`` if another process restarts the import.
    """
    key, restarts = _key(record.site_id, record.id), record.restarts + 1
    restart = dynamo.Update().set("restarts", restarts)
    is_counted = dynamo.update_if(settings().contacts_table, key, restart, {":old": record.restarts}, condition="restarts = :old")
    return replace(record, restarts=restarts) if is_counted else None


def _change_status(record: ImportRecord, status: JobStatus, update: dynamo.Update) -> ImportRecord:
    """Update a record if it is still in the state in which it was read; otherwise return the state that another process wrote."""
    update.set("status", status)
    if status in _FINAL:
        update.set("end_time", clock.timestamp(clock.now())).remove("unfinished")
    try:
        item = dynamo.update(
            settings().contacts_table,
            _key(record.site_id, record.id),
            update,
            {":status": record.status, ":chunk": record.next_chunk, ":undo": record.next_undo},
            condition="#status = :status AND next_chunk = :chunk AND (attribute_not_exists(next_undo) OR next_undo = :undo)",
        )
    except dynamo.ConditionFailed as refusal:
        item = refusal.item
    return from_item(item)


def _item(record: ImportRecord) -> dict[str, Any]:
    return {entry.name: _stored(getattr(record, entry.name)) for entry in fields(record)}


def _stored(value: Any) -> Any:
    """Convert an attribute of a record. Objects become JSON text, because a map of DynamoDB forgets its order."""
    if isinstance(value, ImportOptions):
        return orjson.dumps(asdict(value)).decode()
    if isinstance(value, Mapping):
        return orjson.dumps(value).decode()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value


def from_item(item: Mapping[str, Any]) -> ImportRecord:
    """Return the import of an item."""
    typed = {
        "status": JobStatus(item["status"]),
        "options": _options(item),
        "chunks_with_failures": tuple(item["chunks_with_failures"]),
        "chunks_with_warnings": tuple(item.get("chunks_with_warnings", ())),
        "columns": orjson.loads(item.get("columns", "{}")),
        "suggested_columns": orjson.loads(item.get("suggested_columns", "{}")),
        "number_columns": tuple(item.get("number_columns", ())),
        "errors": tuple(item["errors"]),
    }
    return ImportRecord(**known(ImportRecord, item) | typed)


def _options(item: Mapping[str, Any]) -> ImportOptions:
    """Return the options of a record; an older one has only ``duplicates``."""
    if "options" not in item:
        return ImportOptions(DuplicateOption(item["duplicates"]))
    options = orjson.loads(item["options"])
    return ImportOptions(
        duplicates=DuplicateOption(options["duplicates"]),
        columns=options["columns"],
        unknown_columns=UnknownColumns(options["unknown_columns"]),
        phone_numbers=NumberFormat(options["phone_numbers"]) if options["phone_numbers"] else None,
        encodings=tuple(options["encodings"]),
        is_dry_run=options["is_dry_run"],
    )


def _key(site_id: str, import_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#IMPORTS", "sk": import_id}
