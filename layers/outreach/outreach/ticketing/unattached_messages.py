"""Messages that are attached to a ticket only when their contact replies (docs/api.md, "Messages")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.message_context import records_of
from outreach.messages import message_index, message_store
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus


class UnattachedMessage(NamedTuple):
    """A sent message that waits for a reply, with its campaign record if it has one."""

    message: Message
    record: CampaignRecord | None

    @property
    def preference(self) -> AutoAttach:
        """The ticket that the message asks for."""
        return AutoAttach.of(self.message, self.record.auto_attach if self.record else None)


def list_unattached(site_id: str, contact_ids: Iterable[str], account_id: str | None = None) -> list[UnattachedMessage]:
    """Return a contact's sent messages that wait for a reply and have no ticket, oldest first.

    Reads the rows of all messages of the contact.

    Args:
        contact_ids: the contact's, with those merged into it (:func:`outreach.campaigns.message_context.contact_ids`).
        account_id: the channel account that sent them; ``None`` for any.
    """
    ids = [message_id for contact_id in contact_ids for message_id in message_index.ids_of_contact(site_id, contact_id)]
    unattached = [
        message
        for message in message_store.get_many(site_id, ids, consistent=True, texts=False).values()
        if message.kind is Kind.OUTREACH
        and message.status in (MessageStatus.SENT, MessageStatus.DELIVERED)
        and message.ticket_id is None
        and account_id in (None, message.account_id)
    ]
    messages = message_store.with_texts(site_id, unattached)
    records = records_of(site_id, messages)
    candidates = (UnattachedMessage(message, records.get(message.record_id or "")) for message in messages)
    due = [entry for entry in candidates if entry.preference.is_due_when_replied]
    return sorted(due, key=lambda entry: (entry.message.slot, entry.message.id))
