"""The timeline of a campaign record: its counts, minute by minute.

=================================  ==============  ==========================================================
pk                                 sk              item in the campaigns table
=================================  ==============  ==========================================================
``SITE#<site>#TIMELINE#<record>``  ``<time>``      ``time``, ``is_running``; a sample also has ``counts``
=================================  ==============  ==========================================================

Before a change of the ledger, a sample is stored, unless the minute has one. Such a sample also describes the idle minutes before
it, so :func:`fill_gaps` can show those minutes although nothing is stored for them: a send that waits for hours costs nothing. An
entry without counts says that the record paused, resumed or was cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from outreach import clock, dynamo
from outreach.campaigns.ledger import Counts
from outreach.settings import settings
from outreach.tolerant_reader import known

_INTERVAL = timedelta(minutes=1)
_MINUTE = len("2022-05-23T03:00")


@dataclass(frozen=True)
class TimelineEntry:
    """A moment of a record.

    Attributes:
        time: as :mod:`outreach.clock` formats it.
        counts: the counts at that time; ``None`` when only the status changed.
        is_running: whether the record runs from that time on.
    """

    time: str
    counts: Counts | None
    is_running: bool


def has_sample(site_id: str, record_id: str, now: datetime) -> bool:
    """Return whether the minute of ``now`` has a sample."""
    return dynamo.get(settings().campaigns_table, _key(site_id, record_id, _minute(now))) is not None


def put_sample(site_id: str, record_id: str, now: datetime, counts: Counts, *, is_running: bool) -> None:
    """Store the sample of a minute. The first one stays."""
    entry = TimelineEntry(clock.timestamp(now), counts, is_running)
    dynamo.put_new(settings().campaigns_table, _to_item(site_id, record_id, _minute(now), entry))


def put(site_id: str, record_id: str, entry: TimelineEntry) -> None:
    """Store an entry under its own time: the start, a change of the status, or the end."""
    dynamo.put(settings().campaigns_table, _to_item(site_id, record_id, entry.time, entry))


def read(site_id: str, record_id: str) -> list[TimelineEntry]:
    """Return the entries of a record, oldest first (strongly consistent read)."""
    items = dynamo.query(
        settings().campaigns_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _pk(site_id, record_id)},
        ConsistentRead=True,
    )
    return sorted(map(_from_item, items), key=lambda entry: entry.time)


def append_current(entries: Sequence[TimelineEntry], current: TimelineEntry) -> list[TimelineEntry]:
    """Return the entries with the current counts at the end.

    Those of a running record are the counts of this moment. If it does not run, only receipts change its counts: the last change
    was in the minute of the newest sample, because each minute with a change has one.

    Args:
        current: the entry for the present.
    """
    newest = next((entry for entry in reversed(entries) if entry.counts), None)
    if current.is_running or newest is None:
        return [*entries, current]
    if newest.counts == current.counts:
        return list(entries)
    time = max(entries[-1].time, min(current.time, _end_of_minute(newest.time)))
    return [*entries, replace(current, time=time)]


def fill_gaps(entries: Sequence[TimelineEntry]) -> Iterator[tuple[str, Counts]]:
    """Yield time and counts at every sample, and at every minute of running between them.

    Args:
        entries: oldest first; those after the last one with counts are not shown.
    """
    next_counts: list[Counts | None] = []  # of each entry: its counts, or else those of the first later entry that has any
    for entry in reversed(entries):
        next_counts.append(entry.counts or (next_counts[-1] if next_counts else None))
    next_counts.reverse()
    for (entry, later), counts in zip(pairwise(entries), next_counts[1:], strict=True):
        if entry.counts:
            yield entry.time, entry.counts
        if entry.is_running and counts:
            yield from ((time, counts) for time in _minutes_between(entry.time, later.time))
    if entries and (last := entries[-1].counts):
        yield entries[-1].time, last


def _end_of_minute(time: str) -> str:
    return clock.timestamp(clock.from_timestamp(f"{time[:_MINUTE]}:00.000Z") + _INTERVAL)


def _minutes_between(start: str, end: str) -> Iterator[str]:
    moment = clock.from_timestamp(start) + _INTERVAL
    while (time := clock.timestamp(moment)) < end:
        yield time
        moment += _INTERVAL


def _minute(now: datetime) -> str:
    return clock.timestamp(now)[:_MINUTE]


def _to_item(site_id: str, record_id: str, name: str, entry: TimelineEntry) -> dict[str, Any]:
    counts = vars(entry.counts) if entry.counts else None
    return {**_key(site_id, record_id, name), "time": entry.time, "counts": counts, "is_running": entry.is_running}


def _from_item(item: dict[str, Any]) -> TimelineEntry:
    counts = item.get("counts")
    return TimelineEntry(item["time"], Counts(**known(Counts, counts)) if counts else None, item["is_running"])


def _pk(site_id: str, record_id: str) -> str:
    return f"SITE#{site_id}#TIMELINE#{record_id}"


def _key(site_id: str, record_id: str, name: str) -> dict[str, str]:
    return {"pk": _pk(site_id, record_id), "sk": name}
