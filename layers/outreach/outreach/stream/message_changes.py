"""Processes the stream of message rows: a change of status reaches ledgers, callbacks and tickets only from here (an outbox).

A batch may be delivered again, whole or split, without further effect: cells of the ledger only move forward, and a callback
that is queued twice is delivered once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from outreach import clock
from outreach.callbacks import callback_queue
from outreach.campaigns import ledger, record_completion, record_counts
from outreach.messages.models import Message
from outreach.messages.status import MessageStatus
from outreach.observability import measure
from outreach.ticketing import attach_queue


@dataclass(frozen=True)
class MessageChange:
    """A message row before and after a change."""

    old: Message
    new: Message

    @property
    def is_acceptance(self) -> bool:
        """Whether the change shows that the carrier has accepted the message."""
        return not self.old.status.is_accepted and self.new.status.is_accepted


def apply(changes: Iterable[MessageChange]) -> None:
    """Update the ledgers, queue callbacks, and queue sent messages that are to be attached to tickets.

    Args:
        changes: in order for each message.
    """
    changes = list(changes)
    # Only the newest state of a message counts, both in the ledger and in its callback.
    newest = {change.new.id: change.new for change in changes if change.new.status is not change.old.status}
    _update_ledgers(newest.values())
    callback_queue.put_status_changes(
        message for message in newest.values() if message.callback and message.status is not MessageStatus.SKIPPED
    )
    attach_queue.put(change.new for change in changes if change.new.attach_when_sent and change.is_acceptance)
    _measure(changes)


def _measure(changes: Sequence[MessageChange]) -> None:
    """Emit metrics of statuses and durations. A batch that is delivered again is measured again."""
    counts = Counter(change.new.status for change in changes if change.new.status is not change.old.status)
    queue_seconds = [
        _seconds(change.new.slot, sent) for change in changes if change.is_acceptance and (sent := change.new.sent_time)
    ]
    now = clock.timestamp(clock.now())
    receipt_seconds = [_seconds(sent, now) for change in changes if _is_final_receipt(change) and (sent := change.new.sent_time)]
    measure(
        {f"Messages{status.capitalize()}": number for status, number in counts.items() if status.is_final or status.is_accepted},
        {"TimeInQueue": queue_seconds, "TimeToReceipt": receipt_seconds},
    )


def _is_final_receipt(change: MessageChange) -> bool:
    return change.new.status.is_accepted and change.new.status.is_final and not change.old.status.is_final


def _seconds(start: str, end: str) -> float:
    return max(0.0, (clock.from_timestamp(end) - clock.from_timestamp(start)).total_seconds())


def _update_ledgers(messages: Iterable[Message]) -> None:
    by_record: dict[tuple[str, str], dict[int, Message]] = {}
    for message in messages:
        if message.record_id and message.place is not None:
            by_record.setdefault((message.site_id, message.record_id), {})[message.place] = message
    for (site_id, record_id), by_place in by_record.items():
        record_counts.sample(site_id, record_id)
        pages = ledger.apply_messages(site_id, record_id, by_place)
        if any(not page.has_open_cells for page in pages):
            record_completion.try_complete(site_id, record_id)
