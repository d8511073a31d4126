"""The counts of a campaign record: now, as responses show them, and over time."""

from __future__ import annotations

from outreach import clock
from outreach.campaigns import campaign_records, ledger, timeline
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.ledger import Counts, LedgerPage


def read_with_ledger(record: CampaignRecord) -> tuple[list[LedgerPage], Counts]:
    """Return the pages of a frozen record's ledger, and their counts, by a cheap read, which may lack the last changes.

    A completed record shows all of them, because it would contradict itself otherwise.
    """
    pages = list(ledger.read_pages(record.site_id, record.id, consistent=False))
    counts = ledger.count(record.audience_size, pages)
    if record.status is RecordStatus.COMPLETED and counts.queued + counts.sending:
        pages = list(ledger.read_pages(record.site_id, record.id))
        counts = ledger.count(record.audience_size, pages)
    return pages, counts


def read(record: CampaignRecord) -> Counts | None:
    """Return how many contacts of the audience have each status, by a cheap read; ``None`` before the freeze."""
    return read_with_ledger(record)[1] if record.is_frozen else None


def sample(site_id: str, record_id: str) -> None:
    """Store the counts of a record for its timeline, unless the minute has a sample. Called before the ledger changes."""
    now = clock.now()
    if timeline.has_sample(site_id, record_id, now):
        return
    record = campaign_records.get(site_id, record_id)
    if counts := read(record):
        timeline.put_sample(site_id, record_id, now, counts, is_running=record.status is RecordStatus.RUNNING)


def read_timeline(record: CampaignRecord) -> list[tuple[str, Counts]]:
    """Return the time and the counts of each sample of a record: at least one a minute while it runs."""
    entries, counts = timeline.read(record.site_id, record.id), read(record)
    if counts is None:
        return []
    now = timeline.TimelineEntry(clock.timestamp(clock.now()), counts, record.status is RecordStatus.RUNNING)
    return list(timeline.fill_gaps(timeline.append_current(entries, now)))
