"""Releases the next range of the audience, from the record's cursor on."""

from __future__ import annotations

from datetime import datetime

from outreach.campaigns import audience, campaign_records, ledger
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.release import release_batch
from outreach.campaigns.release.release_step import ReleaseStep


def release_next_range(record: CampaignRecord, now: datetime) -> ReleaseStep:
    """Release places from the cursor on, up to the end of their ledger page, and move the cursor."""
    start = record.released
    end = min(record.audience_size, (ledger.page_of(start) + 1) * ledger.PAGE_SIZE)
    contact_ids = audience.contact_ids(record.site_id, record.id, start, end)
    released = release_batch.release_places(record, dict(enumerate(contact_ids, start)), now)
    if released.places:
        campaign_records.move_cursor(record, start + released.places, released.last_slot)
    return released.next_step
