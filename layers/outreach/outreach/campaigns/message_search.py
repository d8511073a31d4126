"""Finds the messages of a campaign record by their status, in its ledger, without reading their rows."""

from __future__ import annotations

from collections.abc import Iterator

from outreach.campaigns import audience, ledger
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Cell
from outreach.messages.models import campaign_message_id
from outreach.messages.status import MessageStatus


def ids_with_status(record: CampaignRecord, status: MessageStatus) -> Iterator[str]:
    """Yield the ids of the record's messages that have a status. The ledger may be some seconds behind the messages."""
    pages = ledger.read_pages(record.site_id, record.id)
    places = [place for page in pages for place in page.places(Cell[status.name])]
    contact_ids = audience.contacts_at(record.site_id, record.id, places)
    return (campaign_message_id(record.id, contact_id) for contact_id in contact_ids)
