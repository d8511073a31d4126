"""Sending what is due: claim, call the carrier, record the outcome. Safe to repeat at any point, by any number of workers.

Whoever gets the claim on a message calls the carrier; everybody else drops their copy. The claim has a lease that outlives the
worker, so a call whose worker died is not repeated but found out about (:mod:`outreach.delivery.lost_answers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Lock
from typing import Any, TypeVar

from outreach import clock
from outreach.campaigns import records
from outreach.campaigns.records import RecordStatus
from outreach.delivery import lost_answers
from outreach.delivery.lost_answers import LEASE_SECONDS
from outreach.errors import NotFound
from outreach.messages import store as messages
from outreach.messages.models import Claim, ClaimState
from outreach.messages.status import SkipReason
from outreach.observability import logger
from outreach.sending import carriers, optouts, queue
from outreach.sending.outcomes import Accepted, Deferred, Refused, Unknown
from outreach.sending.queue import Due, Recipient
from outreach.sites import secrets
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount

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
    with ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
        running = {
            pool.submit(_handle, prepare, due, recipient): (key, recipient.message_id)
            for key, due in dues.items()
            for recipient in due.recipients
        }
        for future in as_completed(running):
            key, message_id = running[future]
            if error := future.exception():
                logger().error("a due message could not be handled", exc_info=error, message_id=message_id)
                failed.add(key)
    return failed


class _Preparation:
    """What the recipients of a batch share, read once: accounts with their credentials, records, opt-outs.

    All of it is read before a claim is taken: what fails here has certainly not sent anything.
    """

    def __init__(self, dues: Sequence[Due]) -> None:
        self._dues = dues
        self._lock = Lock()
        self._known: dict[tuple[str, ...], Any] = {}

    def account(self, due: Due) -> ChannelAccount:
        return self._once(("account", due.site_id, due.account_id), lambda: sites.get_account(due.site_id, due.account_id))

    def credentials(self, due: Due) -> Mapping[str, str]:
        return self._once(
            ("credentials", due.site_id, due.account_id), lambda: secrets.account_credentials(due.site_id, due.account_id)
        )

    def record_status(self, due: Due) -> RecordStatus | None:
        if due.record_id is None:
            return None
        record_id = due.record_id
        return self._once(("record", due.site_id, record_id), lambda: records.get(due.site_id, record_id).status)

    def opted_out(self, site_id: str) -> set[str]:
        numbers = [recipient.number for due in self._dues if due.site_id == site_id for recipient in due.recipients]
        return self._once(("optouts", site_id), lambda: optouts.opted_out(site_id, numbers))

    def _once(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._known:
                self._known[key] = read()
            return self._known[key]  # type: ignore[no-any-return]


def _handle(prepare: _Preparation, due: Due, recipient: Recipient) -> None:
    account, credentials = prepare.account(due), prepare.credentials(due)
    status = prepare.record_status(due)
    if due.check is not None:
        lost_answers.look(account, credentials, due, recipient)
    elif status is RecordStatus.PAUSED:
        return  # the row stays queued, and resuming releases it again
    elif status is RecordStatus.CANCELLED:
        _skip(due, recipient, SkipReason.CANCELLED)
    elif recipient.number in prepare.opted_out(due.site_id):
        _skip(due, recipient, SkipReason.OPTED_OUT)
    else:
        _send(account, credentials, due, recipient)


def _skip(due: Due, recipient: Recipient, reason: SkipReason) -> None:
    try:
        message = messages.get(due.site_id, recipient.message_id)
    except NotFound:
        return
    messages.skip(message, reason)


def _send(account: ChannelAccount, credentials: Mapping[str, str], due: Due, recipient: Recipient) -> None:
    now = clock.now().timestamp()
    try:
        message = messages.claim(due.site_id, recipient.message_id, until=round(now + LEASE_SECONDS))
    except messages.ClaimRefused as refusal:
        if refusal.message and outlived(refusal.message.claim, now):
            lost_answers.begin(due, recipient, refusal.message)
        return
    outcome = carriers.send(account, credentials, message)
    logger().info("carrier asked", message_id=message.id, site_id=message.site_id, outcome=type(outcome).__name__)
    match outcome:
        case Accepted() | Refused():
            lost_answers.record(message, outcome)
        case Deferred(seconds):
            # The new copy after the claim is free and before the old one is acknowledged: a crash in between repeats the old.
            messages.set_claim(message, ClaimState.FREE, until=round(clock.now().timestamp() + seconds))
            queue.again(due, recipient, seconds)
        case Unknown():
            lost_answers.begin(due, recipient, message)


def outlived(claim: Claim, now: float) -> bool:
    """Whether a call's worker has certainly died without recording its outcome."""
    return claim.state is ClaimState.CALLING and claim.until < now
