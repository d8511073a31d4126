"""Working off the send queue: who is due is sent to, skipped, looked for, or put off."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from threading import Lock
from typing import Any, TypeVar

from outreach import clock
from outreach.campaigns import records
from outreach.campaigns.records import RecordStatus
from outreach.contacts import optouts
from outreach.delivery import lost_answers
from outreach.delivery.attempt import attempt
from outreach.errors import NotFound
from outreach.messages import store as messages
from outreach.messages.status import SkipReason
from outreach.observability import logger
from outreach.sending import queue
from outreach.sending.accounts import Gate
from outreach.sending.queue import Due, Recipient
from outreach.sending.quiet_hours import SendingHours
from outreach.sites import secrets
from outreach.sites import store as sites

T = TypeVar("T")

# Carriers take some hundred milliseconds; so many calls are under way at once in one invocation.
_CONCURRENT_CALLS = 32


def work_off(dues: Mapping[str, Due]) -> set[str]:
    """Handle due messages, all their recipients at once, so that the carrier's latency is paid once.

    Args:
        dues: by an id of the caller's.

    Returns:
        The ids of those that could not be handled and must come again.
    """
    prepare = _Preparation(list(dues.values()))
    failed = set()
    put_off: dict[str, dict[Recipient, float]] = {}
    with ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
        running = {
            pool.submit(_handle, prepare, due, recipient): (key, recipient)
            for key, due in dues.items()
            for recipient in due.recipients
        }
        for future in as_completed(running):
            key, recipient = running[future]
            if error := future.exception():
                logger().error("a due message could not be handled", exc_info=error, message_id=recipient.message_id)
                failed.add(key)
            elif again_at := future.result():
                put_off.setdefault(key, {})[recipient] = again_at
    logger().info("due messages handled", messages=len(running), put_off=sum(map(len, put_off.values())), failed=len(failed))
    _put_off({key: dues[key] for key in put_off}, put_off)
    return failed


def _put_off(dues: Mapping[str, Due], times: Mapping[str, Mapping[Recipient, float]]) -> None:
    """Queue recipients again, those of one SQS message together, for when the last of them is due (Unix times)."""
    now = clock.now().timestamp()
    queue.send(
        (replace(due, recipients=tuple(times[key])), math.ceil(max(times[key].values()) - now)) for key, due in dues.items()
    )


class _Preparation:
    """What the recipients of a batch share, read once: accounts with their credentials, records, opt-outs.

    All of it is read before a claim is taken: what fails here has certainly not sent anything.
    """

    def __init__(self, dues: Sequence[Due]) -> None:
        self._dues = dues
        self._lock = Lock()
        self._known: dict[tuple[str, ...], Any] = {}

    def gate(self, due: Due) -> Gate:
        return self._once(("gate", due.site_id, due.account_id), lambda: Gate(sites.get_account(due.site_id, due.account_id)))

    def credentials(self, due: Due) -> Mapping[str, str]:
        return self._once(
            ("credentials", due.site_id, due.account_id), lambda: secrets.account_credentials(due.site_id, due.account_id)
        )

    def record_status(self, due: Due) -> RecordStatus | None:
        if due.record_id is None:
            return None
        record_id = due.record_id
        return self._once(("record", due.site_id, record_id), lambda: records.get(due.site_id, record_id).status)

    def sending_hours(self, due: Due) -> SendingHours | None:
        """The site's, for campaigns; a single message is an answer to somebody."""
        if due.record_id is None:
            return None
        text = self._once(("hours", due.site_id), lambda: sites.get_site(due.site_id).sending_hours)
        return SendingHours.parse(text) if text else None

    def opted_out(self, site_id: str) -> set[str]:
        numbers = [recipient.number for due in self._dues if due.site_id == site_id for recipient in due.recipients]
        return self._once(("optouts", site_id), lambda: optouts.opted_out(site_id, numbers))

    def _once(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._known:
                self._known[key] = read()
            return self._known[key]  # type: ignore[no-any-return]


def _handle(prepare: _Preparation, due: Due, recipient: Recipient) -> float | None:
    """Deal with one recipient; the Unix time at which it must come again, if it must."""
    gate, credentials = prepare.gate(due), prepare.credentials(due)
    status = prepare.record_status(due)
    if due.check is not None:
        if closed_until := gate.closed_until():
            return closed_until  # nothing can be learned from a carrier that doesn't let us in
        lost_answers.look(gate.account, credentials, due, recipient)
    elif status is RecordStatus.PAUSED:
        pass  # the row stays queued, and resuming releases it again
    elif status is RecordStatus.CANCELLED:
        _skip(due, recipient, SkipReason.CANCELLED)
    elif recipient.number in prepare.opted_out(due.site_id):
        _skip(due, recipient, SkipReason.OPTED_OUT)
    elif not _is_put_to_bed(prepare.sending_hours(due), due, recipient):
        return attempt(gate, credentials, due, recipient)
    return None


def _is_put_to_bed(hours: SendingHours | None, due: Due, recipient: Recipient) -> bool:
    """Whether it has become too late in the day for a message; then it waits for the morning, when the sweep queues it again."""
    if hours is None:
        return False
    message = messages.get(due.site_id, recipient.message_id)
    now = clock.now()
    morning = hours.next_allowed(now, message.time_zones)
    if morning == now:
        return False
    messages.postpone([message], [morning.timestamp()])
    return True


def _skip(due: Due, recipient: Recipient, reason: SkipReason) -> None:
    try:
        message = messages.get(due.site_id, recipient.message_id)
    except NotFound:
        return
    if message.record_id:
        messages.skip(message, reason)
    else:
        messages.give_up(message, reason)
