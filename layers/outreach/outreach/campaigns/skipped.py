"""Which contacts of a record's audience were skipped, and why: read off the ledger and the frozen audience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from outreach.campaigns import audience, ledger
from outreach.campaigns.records import Record
from outreach.messages.status import SkipReason


def places(record: Record) -> list[tuple[int, SkipReason]]:
    """The skipped places of the audience with their reasons, in order."""
    return [skip for page in ledger.read_pages(record.site_id, record.id) for skip in ledger.skips(page)]


def contacts(site_id: str, record_id: str, wanted: Sequence[tuple[int, SkipReason]]) -> Iterator[tuple[str, SkipReason]]:
    """The contacts at some of those places; one read of the audience for each of its pages that has any."""
    for number, group in groupby(wanted, key=lambda skip: ledger.page_of(skip[0])):
        start = number * ledger.PAGE_SIZE
        skips = list(group)
        ids = audience.contact_ids(site_id, record_id, start, skips[-1][0] + 1)
        for place, reason in skips:
            yield ids[place - start], reason
