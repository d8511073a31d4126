"""Records the outcome of a call to the carrier."""

from __future__ import annotations

from outreach import clock
from outreach.carriers.outcomes import Accepted, Refused
from outreach.carriers.time_limits import CALL_SECONDS
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.messages.status import MessageStatus

# How long a claim is valid: the call, the worker's own timeout (template.yaml), and a margin.
CLAIM_SECONDS = CALL_SECONDS + 60 + 30


def time_of_call(message: Message) -> str:
    """Return when the carrier was called. All reports of one refusal carry this time, so repeats change nothing."""
    claimed = clock.timestamp(clock.from_epoch(message.claim.until - CLAIM_SECONDS))
    return max(message.slot, min(claimed, clock.timestamp(clock.now())))


def record_outcome(message: Message, outcome: Accepted | Refused) -> None:
    """Update a message that the carrier has accepted or refused. A refusal because of an opt-out opts the recipient out."""
    if isinstance(outcome, Accepted):
        now = clock.timestamp(clock.now())
        message_store.advance(
            message,
            MessageStatus.SENT,
            carrier_message_id=outcome.carrier_message_id,
            sent_time=now,
            sender=outcome.sender,
        )
        return
    if outcome.opted_out:
        time = time_of_call(message)
        opt_outs.add(message.site_id, message.recipient, Source.CARRIER, time=time, reason=outcome.reason)
    message_store.advance(message, MessageStatus.FAILED, failed_reason=outcome.reason)
