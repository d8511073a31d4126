"""Releases the audience of a campaign record to the send queue, step by step.

Each step does the first of these that applies to the record:

=================================================  ===============================================================
state of the record                                step
=================================================  ===============================================================
not frozen, paused, completed or failed            stop
cancelled                                          cancel the next page (:mod:`.cancellation`)
the quiet hours of deferred recipients have ended  release those recipients (:mod:`.deferred_release`)
places are left after the cursor                   release the next range (:mod:`.next_range`)
only deferred recipients are left                  wait for the end of their quiet hours
nothing is left                                    complete the record if nothing is queued or being sent
=================================================  ===============================================================

A release may crash at any point and runs again, so it works in an order that makes repetition safe:

1. The cells of the ledger hold the decision about each place. The first decision is final.
2. Message rows are created on condition that they do not exist.
3. Messages are queued. If a message is queued twice, the worker recognises the copy.
4. The cursor moves last.
"""

from __future__ import annotations

import math
from datetime import datetime

from outreach import clock
from outreach.campaigns import campaign_records, record_completion, record_counts
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.release import cancellation, deferred_recipients, deferred_release, next_range
from outreach.campaigns.release.release_step import ReleaseProgress, ReleaseStep


def step(site_id: str, record_id: str) -> ReleaseStep:
    """Do the next step of a record: release at most one page of its ledger, and only messages with slots before the horizon."""
    record = campaign_records.get(site_id, record_id)
    if record.audience is None:
        return ReleaseStep(ReleaseProgress.STOPPED)
    record_counts.sample(site_id, record_id)
    if record.status is RecordStatus.CANCELLED:
        return ReleaseStep(ReleaseProgress.MORE if cancellation.step(record) else ReleaseProgress.STOPPED)
    if record.status is not RecordStatus.RUNNING:
        return ReleaseStep(ReleaseProgress.STOPPED)
    return _running_step(record, clock.now())


def _running_step(record: CampaignRecord, now: datetime) -> ReleaseStep:
    deferred = deferred_recipients.first(record.site_id, record.id)
    if deferred and deferred.release_time <= now:
        return deferred_release.release_deferred(record, deferred, now)
    if not record.is_released:
        return next_range.release_next_range(record, now)
    if deferred:
        return ReleaseStep(ReleaseProgress.WAIT, math.ceil((deferred.release_time - now).total_seconds()))
    record_completion.try_complete(record.site_id, record.id)
    return ReleaseStep(ReleaseProgress.RELEASED)
