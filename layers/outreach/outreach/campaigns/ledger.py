"""The ledger of a campaign record: for each contact of its frozen audience, what has become of it. One byte each.

The audience is an ordered list of contacts that never changes; a contact's *place* is its index in it. The ledger is cut
into pages of 800 places, one item a page, one byte ("cell") a place: still to be released, one of the six statuses of its
message, or the reason why it was skipped. So

* every contact is in exactly one place, and the sum of the counts is the audience by construction;
* a change is counted once however often and in whatever order it is reported: a cell only moves forward;
* a whole page is one write unit, however many of its messages changed;
* the list of skipped contacts needs no storage of its own.

Cells follow the message rows (through their stream); the sweep can make any page anew from its rows.
A page that does not exist yet is one of which nothing has been released.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from outreach import dynamo
from outreach.messages.models import Message
from outreach.messages.status import SkipReason, Status
from outreach.settings import settings

PAGE_SIZE = 800

_MAX_RACES = 20


class Cell(IntEnum):
    """What has become of a contact of the audience."""

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

    @classmethod
    def of(cls, message: Message) -> Cell:
        """The cell that a message's row stands for."""
        return cls[(message.skip_reason or message.status).name]

    @classmethod
    def skipped(cls, reason: SkipReason) -> Cell:
        """The cell of a contact that gets no message."""
        return cls[reason.name]

    @property
    def rank(self) -> int:
        """How far along: a cell is only ever overwritten by a higher rank. Everything final ranks alike."""
        return min(self.value, Cell.DELIVERED)

    @property
    def is_open(self) -> bool:
        """Whether something will still be sent."""
        return self in _OPEN


_OPEN = frozenset({Cell.UNRELEASED, Cell.QUEUED, Cell.SENDING})
_OPEN_BYTES = bytes(_OPEN)
_SKIPS = {Cell.skipped(reason): reason for reason in SkipReason}


@dataclass(frozen=True)
class Page:
    """The cells of the places ``number * PAGE_SIZE`` and up; ``version`` is 0 for a page that is not stored yet."""

    record_id: str
    number: int
    cells: bytes
    version: int = 0

    @property
    def has_open_cells(self) -> bool:
        return any(cell in _OPEN_BYTES for cell in self.cells)

    def places(self, *wanted: Cell) -> list[int]:
        """The places whose cell is one of ``wanted``, in order."""
        values = set(wanted)
        return [self.number * PAGE_SIZE + index for index, cell in enumerate(self.cells) if cell in values]


def page_of(place: int) -> int:
    """The number of the page that has a place."""
    return place // PAGE_SIZE


def page_length(audience: int, number: int) -> int:
    """How many places a page of an audience has."""
    return min(PAGE_SIZE, audience - number * PAGE_SIZE)


def page_count(audience: int) -> int:
    """How many pages an audience has."""
    return -(-audience // PAGE_SIZE)


def read_page(site_id: str, record_id: str, number: int) -> Page | None:
    """A stored page (strongly consistent), or ``None``."""
    item = dynamo.get(settings().campaigns_table, _key(site_id, record_id, number), consistent=True)
    return Page(record_id, number, item["cells"], item["version"]) if item else None


def read_pages(site_id: str, record_id: str) -> Iterator[Page]:
    """The stored pages of a record, in order (strongly consistent)."""
    items = dynamo.query(
        settings().campaigns_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _pk(site_id, record_id)},
        ConsistentRead=True,
    )
    return (Page(record_id, int(item["sk"]), item["cells"], item["version"]) for item in items)


def cells(site_id: str, record_id: str, number: int, audience: int) -> bytes:
    """The cells of a page, stored or not."""
    page = read_page(site_id, record_id, number)
    return page.cells if page else bytes(page_length(audience, number))


def enter(site_id: str, record_id: str, number: int, audience: int, changes: Mapping[int, Cell]) -> bytes:
    """Enter what is decided about places of one page, which is stored if it isn't yet; returns the page's cells.

    What stands there already and is as far along stays: a decision is made once.
    """
    fresh = _advanced(bytes(page_length(audience, number)), {place % PAGE_SIZE: cell for place, cell in changes.items()})
    item = {**_key(site_id, record_id, number), "cells": fresh, "version": 1}
    if dynamo.put_new(settings().campaigns_table, item):
        return fresh
    apply(site_id, record_id, changes)
    return cells(site_id, record_id, number, audience)


def apply(site_id: str, record_id: str, changes: Mapping[int, Cell]) -> list[Page]:
    """Move cells forward.

    Args:
        changes: the new cell of each place; what is not ahead of the stored cell is ignored, so that a repetition or an
            older report changes nothing.

    Returns:
        The pages that changed, as they stand now.

    Raises:
        RuntimeError: other writers were faster every time.
    """
    by_page: dict[int, dict[int, Cell]] = {}
    for place, cell in changes.items():
        by_page.setdefault(page_of(place), {})[place % PAGE_SIZE] = cell
    pages = (_apply_to_page(site_id, record_id, number, cells) for number, cells in by_page.items())
    return [page for page in pages if page]


def _apply_to_page(site_id: str, record_id: str, number: int, changes: Mapping[int, Cell]) -> Page | None:
    for _ in range(_MAX_RACES):
        page = read_page(site_id, record_id, number)
        if page is None:
            raise RuntimeError(f"record {record_id} has messages of page {number}, which was never released")
        cells = _advanced(page.cells, changes)
        if cells == page.cells:
            return None
        if _replace(site_id, page, cells):
            return Page(record_id, number, cells, page.version + 1)
    raise RuntimeError(f"page {number} of record {record_id} is contended")


def _advanced(cells: bytes, changes: Mapping[int, Cell]) -> bytes:
    """The cells with those of ``changes`` (by index) that are ahead."""
    result = bytearray(cells)
    for index, cell in changes.items():
        if cell.rank > Cell(result[index]).rank:
            result[index] = cell
    return bytes(result)


def _replace(site_id: str, page: Page, cells: bytes) -> bool:
    try:
        dynamo.update(
            settings().campaigns_table,
            _key(site_id, page.record_id, page.number),
            "SET cells = :cells, version = version + :one",
            {":cells": cells, ":one": 1, ":version": page.version},
            condition="version = :version",
        )
    except dynamo.ConditionFailed:
        return False
    return True


@dataclass(frozen=True)
class Counts:
    """How many contacts of an audience are where; ``queued`` includes what is not released yet."""

    audience: int
    queued: int
    sending: int
    sent: int
    delivered: int
    undelivered: int
    failed: int
    skipped: int
    skipped_reasons: dict[str, int]


def count(audience: int, pages: Iterable[Page]) -> Counts:
    """Sum up a ledger; what no stored page tells of is still queued."""
    cells: Counter[int] = Counter()
    for page in pages:
        cells.update(page.cells)
    unreleased = audience - cells.total() + cells[Cell.UNRELEASED]
    reasons = {reason.value: cells[cell] for cell, reason in _SKIPS.items() if cells[cell]}
    statuses = {status.value: cells[Cell[status.name]] for status in Status if status is not Status.SKIPPED}
    statuses["queued"] += unreleased
    return Counts(audience=audience, **statuses, skipped=sum(reasons.values()), skipped_reasons=reasons)


def skips(page: Page) -> Iterator[tuple[int, SkipReason]]:
    """The skipped places of a page with their reasons."""
    for place in page.places(*_SKIPS):
        yield place, _SKIPS[Cell(page.cells[place % PAGE_SIZE])]


def _pk(site_id: str, record_id: str) -> str:
    return f"SITE#{site_id}#LEDGER#{record_id}"


def _key(site_id: str, record_id: str, number: int) -> dict[str, str]:
    return {"pk": _pk(site_id, record_id), "sk": f"{number:06}"}
