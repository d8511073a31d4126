"""How many messages a channel account can send in the next minutes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.release.release_step import PauseReason, ReleaseProgress, ReleaseStep, pause
from outreach.sending import circuit_breaker, pacing
from outreach.sending.circuit_breaker import BreakerState
from outreach.sites.models import ChannelAccount

# How far ahead messages are released. SQS delays a message by 15 minutes at most; 10 minutes leave a margin and bound what is
# queued when a record is paused.
HORIZON_SECONDS = 600
# The wait time after all slots before the horizon are taken: short enough that the send queue is never empty.
_POLL_SECONDS = 300


@dataclass(frozen=True)
class AccountCapacity:
    """What a channel account can send.

    Attributes:
        messages: how many messages of one segment have slots before the horizon.
        next_step: how the release continues after those messages.
    """

    messages: int
    next_step: ReleaseStep


def of_account(record: CampaignRecord, account: ChannelAccount, now: datetime) -> AccountCapacity:
    """Return what the account can send, for a release of the record. Pause the record if the account has failed for too long."""
    if account.stop:
        return AccountCapacity(0, ReleaseStep(ReleaseProgress.WAIT, _POLL_SECONDS))
    breaker_state = circuit_breaker.state_of(account.site_id, account.id)
    if breaker_state and not breaker_state.is_over:
        return AccountCapacity(0, _wait_for_account(record, breaker_state, now))
    pace = pacing.read(account)
    next_slot = max(now.timestamp(), pace.next_slot)
    seconds = horizon(now).timestamp() - next_slot
    if seconds < 0:
        return AccountCapacity(0, wait_for_slots(next_slot, now))
    if breaker_state:
        # One message probes whether the account works again.
        return AccountCapacity(1, ReleaseStep(ReleaseProgress.WAIT, circuit_breaker.PROBE_SECONDS))
    return AccountCapacity(1 + math.floor(seconds * pace.rate_at(now.timestamp())), ReleaseStep(ReleaseProgress.MORE))


def wait_for_slots(next_slot: float, now: datetime) -> ReleaseStep:
    """Wait until the account's next free slot (Unix time) is well before the horizon."""
    return ReleaseStep(ReleaseProgress.WAIT, max(1, round(next_slot - horizon(now).timestamp()) + _POLL_SECONDS))


def horizon(now: datetime) -> datetime:
    """Return the latest slot that a release at ``now`` may reserve."""
    return now + timedelta(seconds=HORIZON_SECONDS)


def _wait_for_account(record: CampaignRecord, breaker_state: BreakerState, now: datetime) -> ReleaseStep:
    if breaker_state.is_too_long:
        return pause(record, PauseReason.ACCOUNT_DOWN)
    return ReleaseStep(ReleaseProgress.WAIT, min(_POLL_SECONDS, math.ceil(breaker_state.until - now.timestamp())))
