"""Pages of lists of campaign records. Only the records of the page are read in full, with their ledgers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

from outreach.campaigns import campaign_records, engagement, results, snapshot_store
from outreach.campaigns.campaign_records import CampaignRecord, RecordEntry
from outreach.campaigns.schemas import RecordResponse
from outreach.http import paging

# The properties that are neither in a record nor in its entry.
_ENGAGEMENT_COUNTS = ("replies", "optOuts")


def page(
    site_id: str, entries: Sequence[RecordEntry | CampaignRecord], sort_by: str, sort_order: str, page_slice: slice
) -> list[RecordResponse]:
    """Return one part of a list of records.

    Args:
        sort_by: a property of :class:`RecordResponse`, by its JSON name.
        page_slice: the part to return.
    """
    ordered = paging.sort(entries, sort_by, sort_order, shown=_shown(site_id, entries, sort_by))
    ids = [entry.id for entry in ordered[page_slice]]
    by_id = campaign_records.get_many(site_id, ids, consistent=True)
    records = [by_id[record_id] for record_id in ids if record_id in by_id]
    campaigns = snapshot_store.get_many(site_id, [record.id for record in records])
    pairs = zip(records, results.of_many(site_id, records), strict=True)
    return [RecordResponse.of(record, record_results, campaigns[record.id]) for record, record_results in pairs]


def _shown(
    site_id: str, entries: Sequence[RecordEntry | CampaignRecord], sort_by: str
) -> Callable[[RecordEntry | CampaignRecord], object]:
    if sort_by not in _ENGAGEMENT_COUNTS:
        return lambda entry: entry
    counts = engagement.counts_of(site_id, [entry.id for entry in entries])
    return lambda entry: SimpleNamespace(id=entry.id, **vars(counts[entry.id]))
