"""Ends campaign records of which nothing is left to do: completes those that run, and finishes the cancellation of others."""

from __future__ import annotations

from outreach.campaigns import campaign_records, ledger
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.ledger import Counts


def try_complete(site_id: str, record_id: str) -> None:
    """Complete a running record if everything is released and no message is queued or being sent.

    Two callers may be the last: the release, after it moved the cursor, and the stream consumer, after it closed the last cell
    of a page. Each writes its own change before it reads the other's, so at least one of them sees both.
    """
    record = campaign_records.get(site_id, record_id)
    if record.status is RecordStatus.RUNNING and record.is_released and (final := _final_counts(record)):
        campaign_records.complete(record, final)


def try_finish_cancellation(site_id: str, record_id: str) -> None:
    """Finish a cancellation if all pages of the record are cancelled and no message is queued or being sent."""
    record = campaign_records.get(site_id, record_id)
    if record.status is not RecordStatus.CANCELLED:
        return
    if not record.is_frozen:
        campaign_records.finish_cancellation(record, None)
    elif record.is_released and (final := _final_counts(record)):
        campaign_records.finish_cancellation(record, final)


def _final_counts(record: CampaignRecord) -> Counts | None:
    """Return the counts of a record whose places are all released; ``None`` if a message of it may still be sent."""
    pages = []
    for page in ledger.read_pages(record.site_id, record.id):
        if page.has_open_cells:
            return None
        pages.append(page)
    return ledger.count(record.audience_size, pages)
