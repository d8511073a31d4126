"""Releases deferred recipients when their quiet hours have ended."""

from __future__ import annotations

from datetime import datetime

from outreach.campaigns import audience, campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.release import deferred_recipients, release_batch
from outreach.campaigns.release.deferred_recipients import DeferredRecipients
from outreach.campaigns.release.release_step import ReleaseStep


def release_deferred(record: CampaignRecord, deferred: DeferredRecipients, now: datetime) -> ReleaseStep:
    """Release as many of the deferred places as possible; the others stay deferred."""
    first, last = deferred.places[0], deferred.places[-1]
    contact_ids = audience.contact_ids(record.site_id, record.id, first, last + 1)
    released = release_batch.release_places(record, {place: contact_ids[place - first] for place in deferred.places}, now)
    if record.is_released and released.last_slot is not None:
        campaign_records.set_last_slot(record, released.last_slot)
    deferred_recipients.keep_only(deferred, deferred.places[released.places :])
    return released.next_step
