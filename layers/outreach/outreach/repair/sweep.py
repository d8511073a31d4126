"""The sweep: finds unfinished work in the tables and lets it continue after any failure.

Each kind of work has its own repair function. Repairs use the same functions as normal processing, and run side by side.

An index and the list of running executions show which campaign records are broken; the sweep repairs all of them. The others
seem healthy: they are being sent, or wait for slots or for the end of quiet hours, of a pause or of a backlog. The sweep checks
them in random order, until it has used its allowance of read units. So its work grows with the number of broken records, not of
running ones.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import NamedTuple

from outreach import clock
from outreach.callbacks import endpoint_backlog, retry_execution
from outreach.campaigns import schedules, send_execution, unfinished_work
from outreach.campaigns.unfinished_work import UnfinishedRecord
from outreach.imports import import_execution, import_records
from outreach.observability import count, logger
from outreach.repair import single_messages, stalled_messages, stalled_records

# Step Functions describes 10 to 15 executions a second.
_CONCURRENT_REPAIRS = 8
# How many read units one sweep spends on records that seem healthy.
_ALLOWANCE_UNITS = 1_300
_HasTime = Callable[[], bool]


class _Repair(NamedTuple):
    """One repair, and the ids by which the log names what could not be repaired."""

    run: Callable[[], object]
    ids: Mapping[str, str]


class _Outcome(Enum):
    DONE = auto()
    FAILED = auto()
    LEFT = auto()


@dataclass
class _Records:
    """What one sweep knows of campaign records.

    Attributes:
        running: the names of running executions. Without them, the executions of all records are asked about one by one.
        healthy: the records that seem healthy.
    """

    running: Container[str] = frozenset()
    healthy: list[UnfinishedRecord] = field(default_factory=list)


def repair_all(has_time: _HasTime = lambda: True) -> dict[str, int]:
    """Repair all unfinished work. A repair that fails does not prevent the others.

    Args:
        has_time: returns whether the sweep may begin another repair.

    Returns:
        The number of repairs ``attempted``, how many of them ``failed``, and how many were ``left`` to the next sweep
        because the time was over.
    """
    records = _Records()
    repairs: list[_Repair] = []
    outcomes: Counter[_Outcome] = Counter()
    for find in (_of_single_messages, _of_imports, _of_callbacks, partial(_of_campaigns, records, has_time)):
        outcome = _attempt(has_time, _Repair(partial(_extend, repairs, find), {}))
        if outcome is not _Outcome.DONE:  # to find work is no repair
            outcomes[outcome] += 1
    with ThreadPoolExecutor(_CONCURRENT_REPAIRS) as pool:
        outcomes.update(pool.map(partial(_attempt, has_time), repairs))
    outcomes.update(_check_healthy(records, has_time))
    failed, left = outcomes[_Outcome.FAILED], outcomes[_Outcome.LEFT]
    if left:
        logger().error("the sweep ran out of time", left=left)
    count("RepairsFailed", failed + left)
    return {"attempted": outcomes.total() - left, "failed": failed, "left": left}


def _attempt(has_time: _HasTime, repair: _Repair) -> _Outcome:
    if not has_time():
        return _Outcome.LEFT
    try:
        repair.run()
    except Exception:
        logger().exception("repair failed", extra=repair.ids)
        return _Outcome.FAILED
    return _Outcome.DONE


def _extend(repairs: list[_Repair], find: Callable[[], Iterable[_Repair]]) -> None:
    """Add the repairs that ``find`` yields. Those that it yields before an error are kept."""
    repairs.extend(find())


def _of_single_messages() -> Iterator[_Repair]:
    now = clock.now().timestamp()
    for rows in single_messages.without_outcome():
        ids = {"site_id": rows[0].site_id, "account_id": rows[0].account_id}
        yield _Repair(partial(stalled_messages.repair, rows, now), ids)


def _of_imports() -> Iterator[_Repair]:
    for site_id, import_id in import_records.list_unfinished():
        yield _Repair(partial(import_execution.repair, site_id, import_id), {"site_id": site_id, "import_id": import_id})


def _of_callbacks() -> Iterator[_Repair]:
    now = clock.now()
    for endpoint in endpoint_backlog.endpoints_with_backlog():
        yield _Repair(partial(retry_execution.repair, endpoint, now), {"site_id": endpoint.site_id, "endpoint_id": endpoint.id})


def _of_campaigns(records: _Records, has_time: _HasTime) -> Iterator[_Repair]:
    """Yield the repairs of overdue starts and of broken records; keep the records that seem healthy in ``records``.

    If the running executions cannot be listed, it raises the error after the last repair: each repair then asks about the
    execution of its record, and the sweep still reports the failure.
    """
    work = unfinished_work.read()
    for start in work.starts:
        if schedules.may_be_overdue(start.time):
            ids = {"site_id": start.site_id, "campaign_id": start.campaign_id}
            yield _Repair(partial(schedules.start_if_overdue, **ids), ids)
    listing_error: Exception | None = None
    if work.records:
        try:
            records.running = send_execution.names_of_running()
        except Exception as error:
            listing_error = error
    broken, records.healthy = stalled_records.split_by_health(work.records, records.running)
    # In random order, so that repairs that take all the time do not keep others from being done.
    for record in random.sample(broken, len(broken)):
        yield _Repair(partial(_repair_broken, record, records.running, has_time), _ids(record))
    if listing_error:
        raise listing_error


def _repair_broken(record: UnfinishedRecord, running: Container[str], has_time: _HasTime) -> None:
    """Repair a broken record, however many read units that takes, while there is time."""
    stalled_records.repair(record.site_id, record.id, running, may_read=lambda _units: has_time())


def _check_healthy(records: _Records, has_time: _HasTime) -> Iterator[_Outcome]:
    """Check records that seem healthy, in random order, and repair what is broken, until the allowance is used up."""
    allowance = _Allowance(_ALLOWANCE_UNITS)
    for record in random.sample(records.healthy, len(records.healthy)):
        if allowance.units <= 0 or not has_time():
            return
        yield _attempt(has_time, _Repair(partial(allowance.check, record, records.running), _ids(record)))


@dataclass
class _Allowance:
    """The read units that one sweep may still spend on records that seem healthy."""

    units: float

    def check(self, record: UnfinishedRecord, running: Container[str]) -> None:
        """Check a record and repair what is broken, as far as the allowance reaches."""
        self.units -= 1  # the record itself
        left = self.units
        self.units -= stalled_records.repair(record.site_id, record.id, running, may_read=lambda units: units < left)


def _ids(record: UnfinishedRecord) -> dict[str, str]:
    return {"site_id": record.site_id, "record_id": record.id}
