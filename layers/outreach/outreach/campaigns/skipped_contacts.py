"""The skipped contacts of a campaign record and the reasons, from its ledger and its frozen audience."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outreach import dynamo
from outreach.campaigns import audience, ledger
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.schemas import SkippedContactResponse
from outreach.contacts import contact_store
from outreach.http import paging
from outreach.messages.recipient import recipient_of
from outreach.messages.status import SkipReason

_CONTACTS_PER_READ = 1_000
# The properties that only the contact has.
_OF_CONTACT = ("name", "to")


@dataclass(frozen=True)
class Skip:
    """A skipped contact."""

    contact_id: str
    reason: SkipReason


def needs_contacts(sort_by: str | None) -> bool:
    """Return whether sorting requires reading the contacts of the whole list."""
    return sort_by in _OF_CONTACT


def skipped_places(record: CampaignRecord) -> list[tuple[int, SkipReason]]:
    """Return the skipped places of the audience and the reasons, in order."""
    return [skip for page in ledger.read_pages(record.site_id, record.id) for skip in ledger.skips(page)]


def page(
    record: CampaignRecord, places: Sequence[tuple[int, SkipReason]], sort_by: str | None, sort_order: str, page_slice: slice
) -> list[SkippedContactResponse]:
    """Return one page of the skipped contacts.

    Args:
        places: the result of :func:`skipped_places`.
        sort_by: a property of :class:`SkippedContactResponse`, by its JSON name; ``None`` for the order of the audience.
        page_slice: the part to return.
    """
    if sort_by is None:
        in_order = places if sort_order == "asc" else places[::-1]
        # The audience can be read only in its own order.
        part = sorted(in_order[page_slice])
        responses = list(_responses(record.site_id, _contacts_at(record, part)))
        return responses if sort_order == "asc" else responses[::-1]
    skips = _contacts_at(record, places)
    if needs_contacts(sort_by):
        return paging.sort(_responses(record.site_id, skips), sort_by, sort_order)[page_slice]
    return list(_responses(record.site_id, paging.sort(skips, sort_by, sort_order)[page_slice]))


def _contacts_at(record: CampaignRecord, places: Sequence[tuple[int, SkipReason]]) -> Iterator[Skip]:
    contact_ids = audience.contacts_at(record.site_id, record.id, [place for place, _ in places])
    return (Skip(contact_id, reason) for contact_id, (_, reason) in zip(contact_ids, places, strict=True))


def _responses(site_id: str, skips: Iterable[Skip]) -> Iterator[SkippedContactResponse]:
    """Add the contacts' current names and numbers."""
    for chunk in dynamo.chunks(list(skips), _CONTACTS_PER_READ):
        contacts = contact_store.get_many(site_id, [skip.contact_id for skip in chunk])
        for skip in chunk:
            contact = contacts.get(skip.contact_id)
            yield SkippedContactResponse(
                contact_id=skip.contact_id,
                name=contact and contact.name,
                recipient=contact and recipient_of(contact).number,
                reason=skip.reason,
            )
