"""One attempt to send a message: claim it, call the carrier, record the outcome. Every step may be repeated safely.

Only the worker that claims a message calls the carrier; other copies of the job are dropped. A claim outlives the worker that
made it. When a worker crashes during its call, the call is therefore not repeated but reconciled
(:mod:`outreach.delivery.unknown_outcomes`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta

from outreach import clock
from outreach.carriers import registry
from outreach.carriers.outcomes import Accepted, Refused, RetryLater, SendOutcome, Throttled, Unknown
from outreach.delivery import unknown_outcomes
from outreach.delivery.account_throttle import AccountThrottle
from outreach.delivery.outcome_recording import CLAIM_SECONDS, record_outcome
from outreach.errors import NotFound
from outreach.messages import message_store
from outreach.messages.failed_reasons import EXPIRED, TEXT_MISSING
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import MessageStatus
from outreach.observability import logger
from outreach.repeated_failures import CARRIER_UNAVAILABLE, TEXT_UNREADABLE, Failures, report_given_up
from outreach.sending.circuit_breaker import MAX_WAIT_SECONDS, CircuitBreaker
from outreach.sending.send_queue import JobRecipient, SendJob

# How long a message waits whose text could not be read.
_TEXT_RETRY_SECONDS = 30
# The part of a reason that may be logged: a carrier's code, an HTTP status, or the name of an exception.
_CODE = re.compile(r"\d{3,6}(?=: )|HTTP \d{3}$|[A-Za-z]+$")


def attempt_send(
    breaker: CircuitBreaker, throttle: AccountThrottle, credentials: Mapping[str, str], job: SendJob, recipient: JobRecipient
) -> float | None:
    """Send one message of a job, unless another worker sends it or has sent it.

    Args:
        breaker: the circuit breaker of the job's account.
        throttle: of the job's account; the caller settles it.
        credentials: those of the job's account.
        job: the job that the recipient belongs to.
        recipient: the message to send.

    Returns:
        ``None`` when the job is done with this recipient; otherwise the Unix time at which the recipient must be queued again.
        The caller queues it before it deletes the current job: a crash in between only repeats the current job.
    """
    if breaker.has_failed_too_long and _fail_if_expired(job, recipient):
        return None
    if not breaker.open_until() and not throttle.allows(job):
        throttle.reschedule(recipient.message_id)
        return None
    if not breaker.allow():
        return breaker.open_until() or clock.now().timestamp()  # another message may have closed it
    now = clock.now().timestamp()
    try:
        until = math.floor(now + CLAIM_SECONDS)
        message = message_store.claim(job.site_id, recipient.message_id, number=recipient.number, until=until)
    except message_store.ClaimRefused as refusal:
        return _handle_refused_claim(refusal.message, recipient.number, now)
    except message_store.TextUnreadable as failure:
        logger().exception("the text of a message could not be read", message_id=recipient.message_id, site_id=job.site_id)
        return _retry_later(failure.message, _TEXT_RETRY_SECONDS, TEXT_UNREADABLE)
    if message.lacks_text:
        _give_up(message, TEXT_MISSING)
        return None
    outcome = registry.send(breaker.account, credentials, message)
    _log(message, outcome)
    return _handle_outcome(breaker, throttle, message, outcome)


def _log(message: Message, outcome: SendOutcome) -> None:
    """Log the outcome: acceptances only at debug level, because each batch is logged as a whole.

    Of a reason only the code is logged, because the rest of the text may contain the phone number.
    """
    log = logger().debug if isinstance(outcome, Accepted) else logger().info
    code = _CODE.match("" if isinstance(outcome, Accepted) else outcome.reason)
    log(
        "carrier called",
        message_id=message.id,
        site_id=message.site_id,
        outcome=type(outcome).__name__,
        code=code[0] if code else None,
    )


def _fail_if_expired(job: SendJob, recipient: JobRecipient) -> bool:
    """Fail a message that has waited too long for its account.

    Returns:
        Whether the job is done with the message: it has failed now, has a final status, or does not exist.
    """
    try:
        message = message_store.get(job.site_id, recipient.message_id, text=False)
    except NotFound:
        return True
    if clock.from_timestamp(message.slot).timestamp() + MAX_WAIT_SECONDS > clock.now().timestamp():
        return False
    return message.status.is_final or message_store.fail_waiting(message, EXPIRED)


def _handle_refused_claim(message: Message | None, number: str, now: float) -> float | None:
    """Return when to queue a message again whose claim was refused; start to reconcile it when its worker has crashed."""
    if message is None or message.status.is_final:
        return None
    match message.claim.state:
        case ClaimState.FREE if message.recipient != number:
            return None  # its contact got another number during a pause, and the release queued a job with that one
        case ClaimState.FREE:
            return float(message.claim.until)  # its slot has not begun
        case ClaimState.CALLING if message.claim.until < now:
            unknown_outcomes.mark_unknown(message)
    return None


def _handle_outcome(breaker: CircuitBreaker, throttle: AccountThrottle, message: Message, outcome: SendOutcome) -> float | None:
    """Record an outcome; return the Unix time of the next attempt, if the carrier has certainly not accepted the message."""
    match outcome:
        case Unknown():
            unknown_outcomes.mark_unknown(message)
        case Throttled(reason, seconds):
            _release_claim(message, clock.now().timestamp())
            throttle.record_throttling(message, reason, seconds)
        case RetryLater(seconds, reason, account_stopped=True) if breaker.account.is_own_sender(message.sender):
            return _wait_for_account(message, breaker.record_failure(reason, seconds))
        case RetryLater(seconds):
            return _retry_later(message, seconds, CARRIER_UNAVAILABLE)
        case Accepted():
            record_outcome(message, outcome)
            breaker.record_acceptance()
            throttle.record_acceptance()
        case Refused():
            return _handle_refusal(breaker, message, outcome)
    return None


def _handle_refusal(breaker: CircuitBreaker, message: Message, refusal: Refused) -> float | None:
    """Record a refusal: as a failure of the account if it is the account's fault or keeps coming, otherwise of the message.

    A message from another sender than the account's own fails if the fault is that sender's, or may be.
    """
    is_own = breaker.account.is_own_sender(message.sender)
    is_repeated = is_own and refusal.unknown_code is not None and breaker.record_unknown_refusal(refusal.unknown_code)
    if is_repeated or (refusal.account_fault and (is_own or not refusal.sender_fault)):
        return _wait_for_account(message, breaker.record_failure(refusal.reason))
    record_outcome(message, refusal)
    if not refusal.account_fault:
        breaker.record_success()
    return None


def _wait_for_account(message: Message, retry_at: float) -> float:
    """Let a message wait until the pause ends. It may be claimed at once, for an operator may end the pause."""
    _release_claim(message, clock.now().timestamp())
    return retry_at


def _retry_later(message: Message, seconds: float, reason: str) -> float | None:
    """Let a claimed message wait that cannot be sent at the moment; fail it when that has lasted too long."""
    failures = Failures.from_item(message.carrier_failures).after("", reason, wait=timedelta(seconds=seconds))
    if failures.are_too_many:
        _give_up(message, f"no_progress: {failures.describe('the message')}")
        return None
    # First, because a claim that is not released counts as a call whose outcome is unknown.
    retry_at = _release_claim(message, clock.now().timestamp() + seconds)
    message_store.set_carrier_failures(message, failures)
    return retry_at


def _give_up(message: Message, reason: str) -> None:
    """Fail a claimed message that is not sent."""
    if message_store.advance(message, MessageStatus.FAILED, failed_reason=reason):
        report_given_up("message", reason, message_id=message.id, site_id=message.site_id)


def _release_claim(message: Message, retry_at: float) -> float:
    message_store.set_claim(message, ClaimState.FREE, until=math.ceil(retry_at))
    return retry_at
