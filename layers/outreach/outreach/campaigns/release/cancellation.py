"""Cancels the recipients of a cancelled record, page by page, with the same cursor as the release."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from outreach.campaigns import audience, campaign_records, ledger, record_completion
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Cell
from outreach.campaigns.release import deferred_recipients
from outreach.messages import message_store
from outreach.messages.models import campaign_message_id
from outreach.messages.status import SkipReason
from outreach.sending import quota
from outreach.sites import site_store

_CONCURRENT_WRITES = 16


def step(record: CampaignRecord) -> bool:
    """Cancel the next page, or finish the cancellation.

    A message that a worker is sending is not cancelled: its status follows the carrier's result.

    Returns:
        Whether the cancellation needs another step.
    """
    if record.audience is None or record.is_released:
        deferred_recipients.clear(record.site_id, record.id)
        record_completion.try_finish_cancellation(record.site_id, record.id)
        return False
    page = ledger.page_of(record.released)
    _cancel_page(record, page)
    campaign_records.move_cursor(record, min(record.audience_size, (page + 1) * ledger.PAGE_SIZE))
    return True


def _cancel_page(record: CampaignRecord, page: int) -> None:
    start = page * ledger.PAGE_SIZE
    cells = dict(enumerate(ledger.cells(record.site_id, record.id, page, record.audience_size), start))
    unreleased = {place: Cell.CANCELLED for place, cell in cells.items() if cell == Cell.UNRELEASED}
    if unreleased:
        ledger.record_decisions(record.site_id, record.id, page, record.audience_size, unreleased)
    unsent = [place for place, cell in cells.items() if cell in (Cell.QUEUED, Cell.SENDING)]
    if unsent:
        contact_ids = audience.contact_ids(record.site_id, record.id, start, unsent[-1] + 1)
        _cancel_messages(record, {campaign_message_id(record.id, contact_ids[place - start]): place for place in unsent})


def _cancel_messages(record: CampaignRecord, places: dict[str, int]) -> None:
    """Skip messages that no worker is sending.

    Args:
        places: the place of each message, by message id.
    """
    rows = message_store.get_many(record.site_id, places, consistent=True, texts=False)
    with ThreadPoolExecutor(_CONCURRENT_WRITES) as pool:
        are_skipped = list(pool.map(lambda row: message_store.skip(row, SkipReason.CANCELLED), rows.values()))
    skipped = [row for row, is_skipped in zip(rows.values(), are_skipped, strict=True) if is_skipped]
    _return_quota(record, sum(row.segments for row in skipped))
    # The stream of message rows updates the ledger. A release that crashed leaves places without rows.
    without_rows = {place: Cell.CANCELLED for message_id, place in places.items() if message_id not in rows}
    if without_rows:
        ledger.apply(record.site_id, record.id, without_rows)


def _return_quota(record: CampaignRecord, segments: int) -> None:
    """Return segments of cancelled messages to today's quota, if all of the record's were taken from it."""
    if segments and record.started_time and quota.is_today(record.started_time):
        quota.refund(record.site_id, segments, site_store.get_site(record.site_id).daily_segments)
