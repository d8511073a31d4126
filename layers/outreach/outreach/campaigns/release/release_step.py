"""The result of one step of a release."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus


class ReleaseProgress(StrEnum):
    """How a release continues after a step.

    ``MORE``: with the next step, at once. ``WAIT``: with the next step, after a while. ``RELEASED``: not at all, because every
    recipient is released. ``STOPPED``: not at all, because the record does not run.
    """

    MORE = "more"
    WAIT = "wait"
    RELEASED = "released"
    STOPPED = "stopped"


class PauseReason(StrEnum):
    """Why a record pauses itself.

    ``CAP_REACHED``: the segment budget of the campaign or the daily quota of the site is used up. ``ACCOUNT_DOWN``: the channel
    account has failed for too long. ``MISSING_FIELD``: the message or the filter no longer fits the contact fields of the site.
    """

    CAP_REACHED = "cap_reached"
    ACCOUNT_DOWN = "account_down"
    MISSING_FIELD = "missing_field"


# What people must know before they resume: without the values, Is Not is true for everybody, and every text has a gap.
_FIELDS_ADVICE = (
    "make the fields as they were and resume: rename a renamed field back;"
    " a field that is created again has no values, so import them before you resume; or cancel the send"
)


@dataclass(frozen=True)
class ReleaseStep:
    progress: ReleaseProgress
    wait_seconds: int = 0


def pause(record: CampaignRecord, reason: PauseReason, details: str = "") -> ReleaseStep:
    """Pause the record and stop its release."""
    campaign_records.change_status(record, RecordStatus.PAUSED, reason=f"{reason}: {details}" if details else reason)
    return ReleaseStep(ReleaseProgress.STOPPED)


def pause_for_missing_field(record: CampaignRecord, problem: str) -> ReleaseStep:
    """Pause a record whose message or filter no longer fits the fields. It keeps both, so only the fields can change."""
    return pause(record, PauseReason.MISSING_FIELD, f"{problem}; {_FIELDS_ADVICE}")
