"""Telling a message that is merely late from one that nobody works on any more."""

from __future__ import annotations

from outreach import clock
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import Status
from outreach.settings import settings

# How long after its slot a queued message is missed: a busy queue is late, too, and a copy more is harmless.
_OVERDUE_SECONDS = 120
# How long after the last look a message whose outcome is unknown is looked for anew.
_FORGOTTEN_SECONDS = 300


def is_overdue(row: Message, now: float) -> bool:
    """Whether somebody should have taken up a message by now; ``until`` of a free claim is when it may be, at the earliest."""
    waiting = row.status in (Status.QUEUED, Status.SENDING) and row.claim.state is ClaimState.FREE
    due = max(clock.from_timestamp(row.slot).timestamp(), row.claim.until)
    return waiting and due + _OVERDUE_SECONDS < now


def is_lost(row: Message, now: float) -> bool:
    """Whether a call's worker died, or nobody looks for its outcome any more."""
    if row.status is not Status.SENDING:
        return False
    if row.claim.state is ClaimState.CALLING:
        return row.claim.until < now
    patience = settings().outcome_checks[-1] + _FORGOTTEN_SECONDS
    return row.claim.state is ClaimState.UNKNOWN and row.claim.until + patience < now
