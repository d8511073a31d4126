"""The ledger of a campaign record: one byte for each contact of its frozen audience, with what became of that contact.

* A *place* is the index of a contact in the audience, which is an ordered list and never changes.
* A *cell* is the byte of one place: unreleased, one of the six message statuses, or the reason for a skip.
* A *page* is the cells of 800 consecutive places, stored as one item.

This layout has four consequences:

* Every contact has exactly one place, so the counts always add up to the audience.
* A cell only moves forward, so a change counts once, however often and in whatever order it is reported.
* A page is one write unit, however many of its messages changed.
* The list of skipped contacts needs no separate storage.

A page also counts the codes of its failed messages. The count changes in the same write as the cell, so it is as exact.

The stream of message rows updates the cells; the sweep can rebuild a page from its rows. A page that is not stored has only
unreleased places.

=================================  ==============  ======================================
pk                                 sk              item in the campaigns table
=================================  ==============  ======================================
``SITE#<site>#LEDGER#<record>``    ``<page>``      ``cells``, ``version``, ``failures``, ``first_slot``
=================================  ==============  ======================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from outreach import dynamo
from outreach.dynamo import Update
from outreach.messages import failed_reasons
from outreach.messages.models import Message
from outreach.messages.status import MessageStatus, SkipReason
from outreach.settings import settings

PAGE_SIZE = 800
# Each shard of the stream writes by itself. With 400 shards, up to 20 attempts were needed in a simulation.
_ATTEMPTS = 40


class Cell(IntEnum):
    """What became of a contact of the audience."""

    UNRELEASED = 0
    QUEUED = 1
    SENDING = 2
    SENT = 3
    DELIVERED = 4
    UNDELIVERED = 5
    FAILED = 6
    NO_RECIPIENT = 7
    INVALID_RECIPIENT = 8
    OPTED_OUT = 9
    CANCELLED = 10
    FREQUENCY_CAP = 11
    BLANK_MESSAGE = 12
    MESSAGE_TOO_LONG = 13

    @classmethod
    def of(cls, message: Message) -> Cell:
        """Return the cell for a message."""
        return cls[(message.skip_reason or message.status).name]

    @classmethod
    def of_skip(cls, reason: SkipReason) -> Cell:
        """Return the cell for a contact that gets no message."""
        return cls[reason.name]

    @property
    def rank(self) -> int:
        """The progress that the cell represents. Only a higher rank overwrites a cell; all final cells have the same rank."""
        return min(self.value, Cell.DELIVERED)


_WAITING_BYTES = bytes((Cell.QUEUED, Cell.SENDING))
_OPEN_BYTES = bytes((Cell.UNRELEASED, *_WAITING_BYTES))
_FAILURES = frozenset({Cell.UNDELIVERED, Cell.FAILED})
_NO_CODES: Mapping[int, str] = {}
_SKIPS = {Cell.of_skip(reason): reason for reason in SkipReason}


@dataclass(frozen=True)
class LedgerPage:
    """A stored page, whose first place is ``number * PAGE_SIZE``.

    Attributes:
        version: the number of its changes.
        failures: how many of its ``failed`` and ``undelivered`` messages have each code
            (:mod:`outreach.messages.failed_reasons`).
        first_slot: the Unix time of the slot of its first message; ``None`` if it has none, or an earlier version stored it.
    """

    record_id: str
    number: int
    cells: bytes
    version: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    first_slot: int | None = None

    @property
    def has_open_cells(self) -> bool:
        """Whether a message to one of the contacts may still be sent."""
        return any(cell in _OPEN_BYTES for cell in self.cells)

    @property
    def has_waiting_messages(self) -> bool:
        """Whether a message that was released is queued or being sent."""
        return any(cell in _WAITING_BYTES for cell in self.cells)

    def places(self, *cells: Cell) -> list[int]:
        """Return the places that have one of ``cells``, in order."""
        values = set(cells)
        return [self.number * PAGE_SIZE + index for index, cell in enumerate(self.cells) if cell in values]


def page_of(place: int) -> int:
    """Return the number of the page that contains a place."""
    return place // PAGE_SIZE


def page_length(audience: int, number: int) -> int:
    """Return how many places a page of an audience has."""
    return min(PAGE_SIZE, audience - number * PAGE_SIZE)


def cell_at(place: int, cells: bytes) -> int:
    """Return the cell of a place, given the cells of its page."""
    return cells[place % PAGE_SIZE]


def read_page(site_id: str, record_id: str, number: int) -> LedgerPage | None:
    """Return a page (strongly consistent read); ``None`` if it is not stored."""
    item = dynamo.get(settings().campaigns_table, _key(site_id, record_id, number), consistent=True)
    return _from_item(record_id, item) if item else None


def read_pages(site_id: str, record_id: str, *, consistent: bool = True) -> Iterator[LedgerPage]:
    """Yield the stored pages of a record, in order. A read that is not consistent costs half, and may lack the last changes."""
    items = dynamo.query(
        settings().campaigns_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _pk(site_id, record_id)},
        ConsistentRead=consistent,
    )
    return (_from_item(record_id, item) for item in items)


def cells(site_id: str, record_id: str, number: int, audience: int) -> bytes:
    """Return the cells of a page, stored or not."""
    page = read_page(site_id, record_id, number)
    return page.cells if page else bytes(page_length(audience, number))


def record_decisions(
    site_id: str,
    record_id: str,
    number: int,
    audience: int,
    changes: Mapping[int, Cell],
    codes: Mapping[int, str] = _NO_CODES,
    *,
    first_slot: float | None = None,
) -> bytes:
    """Enter decisions about places of one page, and store the page if it does not exist.

    A decision is final: it does not replace a stored cell of the same or a higher rank.

    Args:
        changes: the new cell of each place.
        codes: why a message failed, for each place with such a cell.
        first_slot: the earliest slot (Unix time) of the messages among them, if there are any.

    Returns:
        The page's cells after the change.
    """
    slot = None if first_slot is None else int(first_slot)
    empty = LedgerPage(record_id, number, bytes(page_length(audience, number)), first_slot=slot)
    page = _changed(empty, *_by_index(changes, codes))
    item = {**_key(site_id, record_id, number), "cells": page.cells, "version": 1, "failures": page.failures or None}
    item["first_slot"] = slot
    if dynamo.put_new(settings().campaigns_table, item):
        return page.cells
    apply(site_id, record_id, changes, codes, first_slot=slot)
    return cells(site_id, record_id, number, audience)


def apply(
    site_id: str,
    record_id: str,
    changes: Mapping[int, Cell],
    codes: Mapping[int, str] = _NO_CODES,
    *,
    first_slot: int | None = None,
) -> list[LedgerPage]:
    """Move cells forward. Repeated or outdated changes have no effect.

    Args:
        changes: the new cell of each place.
        codes: why a message failed, for each place with such a cell.
        first_slot: the slot of the first message of a page, which is kept if it has one.

    Returns:
        The pages that changed, after the change.

    Raises:
        RuntimeError: concurrent writes kept conflicting, or a page is not stored.
    """
    by_page: dict[int, dict[int, Cell]] = {}
    for place, cell in changes.items():
        by_page.setdefault(page_of(place), {})[place] = cell
    pages = (_apply_to_page(site_id, record_id, number, part, codes, first_slot) for number, part in by_page.items())
    return [page for page in pages if page]


def apply_messages(site_id: str, record_id: str, messages: Mapping[int, Message]) -> list[LedgerPage]:
    """Move the cells of messages forward, as :func:`apply` does.

    Args:
        messages: the message of each place.
    """
    return apply(site_id, record_id, {place: Cell.of(message) for place, message in messages.items()}, failure_codes(messages))


def failure_codes(messages: Mapping[int, Message]) -> dict[int, str]:
    """Return why messages failed: a code for each place whose message did."""
    return {
        place: failed_reasons.code_of(message.failed_reason)
        for place, message in messages.items()
        if Cell.of(message) in _FAILURES
    }


def _apply_to_page(
    site_id: str, record_id: str, number: int, changes: Mapping[int, Cell], codes: Mapping[int, str], first_slot: int | None
) -> LedgerPage | None:
    index_changes = _by_index(changes, codes)

    def attempt() -> LedgerPage | None:
        page = read_page(site_id, record_id, number)
        if page is None:
            raise RuntimeError(f"record {record_id} has messages of page {number}, which was never released")
        changed = _changed(page, *index_changes, first_slot)
        if changed.cells == page.cells:
            return None
        if not _replace(site_id, page, changed):
            raise dynamo.WriteConflict
        return changed

    return dynamo.retry_on_conflict(
        attempt, attempts=_ATTEMPTS, error=RuntimeError(f"page {number} of record {record_id} is contended")
    )


def _by_index(changes: Mapping[int, Cell], codes: Mapping[int, str]) -> tuple[dict[int, Cell], dict[int, str]]:
    """Return the changes of one page and the codes that belong to them, by index in the page."""
    return (
        {place % PAGE_SIZE: cell for place, cell in changes.items()},
        {place % PAGE_SIZE: codes[place] for place in changes if place in codes},
    )


def _changed(
    page: LedgerPage, changes: Mapping[int, Cell], codes: Mapping[int, str], first_slot: int | None = None
) -> LedgerPage:
    """Return the page after the changes. The code of a place counts if its cell changes to a failure."""
    cells, failures = _advance(page.cells, changes), Counter(page.failures)
    for index, code in codes.items():
        if cells[index] != page.cells[index] and cells[index] in _FAILURES:
            failures[code] += 1
    slot = first_slot if page.first_slot is None else page.first_slot
    return LedgerPage(page.record_id, page.number, cells, page.version + 1, dict(failures), slot)


def _advance(cells: bytes, changes: Mapping[int, Cell]) -> bytes:
    """Return the cells after the changes (by index in the page) that have a higher rank."""
    result = bytearray(cells)
    for index, cell in changes.items():
        if cell.rank > Cell(result[index]).rank:
            result[index] = cell
    return bytes(result)


def _replace(site_id: str, page: LedgerPage, changed: LedgerPage) -> bool:
    change = Update().set("cells", changed.cells).add("version")
    if changed.failures != page.failures:
        change.set("failures", changed.failures)
    if changed.first_slot != page.first_slot:
        change.set("first_slot", changed.first_slot)
    return dynamo.update_if(
        settings().campaigns_table,
        _key(site_id, page.record_id, page.number),
        change,
        {":version": page.version},
        condition="version = :version",
    )


@dataclass(frozen=True)
class Counts:
    """How many contacts of an audience have each status; ``queued`` includes unreleased places."""

    audience: int
    queued: int
    sending: int
    sent: int
    delivered: int
    undelivered: int
    failed: int
    skipped: int
    skipped_reasons: dict[str, int]


def count(audience: int, pages: Iterable[LedgerPage]) -> Counts:
    """Count the cells of a ledger. Places without a stored page count as queued."""
    cells: Counter[int] = Counter()
    for page in pages:
        cells.update(page.cells)
    unreleased = audience - cells.total() + cells[Cell.UNRELEASED]
    reasons = {reason.value: cells[cell] for cell, reason in _SKIPS.items() if cells[cell]}
    statuses = {status.value: cells[Cell[status.name]] for status in MessageStatus if status is not MessageStatus.SKIPPED}
    statuses["queued"] += unreleased
    return Counts(audience=audience, **statuses, skipped=sum(reasons.values()), skipped_reasons=reasons)


def count_failures(pages: Iterable[LedgerPage]) -> Counter[str]:
    """Count the ``failed`` and ``undelivered`` messages of a ledger by code."""
    failures: Counter[str] = Counter()
    for page in pages:
        failures.update(page.failures)
    return failures


def skips(page: LedgerPage) -> Iterator[tuple[int, SkipReason]]:
    """Yield the skipped places of a page and the reasons."""
    for place in page.places(*_SKIPS):
        yield place, _SKIPS[Cell(cell_at(place, page.cells))]


def _from_item(record_id: str, item: Mapping[str, Any]) -> LedgerPage:
    return LedgerPage(
        record_id, int(item["sk"]), item["cells"], item["version"], item.get("failures", {}), item.get("first_slot")
    )


def _pk(site_id: str, record_id: str) -> str:
    return f"SITE#{site_id}#LEDGER#{record_id}"


def _key(site_id: str, record_id: str, number: int) -> dict[str, str]:
    return {"pk": _pk(site_id, record_id), "sk": f"{number:06}"}
