"""Imports and how far they are.

=========================  ========  =======================================================================
pk                         sk        item
=========================  ========  =======================================================================
``SITE#<site>#IMPORTS``    ``<id>``  an import: what is asked for, the number of its chunks, counts of what is done
=========================  ========  =======================================================================

``unfinished`` is there as long as the import isn't over, and puts it into the sparse index that the sweep reads.

Status moves ``pending`` → ``running`` → ``completed``, or to ``failed`` when the file can't be read. Each step is conditional on
the one before, so that whatever runs twice counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from outreach import clock, dynamo
from outreach.contacts.files.status import Status
from outreach.contacts.files.waiting import wait_for
from outreach.errors import NotFound
from outreach.settings import settings

_OVER = (Status.COMPLETED, Status.FAILED)
# The value of the sparse index's key.
_UNFINISHED = "yes"


class Duplicates(StrEnum):
    """What becomes of a contact that has an identity of a row already."""

    MERGE = "merge"
    REPLACE = "replace"
    SKIP = "skip"


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class ImportRecord:
    """One import.

    Attributes:
        create_time: ``YYYY-MM-DDTHH:MM:SS.mmmZ``.
        source_url: where the file is fetched from; empty for one that is uploaded.
        total_rows: data rows; ``None`` until the file was read.
        chunks: into how many pieces the rows were cut.
        next_chunk: the first that isn't done.
        chunks_with_failures: those that have failed rows.
        errors: why it failed.
        restarts: how many executions were started in place of one that broke.
    """

    id: str
    site_id: str
    duplicates: Duplicates
    create_time: str
    source_url: str = ""
    status: Status = Status.PENDING
    total_rows: int | None = None
    chunks: int = 0
    next_chunk: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    chunks_with_failures: tuple[int, ...] = ()
    errors: tuple[str, ...] = ()
    restarts: int = 0

    @property
    def processed_rows(self) -> int:
        return self.created + self.updated + self.skipped + self.failed

    @property
    def is_over(self) -> bool:
        return self.status in _OVER


def create(site_id: str, import_id: str, duplicates: Duplicates, source_url: str = "") -> ImportRecord:
    """A new import that waits for its file; created a second time, it stays as it stands."""
    record = ImportRecord(import_id, site_id, duplicates, clock.timestamp(clock.now()), source_url)
    put(record)
    return record


def put(record: ImportRecord) -> None:
    """Store an import that is new."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(record).items()}
    unfinished = None if record.is_over else _UNFINISHED
    dynamo.put_new(settings().contacts_table, values | _key(record.site_id, record.id) | {"unfinished": unfinished})


def get(site_id: str, import_id: str) -> ImportRecord:
    """An import as of now.

    Raises:
        NotFound: the site has no such import.
    """
    item = dynamo.get(settings().contacts_table, _key(site_id, import_id), consistent=True)
    if item is None:
        raise NotFound("There is no such import.")
    return _record(item)


def unfinished() -> Iterator[tuple[str, str]]:
    """Site and id of every site's imports that aren't over."""
    items = dynamo.query(
        settings().contacts_table,
        IndexName="unfinished",
        KeyConditionExpression="unfinished = :unfinished",
        ExpressionAttributeValues={":unfinished": _UNFINISHED},
    )
    for item in items:
        yield item["pk"].removeprefix("SITE#").removesuffix("#IMPORTS"), item["sk"]


def wait(site_id: str, import_id: str, seconds: float) -> ImportRecord:
    """The import when it is over, or as it is after so many seconds."""
    return wait_for(lambda: get(site_id, import_id), lambda record: record.is_over, seconds)


def run(record: ImportRecord, total_rows: int, chunks: int) -> ImportRecord:
    """The file was cut into chunks, which can be imported now."""
    status = Status.RUNNING if chunks else Status.COMPLETED
    return _step(
        record,
        "SET #status = :to, total_rows = :total, chunks = :chunks",
        {":to": status, ":total": total_rows, ":chunks": chunks},
    )


def fail(record: ImportRecord, errors: list[str]) -> ImportRecord:
    """The import can't be finished: the file can't be read, or all tries broke."""
    return _step(record, "SET #status = :to, errors = :errors", {":to": Status.FAILED, ":errors": errors})


def count_chunk(record: ImportRecord, outcomes: Counter[Outcome]) -> ImportRecord:
    """The record's next chunk is done; told a second time, nothing happens."""
    chunk, is_last = record.next_chunk, record.next_chunk + 1 == record.chunks
    values = {
        ":to": Status.COMPLETED if is_last else Status.RUNNING,
        ":next": chunk + 1,
        ":chunk": chunk,
        ":failures": [chunk] if outcomes[Outcome.FAILED] else [],
        **{f":{outcome}": outcomes[outcome] for outcome in Outcome},
    }
    counts = ", ".join(f"{outcome} :{outcome}" for outcome in Outcome)
    expression = (
        f"SET #status = :to, next_chunk = :next, chunks_with_failures = list_append(chunks_with_failures, :failures) ADD {counts}"
    )
    return _step(record, expression, values, "next_chunk = :chunk")


def count_restart(record: ImportRecord) -> ImportRecord:
    """Note that another execution is about to be started; its number names it.

    Raises:
        ConditionFailed: somebody else is about to do the same.
    """
    values = {":new": record.restarts + 1, ":old": record.restarts}
    key = _key(record.site_id, record.id)
    return _record(dynamo.update(settings().contacts_table, key, "SET restarts = :new", values, condition="restarts = :old"))


def _step(record: ImportRecord, expression: str, values: Mapping[str, Any], condition: str = "") -> ImportRecord:
    """Change a record that is still as it was read; when it isn't, somebody else has done the step: theirs is answered."""
    unchanged = " AND ".join(filter(None, ("#status = :from", condition)))
    forgotten = " REMOVE unfinished" if values[":to"] in _OVER else ""
    try:
        item = dynamo.update(
            settings().contacts_table,
            _key(record.site_id, record.id),
            expression + forgotten,
            {**values, ":from": record.status},
            condition=unchanged,
            names={"#status": "status"},
        )
    except dynamo.ConditionFailed as refusal:
        item = refusal.item
    return _record(item)


def _record(item: Mapping[str, Any]) -> ImportRecord:
    values = {name: value for name, value in item.items() if name not in ("pk", "sk", "unfinished")}
    typed = {
        "status": Status(values["status"]),
        "duplicates": Duplicates(values["duplicates"]),
        "chunks_with_failures": tuple(values["chunks_with_failures"]),
        "errors": tuple(values["errors"]),
    }
    return ImportRecord(**{**values, **typed})


def _key(site_id: str, import_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#IMPORTS", "sk": import_id}
