"""The filter ``keywords``: from, to, campaign name, contact name, and of a reply its text, compared as text.

A part of a phone number is also compared as a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from outreach import phone_numbers, text
from outreach.campaigns import campaign_store
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.contacts import contact_store
from outreach.errors import NotFound
from outreach.messages.models import Kind, Message


def filter_by_keywords(
    site_id: str, keywords: str, messages: Sequence[Message], records: Mapping[str, CampaignRecord]
) -> list[Message]:
    """Return the messages that contain a text.

    Contacts are read only for messages that do not contain it elsewhere.

    Args:
        records: the campaign records of the messages, by id.
    """
    key = text.comparison_key(keywords)
    fold, has_part = text.folding_for(key), phone_numbers.has_part(keywords, None)
    campaign_names = _campaign_names(site_id, messages) | {record.id: record.campaign_name for record in records.values()}

    def is_match(message: Message) -> bool:
        campaign_name = campaign_names.get(message.record_id or message.campaign_id or "", "")
        written = message.body if message.kind is Kind.INBOUND else ""
        numbers = (message.sender, message.recipient)
        return any(key in fold(field) for field in (*numbers, campaign_name, written)) or any(map(has_part, numbers))

    match_ids = {message.id for message in messages if is_match(message)}
    contact_names = _contact_names(site_id, {message.contact_id for message in messages if message.id not in match_ids})
    return [message for message in messages if message.id in match_ids or key in fold(contact_names.get(message.contact_id, ""))]


def _campaign_names(site_id: str, messages: Sequence[Message]) -> dict[str, str]:
    """Return the names of the campaigns that single messages name, by campaign id."""
    names = {}
    for campaign_id in {message.campaign_id for message in messages if message.campaign_id and not message.record_id}:
        try:
            names[campaign_id] = campaign_store.get(site_id, campaign_id).name
        except NotFound:
            continue
    return names


def _contact_names(site_id: str, contact_ids: set[str]) -> dict[str, str]:
    """Return names by contact id; a merged contact has the name of its survivor."""
    names = {contact_id: contact.name for contact_id, contact in contact_store.get_many(site_id, contact_ids).items()}
    for contact_id in contact_ids - names.keys():
        survivor = contact_store.survivor(contact_store.find(site_id, contact_id))
        if survivor:
            names[contact_id] = survivor.name
    return names
