"""Outcome unknown: the carrier may or may not have taken a message, and nobody sends it again before that is known.

Evidence is, first, a receipt on the message's own status URL, which moves the message on without any doing of ours; then a
message in the carrier's list with the same numbers and body, made after the claim, that no other message of ours owns. We look
at the times of the ``OutcomeChecks`` parameter. One candidate: adopted. None or several at the last look: ``failed`` with
``outcome_unknown``; that a message isn't listed is no proof that it wasn't taken. An account may ask for such a
message to be sent again (``resends_unknown``), which may duplicate it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from outreach import clock
from outreach.contacts import optouts
from outreach.errors import NotFound, Unavailable
from outreach.messages import store as messages
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import Status
from outreach.observability import count, logger
from outreach.sending import carriers, queue, twilio
from outreach.sending.carrier_http import CALL_SECONDS
from outreach.sending.outcomes import Accepted, Deferred, Refused, Unknown
from outreach.sending.queue import Due, Recipient
from outreach.settings import settings
from outreach.sites.models import Carrier, ChannelAccount

Credentials = Mapping[str, str]

OUTCOME_UNKNOWN = "outcome_unknown: the carrier's answer was lost, and it shows no trace of the message"

# How long a claim is good for: longer than the call and the worker's own time-out (template.yaml) together, with some room.
LEASE_SECONDS = CALL_SECONDS + 60 + 30

# How often a message may be claimed, all in all, for its account to want it sent again.
_MAX_ATTEMPTS = 3

# The carrier's clock may differ from ours.
_CLOCK_SKEW = timedelta(minutes=2)


def begin(due: Due, recipient: Recipient, message: Message) -> None:
    """A call ended without an answer, or its worker died: from now on the message is only looked for.

    The look is queued before the claim says so: a crash in between leaves the claim to outlive its worker, and we get here again.
    """
    queue.again(due, recipient, settings().outcome_checks[0], check=0)
    messages.set_claim(message, ClaimState.UNKNOWN, until=message.claim.until)
    count("OutcomesUnknown")
    logger().warning("outcome unknown", message_id=message.id, site_id=message.site_id)


def look(account: ChannelAccount, credentials: Credentials, due: Due, recipient: Recipient) -> None:
    """Look once for a message whose answer was lost, and queue the next look or give up."""
    try:
        message = messages.get(due.site_id, recipient.message_id)
    except NotFound:
        return
    if message.status is not Status.SENDING:
        return  # a receipt was faster
    if message.claim.state is ClaimState.FREE:
        queue.again(due, recipient, 0)  # we died while giving it free; a copy more is harmless
        return
    outcome = _FIND[account.carrier](account, credentials, message)
    if not isinstance(outcome, Unknown):
        record(message, outcome)
        return
    checks, check = settings().outcome_checks, due.check or 0
    if check + 1 < len(checks):
        queue.again(due, recipient, checks[check + 1] - checks[check], check=check + 1)
    elif account.resends_unknown and message.claim.attempt < _MAX_ATTEMPTS:
        messages.set_claim(message, ClaimState.FREE, until=0)
        queue.again(due, recipient, 0)
    else:
        messages.advance(message, Status.FAILED, failed_reason=OUTCOME_UNKNOWN)


def record(message: Message, outcome: Accepted | Refused) -> None:
    """Write down what a carrier has certainly done with a message."""
    if isinstance(outcome, Accepted):
        now = clock.timestamp(clock.now())
        messages.advance(message, Status.SENT, carrier_message_id=outcome.carrier_message_id, sent_time=now)
        return
    if outcome.opted_out:
        optouts.add(message.site_id, message.recipient, outcome.reason)
    messages.advance(message, Status.FAILED, failed_reason=outcome.reason)


def _find_at_twilio(account: ChannelAccount, credentials: Credentials, message: Message) -> Accepted | Unknown:
    """Twilio knows no idempotency: look through its list (carriers.md, Twilio)."""
    claimed = clock.from_epoch(message.claim.until - LEASE_SECONDS)
    try:
        listed = twilio.candidates(
            account,
            credentials,
            message.sender,
            message.recipient,
            message.body,
            claimed - _CLOCK_SKEW,
            base_url=carriers.base_url(account.carrier),
        )
    except Unavailable as error:
        return Unknown(str(error))
    candidates = set(listed) - messages.carrier_ids_of_others(message)
    if len(candidates) == 1 and messages.adopt(message, candidate := candidates.pop()):
        return Accepted(candidate)
    return Unknown(f"{len(candidates)} candidates")


def _find_at_telnyx(account: ChannelAccount, credentials: Credentials, message: Message) -> Accepted | Refused | Unknown:
    """Asking again with the same key and body tells what came of the first time, or is the first time (carriers.md, Telnyx)."""
    outcome = carriers.send(account, credentials, message)
    match outcome:
        case Deferred(reason=reason) | Refused(reason=reason, account_fault=True):
            return Unknown(reason)  # it says nothing of the first time
    return outcome


_FIND: dict[Carrier, Callable[[ChannelAccount, Credentials, Message], Accepted | Refused | Unknown]] = {
    Carrier.TWILIO: _find_at_twilio,
    Carrier.TELNYX: _find_at_telnyx,
}
