"""Opt-outs of a site's phone numbers, in the contacts table.

================================  ===========  ==============================================================================
pk                                sk           item
================================  ===========  ==============================================================================
``SITE#<site>#OPTOUTS#<shard>``   ``<number>`` whether the number is opted out, since when, and the times of its newest events
``SITE#<site>#OPTOUT#<number>``   ``<change>`` a change of the number: its time, source and reason; written with the former
================================  ===========  ==============================================================================

The item of a number that has opted in again stays, because events may arrive late and out of order: an older event never
overrides a newer one. An event that changes nothing only moves the time of the newest event, and adds no change. The shards
keep a site's opt-outs apart from each other, so that all of them can be read at once, and written faster than one partition
allows.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from outreach import clock, dynamo, phone_numbers
from outreach.errors import Conflict
from outreach.settings import settings
from outreach.tolerant_reader import known

# Stored numbers stay in their shard, so this never changes.
_SHARDS = 16
# Each takes two actions of a transaction, which has at most 100.
_NUMBERS_PER_TRANSACTION = 50
_THREADS = 8
_MAX_TIME = "9999-12-31T23:59:59.999Z"


class Source(StrEnum):
    """How an opt-out or opt-in became known."""

    KEYWORD = "keyword"
    CARRIER = "carrier"
    API = "api"
    IMPORT = "import"
    OPERATOR = "operator"


@dataclass(frozen=True)
class OptOut:
    """What is stored of a number.

    Attributes:
        is_opted_out: whether the number must not be texted.
        since: the time since when that is so, as :mod:`outreach.clock` formats it.
        changes: how often ``is_opted_out`` has changed; 0 for a number that only ever opted in.
        last_opt_out: the time of the newest opt-out, which may have changed nothing; ``last_opt_in`` likewise.
    """

    number: str
    is_opted_out: bool
    since: str
    source: Source
    changes: int = 0
    last_opt_out: str = ""
    last_opt_in: str = ""

    @property
    def time(self) -> str:
        """The time of the newest event."""
        return max(self.last_opt_out, self.last_opt_in)


@dataclass(frozen=True)
class OptOutChange:
    """A change of a number from opted in to opted out, or back."""

    time: str
    is_opted_out: bool
    source: Source
    reason: str | None = None


def opted_out_among(site_id: str, numbers: Iterable[str], *, consistent: bool = True) -> set[str]:
    """Return the numbers, as they are given, that have opted out and must not receive messages.

    Args:
        numbers: in E.164; those that are not valid may have separators, as contacts keep them.
        consistent: ``False`` costs half as much but may miss the most recent changes.
    """
    listed = {number: key_of(number) for number in numbers}
    stored = _get_many(site_id, listed.values(), consistent=consistent)
    return {number for number, key in listed.items() if key in stored and stored[key].is_opted_out}


def key_of(number: str) -> str:
    """Return the key of a number in the list of opt-outs: E.164 without separators, if the number has its country code."""
    is_plain = number.startswith("+") and number[1:].isdecimal()  # nearly all are, and reading them takes time
    return number if is_plain else phone_numbers.read_e164(number) or number


def add(site_id: str, number: str, source: Source, *, time: str | None = None, reason: str | None = None) -> None:
    """Record that a number has opted out, unless a later event is recorded already.

    Args:
        time: when the event happened, as :mod:`outreach.clock` formats it; if omitted it happens now, after all recorded ones.
        reason: what the history says about it.

    Raises:
        Conflict: others keep changing the opt-out of this number.
    """
    _record(site_id, number, OptOutChange(time or "", is_opted_out=True, source=source, reason=reason))


def remove(site_id: str, number: str, source: Source, *, time: str | None = None, reason: str | None = None) -> None:
    """Record that a number has opted in again; see :func:`add`."""
    _record(site_id, number, OptOutChange(time or "", is_opted_out=False, source=source, reason=reason))


def add_many(site_id: str, numbers: Iterable[str], source: Source, *, reason: str | None = None) -> int:
    """Record that numbers have opted out now; return how many of them were not opted out before.

    Raises:
        Conflict: others keep changing the opt-out of one of these numbers. A repeated call records the rest.
    """
    change = OptOutChange("", is_opted_out=True, source=source, reason=reason)
    batches = dynamo.chunks(list(dict.fromkeys(numbers)), _NUMBERS_PER_TRANSACTION)
    with ThreadPoolExecutor(_THREADS) as pool:
        return sum(pool.map(lambda batch: _record_batch(site_id, batch, change), batches))


def find(site_id: str, number: str) -> OptOut | None:
    """Return what is stored of a number; ``None`` for one that never opted out. Reads consistently."""
    entry = _get_many(site_id, [number]).get(number)
    return entry if entry and entry.changes else None


def history(site_id: str, number: str) -> list[OptOutChange]:
    """Return all changes of a number, the oldest first."""
    items = _history_items(site_id, number)
    return [OptOutChange(item["time"], item["is_opted_out"], Source(item["source"]), item.get("reason")) for item in items]


def _history_items(site_id: str, number: str) -> Iterator[dict[str, Any]]:
    return dynamo.query(
        settings().contacts_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _history_pk(site_id, number)},
        ConsistentRead=True,
    )


def list_opt_outs(site_id: str) -> Iterator[OptOut]:
    """Yield the opted-out numbers of a site, without the times of their events. Half a read unit reads about 27 of them."""
    with ThreadPoolExecutor(_SHARDS) as pool:
        for entries in pool.map(lambda shard: list(_shard(site_id, shard)), range(_SHARDS)):
            yield from entries


def erase(site_id: str, number: str) -> bool:
    """Delete what is stored of a number, the opt-out included; return whether there was anything."""
    for key in _history_keys(site_id, number):
        dynamo.delete(settings().contacts_table, key)
    return dynamo.delete(settings().contacts_table, _key(site_id, number))


def erase_reasons(site_id: str, number: str) -> None:
    """Delete the reasons from a number's history, because people write names into them."""
    for key in _history_keys(site_id, number):
        dynamo.update_if(settings().contacts_table, key, "REMOVE reason", condition="attribute_exists(reason)")


def _history_keys(site_id: str, number: str) -> list[dict[str, str]]:
    return [{"pk": item["pk"], "sk": item["sk"]} for item in _history_items(site_id, number)]


def _record(site_id: str, number: str, change: OptOutChange) -> None:
    def attempt() -> None:
        stored = _get_many(site_id, [number]).get(number)
        new = _applied(number, stored, change)
        if new is None:
            return
        try:
            dynamo.transact(_actions(site_id, stored, new, change))
        except dynamo.TransactionRefused as error:
            raise dynamo.WriteConflict from error

    dynamo.retry_on_conflict(attempt, error=Conflict("Other requests keep changing the opt-out of this number; try again later."))


def _record_batch(site_id: str, numbers: Sequence[str], change: OptOutChange) -> int:
    """Record one change of several numbers in one transaction; one by one if another writer interferes."""
    stored = _get_many(site_id, numbers)
    changes = ((stored.get(number), _applied(number, stored.get(number), change)) for number in numbers)
    actions = [action for before, after in changes if after for action in _actions(site_id, before, after, change)]
    try:
        if actions:
            dynamo.transact(actions)
    except dynamo.TransactionRefused:
        for number in numbers:
            _record(site_id, number, change)
    return sum(not (number in stored and stored[number].is_opted_out) for number in numbers)


def _applied(number: str, stored: OptOut | None, change: OptOutChange) -> OptOut | None:
    """Return a number after an event; ``None`` for an event that is older than the stored ones, or a repeat.

    Of two events at the same time, the one that arrives last counts. Repeats are recognised by the newest time of
    their kind.
    """
    before = stored or OptOut(number, False, "", change.source)
    time = change.time or _now_after(stored)
    if change.is_opted_out:
        last_of_kind, last_of_other, after = before.last_opt_out, before.last_opt_in, replace(before, last_opt_out=time)
    else:
        last_of_kind, last_of_other, after = before.last_opt_in, before.last_opt_out, replace(before, last_opt_in=time)
    if time <= last_of_kind or time < last_of_other:
        return None
    if change.is_opted_out == before.is_opted_out:
        return after
    changes = before.changes + 1
    return replace(after, is_opted_out=change.is_opted_out, since=time, source=change.source, changes=changes)


def _now_after(stored: OptOut | None) -> str:
    """Return the current time, or the moment after the newest event, whose clock may be ahead of this one."""
    now = clock.timestamp(clock.now())
    if stored is None or now > stored.time or stored.time >= _MAX_TIME:
        return now
    return clock.timestamp(clock.from_timestamp(stored.time) + timedelta(milliseconds=1))


def _actions(site_id: str, stored: OptOut | None, new: OptOut, change: OptOutChange) -> list[dict[str, Any]]:
    """Return the write of a number's item, if no event came since it was read, and the write of its change, if it is one."""
    item = {**_key(site_id, new.number), **{name: value for name, value in vars(new).items() if name != "number"}}
    put: dict[str, Any] = {"TableName": settings().contacts_table, "Item": dynamo.to_item(item)}
    if stored is None:
        put["ConditionExpression"] = "attribute_not_exists(pk)"
    else:
        put |= {
            "ConditionExpression": "last_opt_out = :last_opt_out AND last_opt_in = :last_opt_in",
            "ExpressionAttributeValues": dynamo.to_item(
                {":last_opt_out": stored.last_opt_out, ":last_opt_in": stored.last_opt_in}
            ),
        }
    if new.changes == (stored.changes if stored else 0):
        return [{"Put": put}]
    values = vars(change) | {"time": new.since}
    entry = {"pk": _history_pk(site_id, new.number), "sk": _change_sk(new.changes), **values}
    return [{"Put": put}, {"Put": {"TableName": settings().contacts_table, "Item": dynamo.to_item(entry)}}]


def _get_many(site_id: str, numbers: Iterable[str], *, consistent: bool = True) -> dict[str, OptOut]:
    keys = [_key(site_id, number) for number in set(numbers)]
    items = dynamo.batch_get(settings().contacts_table, keys, consistent=consistent)
    return {item["sk"]: from_item(item) for item in items}


def _shard(site_id: str, shard: int) -> Iterator[OptOut]:
    pages = dynamo.query_raw(
        settings().contacts_table,
        KeyConditionExpression="pk = :pk",
        FilterExpression="is_opted_out = :yes",
        ExpressionAttributeValues={":pk": _shard_pk(site_id, shard), ":yes": True},
        ProjectionExpression="sk, since, #source",
        ExpressionAttributeNames={"#source": "source"},
    )
    for page in pages:
        for item in page:
            yield OptOut(item["sk"]["S"], True, item["since"]["S"], Source(item["source"]["S"]))


def from_item(item: Mapping[str, Any]) -> OptOut:
    """Read the stored form of a number's state."""
    return OptOut(**known(OptOut, item) | {"number": item["sk"], "source": Source(item["source"])})


def _key(site_id: str, number: str) -> dict[str, str]:
    return {"pk": _shard_pk(site_id, zlib.crc32(number.encode()) % _SHARDS), "sk": number}


def _shard_pk(site_id: str, shard: int) -> str:
    return f"SITE#{site_id}#OPTOUTS#{shard:02}"


def _history_pk(site_id: str, number: str) -> str:
    return f"SITE#{site_id}#OPTOUT#{number}"


def _change_sk(change: int) -> str:
    return f"{change:06}"
