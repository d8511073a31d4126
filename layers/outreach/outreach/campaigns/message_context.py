"""The context of a message: its campaign record and its contact, which may have been merged since."""

from __future__ import annotations

from collections.abc import Iterable

from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.contacts import contact_store
from outreach.errors import NotFound
from outreach.messages import message_store
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus


def get(site_id: str, message_id: str) -> tuple[Message, CampaignRecord | None]:
    """Return a message of the Outreach Message API and its campaign record; ``None`` for a single message.

    Raises:
        NotFound: the site has no such message.
    """
    message = message_store.get(site_id, message_id)
    if message.status is MessageStatus.SKIPPED or message.kind is not Kind.OUTREACH:
        raise NotFound("The site has no message with this id.")
    record = campaign_records.get(site_id, message.record_id) if message.record_id else None
    return message, record


def records_of(site_id: str, messages: Iterable[Message]) -> dict[str, CampaignRecord]:
    """Return the campaign records of messages, by record id."""
    return campaign_records.get_many(site_id, sorted({message.record_id for message in messages if message.record_id}))


def contact_ids(site_id: str, contact_id: str) -> list[str]:
    """Return the contact ids under which messages of a contact are stored: its own, and those of the contacts merged into it.

    For a tombstone, those of the contact that it was merged into.
    """
    contact = contact_store.survivor(contact_store.find(site_id, contact_id))
    return list(dict.fromkeys([contact.id, *contact.merged_ids, contact_id])) if contact else [contact_id]
