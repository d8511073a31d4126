"""The frozen audience of a campaign record: an S3 object of packed contact ids, in the order of their places.

=================================  ==========================================================================
key                                object
=================================  ==========================================================================
``parts/<site>/<record>/<part>``   the contacts that one scan matched; the bucket's lifecycle rule deletes it
``audiences/<site>/<record>``      the audience; never changed once the record has its size
=================================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from outreach import parsing, s3
from outreach.campaigns import campaign_records, ledger, snapshot_store, snapshots, stale_filters
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Cell
from outreach.contacts import field_store, packed_ids
from outreach.contacts.filters import compiler
from outreach.contacts.filters.conditions import Predicate
from outreach.contacts.filters.models import Filter
from outreach.contacts.listing import contact_counts, search
from outreach.errors import ValidationFailed
from outreach.settings import settings

# One scan of this size takes a few seconds; beyond that a parallel scan is worth another function.
_CONTACTS_PER_SCAN = 50_000


# A resend reads a ledger and no contacts, so its only scan has no shards.
_LEDGER_SCAN: list[list[int]] = [[]]


def plan_scans(record: CampaignRecord) -> list[list[int]]:
    """Plan the scans for a record's audience.

    Returns:
        The shards of each scan.
    """
    return _LEDGER_SCAN if record.failed_of else contact_scans(record.site_id)


def describe_stale_filter(record: CampaignRecord) -> str | None:
    """Say why the record's filter no longer fits the site's fields; ``None`` if it does. A resend has no filter."""
    if record.failed_of:
        return None
    contact_filter = _contact_filter(record)
    try:
        _predicate(record, contact_filter)
    except ValidationFailed as error:
        return f"the {stale_filters.problem(error, contact_filter)}"
    return None


def contact_scans(site_id: str) -> list[list[int]]:
    """Divide the site's contact shards among parallel scans: one scan for few contacts, 16 for a million."""
    shards = settings().contact_shards
    scans = min(shards, 1 + contact_counts.total_contacts(site_id) // _CONTACTS_PER_SCAN)
    return [list(range(first, shards, scans)) for first in range(scans)]


def scan(record: CampaignRecord, shards: list[int], part: int) -> None:
    """Store the contacts of ``shards`` that match the record's filter as part number ``part``.

    Relative dates refer to the start of the send, so parallel and repeated scans agree. A resend stores the contacts that an
    earlier record did not reach.
    """
    ids = failed_ids(record.site_id, record.failed_of) if record.failed_of else _matching_ids(record, shards)
    s3.working_files().put(_part_key(record, part), packed_ids.pack(ids))


def _matching_ids(record: CampaignRecord, shards: list[int]) -> Iterator[str]:
    return search.matching_ids(record.site_id, shards, _predicate(record, _contact_filter(record)))


def _contact_filter(record: CampaignRecord) -> Filter:
    return snapshots.contact_filter(snapshot_store.get(record.site_id, record.id))


def _predicate(record: CampaignRecord, contact_filter: Filter) -> Predicate:
    site_fields = field_store.load(record.site_id)
    return compiler.compile_filter(contact_filter, site_fields, now=parsing.parse_moment(record.sent_time))


def failed_ids(site_id: str, record_id: str) -> Iterator[str]:
    """Yield the contacts whose message in a record is ``failed`` or ``undelivered``, in the order of their places.

    Reads the audience once for each ledger page with such a message.
    """
    for page in ledger.read_pages(site_id, record_id):
        if places := page.places(Cell.FAILED, Cell.UNDELIVERED):
            ids = contact_ids(site_id, record_id, places[0], places[-1] + 1)
            yield from (ids[place - places[0]] for place in places)


def freeze(record: CampaignRecord, parts: int) -> CampaignRecord:
    """Join the parts into the final audience. Idempotent."""
    if record.audience is not None:
        return record
    packed = b"".join(s3.working_files().get(_part_key(record, part)) for part in range(parts))
    s3.working_files().put(_key(record.site_id, record.id), packed)
    return campaign_records.freeze(record, len(packed) // packed_ids.ID_BYTES)


def contact_ids(site_id: str, record_id: str, start: int, stop: int) -> list[str]:
    """Return the contacts at the places from ``start`` up to, but not including, ``stop``."""
    if start >= stop:
        return []
    part = s3.working_files().get_part(_key(site_id, record_id), packed_ids.byte_range(start, stop))
    if part is None:
        raise RuntimeError(f"the audience of record {record_id} ends before place {start}")
    return packed_ids.unpack(part.content)


def contacts_at(site_id: str, record_id: str, places: Sequence[int]) -> Iterator[str]:
    """Yield the contacts at some places, given in order. Reads the audience once for each ledger page with a place."""
    for number, group in groupby(places, key=ledger.page_of):
        start, page_places = number * ledger.PAGE_SIZE, list(group)
        ids = contact_ids(site_id, record_id, start, page_places[-1] + 1)
        yield from (ids[place - start] for place in page_places)


def _part_key(record: CampaignRecord, part: int) -> str:
    return f"parts/{record.site_id}/{record.id}/{part:03}"


def _key(site_id: str, record_id: str) -> str:
    return f"audiences/{site_id}/{record_id}"
