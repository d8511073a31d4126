"""Repairs messages that no worker processes any more, and distinguishes them from those that are merely late.

A message that is repaired repeatedly without progress fails, and says why (:mod:`outreach.repeated_failures`). It waits, and does
not fail, for its slot, for the end of quiet hours or of a pause of its account, and in a long queue.
"""

from __future__ import annotations

from collections.abc import Iterable

from outreach import clock
from outreach.delivery import unknown_outcomes
from outreach.errors import NotFound
from outreach.messages import message_store
from outreach.messages.failed_reasons import EXPIRED, OUTCOME_UNKNOWN
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import MessageStatus
from outreach.observability import logger
from outreach.repeated_failures import NOT_PROCESSED, Failures, report_given_up
from outreach.sending import circuit_breaker, send_queue
from outreach.settings import settings
from outreach.sites import site_store

# How long after its slot a queued message is overdue, and after which it is queued again although the queue has a backlog.
_OVERDUE_SECONDS = 120
_BACKLOG_SECONDS = 3_600
# The queue has a backlog if so many messages are due in it: more than all workers take at once.
_BACKLOG_MESSAGES = 200
# How long after the last check of an unknown outcome the checks start again.
_STALE_CHECK_SECONDS = 300


def is_overdue(row: Message, now: float) -> bool:
    """Return whether a worker should have claimed a message by now. The ``until`` of a free claim is the earliest time for it."""
    is_waiting = row.status in (MessageStatus.QUEUED, MessageStatus.SENDING) and row.claim.state is ClaimState.FREE
    earliest = max(clock.from_timestamp(row.slot).timestamp(), row.claim.until)
    return is_waiting and earliest + _OVERDUE_SECONDS < now


def overdue_seconds() -> int:
    """Return how long after its slot a queued message is overdue now: longer while the queue has a backlog."""
    return _BACKLOG_SECONDS if _has_backlog() else _OVERDUE_SECONDS


def account_waits(site_id: str, account_id: str | None) -> bool:
    """Return whether the messages of an account wait, because an operator has stopped it or its carrier refuses them."""
    if account_id is None:
        return False
    try:
        if site_store.get_account(site_id, account_id).stop:
            return True
    except NotFound:
        return False
    pause = circuit_breaker.state_of(site_id, account_id)
    return pause is not None and not pause.is_over and not pause.is_too_long


def may_be_overdue(first_slot: int | None, now: float) -> bool:
    """Return whether one of some messages may be overdue, given their first slot. Messages that cannot be need not be read."""
    return first_slot is None or first_slot + _OVERDUE_SECONDS < now


def has_lost_worker(row: Message, now: float) -> bool:
    """Return whether the worker that called the carrier has crashed, or the checks of an unknown outcome have stopped."""
    if row.status is not MessageStatus.SENDING:
        return False
    if row.claim.state is ClaimState.CALLING:
        return row.claim.until < now
    longest_wait = settings().outcome_checks[-1] + _STALE_CHECK_SECONDS
    last_start = max(row.claim.until, Failures.from_item(row.repair_failures).last.timestamp())
    return row.claim.state is ClaimState.UNKNOWN and last_start + longest_wait < now


def repair(rows: Iterable[Message], now: float, *, queues: bool = True) -> tuple[int, int]:
    """Repair those messages of one account and record that no worker processes any more.

    While an operator has stopped the account, messages wait. While it is paused, they wait, too, but the outcome of a call whose
    worker crashed is reconciled: it may have been the probe that ends the pause. After a pause, one message is queued again as
    the probe.

    Args:
        rows: messages, whatever their state.
        now: the Unix time.
        queues: whether overdue messages are queued again; those of a paused send are not.

    Returns:
        How many messages were overdue, and how many had lost their worker.
    """
    ordered = sorted(rows, key=lambda row: row.slot)
    late = [row for row in ordered if queues and is_overdue(row, now)]
    if late and site_store.get_account(late[0].site_id, late[0].account_id).stop:
        late = []
    lost = [row for row in ordered if has_lost_worker(row, now)]
    if not late and not lost:
        return 0, 0
    crashed = [row for row in lost if row.claim.state is ClaimState.CALLING]
    for row in crashed:
        unknown_outcomes.mark_unknown(row)
    stopped = [row for row in lost if row.claim.state is ClaimState.UNKNOWN]
    if pause := circuit_breaker.state_of(ordered[0].site_id, ordered[0].account_id):
        _fail_expired([*late, *stopped] if pause.is_too_long else [], now)
        if pause.is_over and not pause.is_too_long:
            _queue_again(late[:1], now)  # the probe, which the breaker needs to close
        return 0, len(crashed)
    logger().warning("repairing messages", record_id=ordered[0].record_id, overdue=len(late), lost=len(lost))
    _queue_again([row for row in _without_waiting(late, now) if not _fail_or_count(row)], now)
    for row in stopped:
        if not _fail_or_count(row):
            unknown_outcomes.mark_unknown(row)
    return len(late), len(lost)


def _fail_expired(rows: Iterable[Message], now: float) -> None:
    """Fail the messages that have waited too long for their account."""
    for row in rows:
        if clock.from_timestamp(row.slot).timestamp() + circuit_breaker.MAX_WAIT_SECONDS < now:
            _fail(row, EXPIRED)


def _without_waiting(late: list[Message], now: float) -> list[Message]:
    """Return the messages that are not merely waiting in a backlog of the queue, which copies of them would only make longer."""
    if not late or not _has_backlog():
        return late
    return [row for row in late if max(clock.from_timestamp(row.slot).timestamp(), row.claim.until) + _BACKLOG_SECONDS < now]


def _has_backlog() -> bool:
    return send_queue.count_due() >= _BACKLOG_MESSAGES


def _queue_again(late: list[Message], now: float) -> None:
    if late:
        slots = [now] * len(late)
        message_store.postpone(late, slots)
        send_queue.enqueue(late, slots)


def _fail_or_count(row: Message) -> bool:
    """Count a failure of a message, or fail the message after a day of them; return whether it has failed.

    Worker faults such as a missing permission are usually fixed within a day, and a failed message is never sent again.
    """
    position = f"{row.claim.state} {row.claim.attempt}"
    failures = Failures.from_item(row.repair_failures).after(position, row.last_error or NOT_PROCESSED)
    if not failures.have_lasted_too_long:
        message_store.set_repair_failures(row, failures)
        return False
    reason = f"no_progress: {failures.describe('the message')}"
    if _fail(row, reason):
        report_given_up("message", reason, message_id=row.id, site_id=row.site_id)
    return True


def _fail(row: Message, reason: str) -> bool:
    """Fail a message, whose outcome may be unknown; ``False`` if it has made progress."""
    if row.claim.state is ClaimState.FREE:
        return message_store.fail_waiting(row, reason)
    return message_store.advance(row, MessageStatus.FAILED, failed_reason=OUTCOME_UNKNOWN)
