"""One attempt to send a message: claim, call the carrier, record the outcome. Safe to repeat at any point, by anybody.

Whoever gets the claim on a message calls the carrier; everybody else drops their copy. The claim has a lease that outlives its
holder, so a call whose caller died is not repeated but found out about (:mod:`outreach.delivery.lost_answers`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from outreach import clock
from outreach.delivery import lost_answers
from outreach.delivery.lost_answers import LEASE_SECONDS
from outreach.errors import NotFound
from outreach.messages import store as messages
from outreach.messages.models import ClaimState, Message
from outreach.observability import logger
from outreach.sending import carriers
from outreach.sending.accounts import PATIENCE_SECONDS, Gate
from outreach.sending.outcomes import Accepted, Deferred, Outcome, Refused, Unknown
from outreach.sending.queue import Due, Recipient

EXPIRED = "expired: the channel account could not send for a week"
# What a reason begins with that can be shown: a carrier's code, an HTTP status, the name of an exception.
_CODE = re.compile(r"\d{3,6}(?=: )|HTTP \d{3}$|[A-Za-z]+$")


def attempt(gate: Gate, credentials: Mapping[str, str], due: Due, recipient: Recipient) -> float | None:
    """Send a message, unless somebody else does or has done so.

    Args:
        gate: of the account of ``due``.

    Returns:
        ``None`` when the caller is done with its copy; else the Unix time at which the copy must come again. The caller queues
        it before it lets go of the old one: a crash in between repeats the old one.
    """
    if gate.is_down and _expire(due, recipient):
        return None
    if closed_until := gate.enter():
        return closed_until
    now = clock.now().timestamp()
    try:
        message = messages.claim(due.site_id, recipient.message_id, until=round(now + LEASE_SECONDS))
    except messages.ClaimRefused as refusal:
        return _without_claim(due, recipient, refusal.message, now)
    outcome = carriers.send(gate.account, credentials, message)
    _log(message, outcome)
    return _follow(gate, due, recipient, message, outcome)


def _log(message: Message, outcome: Outcome) -> None:
    """A batch is logged as a whole; of its messages only those that did not simply go out.

    Of a reason its code only: the words behind it may have the number in them.
    """
    log = logger().debug if isinstance(outcome, Accepted) else logger().info
    code = _CODE.match("" if isinstance(outcome, Accepted) else outcome.reason)
    log(
        "carrier asked",
        message_id=message.id,
        site_id=message.site_id,
        outcome=type(outcome).__name__,
        code=code[0] if code else None,
    )


def _expire(due: Due, recipient: Recipient) -> bool:
    """Let a message fail that has waited for its account in vain; whether this copy of it is done with."""
    try:
        message = messages.get(due.site_id, recipient.message_id)
    except NotFound:
        return True
    if clock.from_timestamp(message.slot).timestamp() + PATIENCE_SECONDS > clock.now().timestamp():
        return False
    return message.status.is_final or messages.give_up(message, EXPIRED)


def _without_claim(due: Due, recipient: Recipient, message: Message | None, now: float) -> float | None:
    if message is None or message.status.is_final:
        return None
    match message.claim.state:
        case ClaimState.FREE:
            return float(message.claim.until)  # not due yet
        case ClaimState.CALLING if message.claim.until < now:
            lost_answers.begin(due, recipient, message)
    return None


def _follow(gate: Gate, due: Due, recipient: Recipient, message: Message, outcome: Outcome) -> float | None:
    match outcome:
        case Unknown():
            lost_answers.begin(due, recipient, message)
        case Refused(reason, account_fault=True):
            return _release(message, gate.close(reason))
        case Deferred(seconds, reason, account_stopped=True):
            return _release(message, gate.close(reason, seconds))
        case Deferred(seconds):
            return _release(message, clock.now().timestamp() + seconds)
        case Accepted() | Refused():
            lost_answers.record(message, outcome)
            gate.open()
    return None


def _release(message: Message, again_at: float) -> float:
    """Let go of a message that the carrier has certainly not taken."""
    messages.set_claim(message, ClaimState.FREE, until=math.ceil(again_at))
    return again_at
