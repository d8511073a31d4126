"""What a message refers to: its campaign record, and its contact, which may be another one by now."""

from __future__ import annotations

from collections.abc import Iterable

from outreach.campaigns import records
from outreach.campaigns.records import Record
from outreach.contacts import store as contacts
from outreach.errors import NotFound
from outreach.messages import store
from outreach.messages.models import Kind, Message
from outreach.messages.status import Status


def get(site_id: str, message_id: str) -> tuple[Message, Record | None]:
    """A message of the Outreach Message API as it stands, with its campaign record if it has one.

    Raises:
        NotFound: the site has no such message.
    """
    message = store.get(site_id, message_id)
    if message.status is Status.SKIPPED or message.kind is not Kind.OUTREACH:
        raise NotFound("There is no such message.")
    return message, records.get(site_id, message.record_id) if message.record_id else None


def records_of(site_id: str, messages: Iterable[Message]) -> dict[str, Record]:
    """The campaign records that messages belong to, by id."""
    return records.get_many(site_id, sorted({message.record_id for message in messages if message.record_id}))


def contact_ids(site_id: str, contact_id: str) -> list[str]:
    """The ids that messages of a contact may have: its own first, then those of the contacts that were merged into it.

    For a contact that was merged into another, those of the other.
    """
    contact = contacts.survivor(contacts.find(site_id, contact_id))
    return list(dict.fromkeys([contact.id, *contact.merged_ids, contact_id])) if contact else [contact_id]
