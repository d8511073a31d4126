"""Following the stream of message rows: what a change of a status entails happens here and nowhere else (an outbox).

The batch may come again, whole or cut differently, and changes nothing then: cells of the ledger only move forward, and a
callback that was queued twice is told once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from outreach import clock
from outreach.callbacks import queue as callbacks
from outreach.campaigns import ledger, records
from outreach.campaigns.ledger import Cell
from outreach.messages.models import Message
from outreach.messages.status import Status
from outreach.observability import measure
from outreach.ticketing import queue as attaching


@dataclass(frozen=True)
class Change:
    """A row before and after."""

    old: Message
    new: Message

    @property
    def is_acceptance(self) -> bool:
        """Whether this is how the carrier's acceptance of a message shows."""
        return not self.old.status.is_accepted and self.new.status.is_accepted


def follow(changes: Iterable[Change]) -> None:
    """Enter changes of status into the ledgers, announce them to whoever wants to know, and let what was sent be attached.

    Args:
        changes: in the order in which they happened to each message.
    """
    changes = list(changes)
    # Of a message that changed twice in one batch only its newest state matters, to the ledger as to the customer.
    newest = {change.new.id: change.new for change in changes if change.new.status is not change.old.status}
    _enter(newest.values())
    callbacks.announce(message for message in newest.values() if message.callback and message.status is not Status.SKIPPED)
    attaching.put(change.new for change in changes if change.new.attach_when_sent and change.is_acceptance)
    _measure(changes)


def _measure(changes: Sequence[Change]) -> None:
    """How many messages have got how far, and how long it took. A batch that comes again is measured again."""
    reached = Counter(change.new.status for change in changes if change.new.status is not change.old.status)
    queued = [_seconds(change.new.slot, sent) for change in changes if change.is_acceptance and (sent := change.new.sent_time)]
    now = clock.timestamp(clock.now())
    told = [_seconds(sent, now) for change in changes if _is_last_receipt(change) and (sent := change.new.sent_time)]
    measure(
        {f"Messages{status.capitalize()}": number for status, number in reached.items() if status.is_final or status.is_accepted},
        {"TimeInQueue": queued, "TimeToReceipt": told},
    )


def _is_last_receipt(change: Change) -> bool:
    return change.new.status.is_accepted and change.new.status.is_final and not change.old.status.is_final


def _seconds(begin: str, end: str) -> float:
    return max(0.0, (clock.from_timestamp(end) - clock.from_timestamp(begin)).total_seconds())


def _enter(messages: Iterable[Message]) -> None:
    cells: dict[tuple[str, str], dict[int, Cell]] = {}
    for message in messages:
        if message.record_id and message.place is not None:
            cells.setdefault((message.site_id, message.record_id), {})[message.place] = Cell.of(message)
    for (site_id, record_id), changed in cells.items():
        pages = ledger.apply(site_id, record_id, changed)
        if any(not page.has_open_cells for page in pages):
            records.complete_if_done(site_id, record_id)
