"""Reconciles messages whose outcome is unknown: the carrier may have accepted them, so they are not simply sent again.

A receipt on the message's own status URL settles the outcome. Until one arrives, the carrier is asked at the times of the
``OutcomeChecks`` parameter. A candidate in its list has the same numbers and body, was created after the claim, and belongs to no
other message of ours. A single candidate is adopted. If the last check finds none or several, the message is ``failed`` with
``outcome_unknown``: a message that is not listed may still have been accepted. Accounts with ``resends_unknown`` send such
messages again instead, which may text a recipient twice.
"""

from __future__ import annotations

from datetime import timedelta

from outreach import clock
from outreach.carriers import registry
from outreach.carriers.outcomes import Accepted, Refused, Unknown
from outreach.carriers.protocol import Candidates, Credentials
from outreach.delivery.outcome_recording import CLAIM_SECONDS, record_outcome
from outreach.errors import NotFound
from outreach.messages import message_index, message_store
from outreach.messages.failed_reasons import OUTCOME_UNKNOWN
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import MessageStatus
from outreach.observability import count, logger
from outreach.sending import send_queue
from outreach.sending.send_queue import JobRecipient, SendJob
from outreach.settings import settings
from outreach.sites.models import ChannelAccount

# A message is sent again only when it has been claimed less often than this.
_MAX_ATTEMPTS = 3

# The carrier's clock may differ from ours.
_CLOCK_SKEW = timedelta(minutes=2)


def mark_unknown(message: Message) -> None:
    """Start to reconcile a message whose call ended without a response, or whose worker crashed.

    The first check is queued before the claim changes: after a crash in between, the claim expires and this function runs again.
    """
    send_queue.requeue(message, settings().outcome_checks[0], check=0)
    message_store.set_claim(message, ClaimState.UNKNOWN, until=message.claim.until)
    count("OutcomesUnknown")
    logger().warning("outcome unknown", message_id=message.id, site_id=message.site_id)


def check(account: ChannelAccount, credentials: Credentials, job: SendJob, recipient: JobRecipient) -> None:
    """Check the outcome of a message once; while it is unknown, queue the next check, send again, or fail the message."""
    try:
        message = message_store.get(job.site_id, recipient.message_id)
    except NotFound:
        return
    if message.status is not MessageStatus.SENDING:
        return  # a receipt arrived first
    if message.claim.state is ClaimState.FREE:
        send_queue.requeue(message, 0)  # a previous run crashed after releasing the claim; requeueing is idempotent
        return
    outcome = _reconcile(account, credentials, message)
    if not isinstance(outcome, Unknown):
        record_outcome(message, outcome)
        return
    delays, number = settings().outcome_checks, job.check or 0
    if number + 1 < len(delays):
        send_queue.requeue(message, delays[number + 1] - delays[number], check=number + 1)
    elif account.resends_unknown and message.claim.attempt < _MAX_ATTEMPTS:
        message_store.set_claim(message, ClaimState.FREE, until=0)
        send_queue.requeue(message, 0)
    else:
        message_store.advance(message, MessageStatus.FAILED, failed_reason=OUTCOME_UNKNOWN)


def _reconcile(account: ChannelAccount, credentials: Credentials, message: Message) -> Accepted | Refused | Unknown:
    """Ask the carrier for the outcome. A single candidate that no other message owns counts as accepted."""
    if message.lacks_text:
        return Unknown("the text is missing")  # the carrier's messages are compared by text, or the request is repeated
    claimed = clock.from_epoch(message.claim.until - CLAIM_SECONDS)
    reconciliation = registry.reconcile(account, credentials, message, claimed - _CLOCK_SKEW)
    if not isinstance(reconciliation, Candidates):
        return reconciliation
    candidates = reconciliation.senders.keys() - message_index.carrier_ids_of_other_messages(message)
    if len(candidates) == 1 and message_store.adopt(message, candidate := next(iter(candidates))):
        return Accepted(candidate, reconciliation.senders[candidate])
    return Unknown(f"{len(candidates)} candidates")
