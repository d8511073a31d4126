"""Stops sends that make no progress: a record that fails three times in a row for the same reason pauses and says why.

Waiting is not a failure: an execution that waits for slots, for the end of quiet hours or for a channel account is running.
"""

from __future__ import annotations

from outreach import dynamo
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.release import deferred_recipients
from outreach.repeated_failures import report_given_up


def record_failure(record: CampaignRecord, reason: str) -> bool:
    """Record that a send failed.

    Args:
        reason: what failed, as :func:`outreach.aws_errors.name_of` names it.

    Returns:
        Whether the send was stopped. A running one is paused. Cancelled and paused sends stay unchanged.
    """
    if record.status is RecordStatus.PAUSED:
        return False
    failures = record.send_failures.after(_position(record), reason)
    if not failures.are_too_many:
        campaign_records.set_failures(record, failures)
        return False
    _stop(record, f"no_progress: {failures.describe('the send')}")
    return True


def _position(record: CampaignRecord) -> str:
    deferred = deferred_recipients.first(record.site_id, record.id)
    return f"{record.status} {record.audience} {record.released} {deferred.key['sk'] if deferred else ''}"


def _stop(record: CampaignRecord, reason: str) -> None:
    try:
        if record.status is RecordStatus.CANCELLED:
            campaign_records.give_up_cancellation(record, reason)
        else:
            campaign_records.change_status(record, RecordStatus.PAUSED, reason=reason)
    except dynamo.ConditionFailed:
        return  # a client has changed the status
    report_given_up("send", reason, record_id=record.id, site_id=record.site_id)
