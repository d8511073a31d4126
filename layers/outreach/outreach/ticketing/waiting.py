"""Messages that go to a ticket when their contact replies (contract, Campaigns, records, messages: unattachedMessages)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from outreach.campaigns.joined import records_of
from outreach.campaigns.records import Record
from outreach.messages import store
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Kind, Message
from outreach.messages.status import Status


class Waiting(NamedTuple):
    """A sent message that waits for a reply, with its record if it has one."""

    message: Message
    record: Record | None

    @property
    def wish(self) -> AutoAttach:
        """Which ticket it is to go to."""
        return AutoAttach.of(self.message, self.record.campaign if self.record else None)


def unattached(site_id: str, contact_ids: Iterable[str], account_id: str | None = None) -> list[Waiting]:
    """The sent messages of a contact that wait for a reply and have no ticket, the oldest first.

    Reads the rows of all messages of the contact.

    Args:
        contact_ids: the contact's, with those that were merged into it (:func:`outreach.campaigns.joined.contact_ids`).
        account_id: the channel account that they were sent from; ``None`` for any.
    """
    ids = [message_id for contact_id in contact_ids for message_id in store.ids_of_contact(site_id, contact_id)]
    messages = [
        message
        for message in store.get_many(site_id, ids, consistent=True).values()
        if message.kind is Kind.OUTREACH
        and message.status in (Status.SENT, Status.DELIVERED)
        and message.ticket_id is None
        and account_id in (None, message.account_id)
    ]
    its_record = records_of(site_id, messages)
    waiting = (Waiting(message, its_record.get(message.record_id or "")) for message in messages)
    wanted = [entry for entry in waiting if entry.wish.when_replied]
    return sorted(wanted, key=lambda entry: (entry.message.slot, entry.message.id))
