"""``keywords`` of the list of messages: from, to, campaign name and contact name (specification), in any case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from outreach.campaigns import store as campaigns
from outreach.campaigns.records import Record
from outreach.contacts import store as contacts
from outreach.errors import NotFound
from outreach.messages.models import Message


def containing(site_id: str, keywords: str, messages: Sequence[Message], its_record: Mapping[str, Record]) -> list[Message]:
    """The messages that have the text somewhere; contacts are read only of those that don't have it elsewhere.

    Args:
        its_record: the records of the messages, by id.
    """
    wanted = keywords.casefold()
    names = _campaign_names(site_id, messages) | {record.id: str(record.campaign["name"]) for record in its_record.values()}

    def has_it(message: Message) -> bool:
        texts = (message.sender, message.recipient, names.get(message.record_id or message.campaign_id or "", ""))
        return any(wanted in text.casefold() for text in texts)

    sure = {message.id for message in messages if has_it(message)}
    of_contact = _contact_names(site_id, {message.contact_id for message in messages if message.id not in sure})
    return [message for message in messages if message.id in sure or wanted in of_contact.get(message.contact_id, "").casefold()]


def _campaign_names(site_id: str, messages: Sequence[Message]) -> dict[str, str]:
    """Names of the campaigns that single messages say they belong to."""
    names = {}
    for campaign_id in {message.campaign_id for message in messages if message.campaign_id and not message.record_id}:
        try:
            names[campaign_id] = campaigns.get(site_id, campaign_id).name
        except NotFound:
            continue
    return names


def _contact_names(site_id: str, contact_ids: set[str]) -> dict[str, str]:
    """Names by contact; that of the survivor where a contact was merged."""
    names = {contact_id: contact.name for contact_id, contact in contacts.get_many(site_id, contact_ids).items()}
    for contact_id in contact_ids - names.keys():
        survivor = contacts.survivor(contacts.find(site_id, contact_id))
        if survivor:
            names[contact_id] = survivor.name
    return names
