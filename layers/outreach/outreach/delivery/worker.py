"""Sending what is due: claim, call the carrier, record the outcome. Safe to repeat at any point, by any number of workers.

Whoever gets the claim on a message calls the carrier; everybody else drops their copy. The claim has a lease that outlives the
worker, so a call whose worker died is not repeated but found out about (:mod:`outreach.delivery.lost_answers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from outreach import clock
from outreach.campaigns import records
from outreach.campaigns.records import RecordStatus
from outreach.delivery import lost_answers
from outreach.delivery.lost_answers import LEASE_SECONDS
from outreach.errors import NotFound
from outreach.messages import store as messages
from outreach.messages.models import Claim, ClaimState, Message
from outreach.messages.status import SkipReason
from outreach.observability import logger
from outreach.sending import carriers, optouts, queue
from outreach.sending.outcomes import Accepted, Deferred, Outcome, Refused, Unknown
from outreach.sending.queue import Due, Recipient
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount

# Carriers take some hundred milliseconds; so many calls are under way at once in one invocation.
_CONCURRENT_CALLS = 32


@dataclass(frozen=True)
class _Errand:
    """One recipient of a due message, with what is known of its surroundings."""

    due: Due
    recipient: Recipient
    account: ChannelAccount
    record_status: RecordStatus | None
    opted_out: bool


def work_off(dues: Mapping[str, Due]) -> set[str]:
    """Handle due messages, all their recipients at once, so that the carrier's latency is paid once.

    Args:
        dues: by an id of the caller's.

    Returns:
        The ids of those that could not be handled and must come again.
    """
    with ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
        running = {key: [pool.submit(_handle, errand) for errand in errands] for key, errands in _prepare(dues).items()}
        failed = set()
        for key, futures in running.items():
            for error in filter(None, (future.exception() for future in futures)):
                logger().error("a due message could not be handled", exc_info=error, site_id=dues[key].site_id)
                failed.add(key)
    return failed


def _prepare(dues: Mapping[str, Due]) -> dict[str, list[_Errand]]:
    """What many recipients share is read once: accounts, records, opt-outs."""
    accounts = {(due.site_id, due.account_id): sites.get_account(due.site_id, due.account_id) for due in dues.values()}
    statuses = {
        (due.site_id, due.record_id): records.get(due.site_id, due.record_id).status for due in dues.values() if due.record_id
    }
    gone = {site_id: _opted_out(site_id, list(dues.values())) for site_id in {due.site_id for due in dues.values()}}
    return {
        key: [
            _Errand(
                due,
                recipient,
                accounts[due.site_id, due.account_id],
                statuses.get((due.site_id, due.record_id or "")),
                recipient.number in gone[due.site_id],
            )
            for recipient in due.recipients
        ]
        for key, due in dues.items()
    }


def _opted_out(site_id: str, dues: Sequence[Due]) -> set[str]:
    return optouts.opted_out(
        site_id, (recipient.number for due in dues if due.site_id == site_id for recipient in due.recipients)
    )


def _handle(errand: _Errand) -> None:
    if errand.due.check is not None:
        lost_answers.look(errand.account, errand.due, errand.recipient)
    elif errand.record_status is RecordStatus.PAUSED:
        return  # the row stays queued, and resuming releases it again
    elif errand.record_status is RecordStatus.CANCELLED:
        _skip(errand, SkipReason.CANCELLED)
    elif errand.opted_out:
        _skip(errand, SkipReason.OPTED_OUT)
    else:
        _send(errand)


def _skip(errand: _Errand, reason: SkipReason) -> None:
    try:
        message = messages.get(errand.due.site_id, errand.recipient.message_id)
    except NotFound:
        return
    messages.skip(message, reason)


def _send(errand: _Errand) -> None:
    now = clock.now().timestamp()
    try:
        message = messages.claim(errand.due.site_id, errand.recipient.message_id, until=round(now + LEASE_SECONDS))
    except messages.ClaimRefused as refusal:
        if refusal.message and outlived(refusal.message.claim, now):
            lost_answers.begin(errand.due, errand.recipient, refusal.message)
        return
    outcome = carriers.send(errand.account, message)
    logger().info("carrier asked", message_id=message.id, site_id=message.site_id, outcome=type(outcome).__name__)
    _record(errand, message, outcome)


def outlived(claim: Claim, now: float) -> bool:
    """Whether a call's worker has certainly died without recording its outcome."""
    return claim.state is ClaimState.CALLING and claim.until < now


def _record(errand: _Errand, message: Message, outcome: Outcome) -> None:
    match outcome:
        case Accepted() | Refused():
            lost_answers.record(message, outcome)
        case Deferred(seconds):
            # The new copy after the claim is free and before the old one is acknowledged: a crash in between repeats the old.
            messages.set_claim(message, ClaimState.FREE, until=round(clock.now().timestamp() + seconds))
            queue.again(errand.due, errand.recipient, seconds)
        case Unknown():
            lost_answers.begin(errand.due, errand.recipient, message)
