"""Which ticket a message goes to, and putting it there (contract, Campaigns, records, messages: Auto-attach).

Written on the message's row last: who finds a ticket there has nothing left to do, and who was interrupted does all again, with
the same ticket.
"""

from __future__ import annotations

from outreach.campaigns import joined
from outreach.messages import store as messages
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Kind, Message
from outreach.ticketing import store as tickets
from outreach.ticketing.models import ContentType, SenderType, TicketMessage
from outreach.ticketing.port import ticketing
from outreach.ticketing.queue import Attachment

CHANNEL = "SMS"


def attach_sent(attachment: Attachment) -> None:
    """Attach a message that its carrier has accepted, unless it is attached already, or shall not be any more.

    Raises:
        NotFound: there is no such message.
        Unavailable: the ticketing system can't be asked now.
    """
    message, record = joined.get(attachment.site_id, attachment.message_id)
    wish = AutoAttach.of(message, record.campaign if record else None)
    if message.ticket_id is None and wish.when_sent:
        attach(message, ticket_for(message, wish))


def ticket_for(message: Message, wish: AutoAttach) -> int:
    """The ticket that a message is to go to: one of its own, or its contact's newest open one; opened where there is none."""
    contacts = joined.contact_ids(message.site_id, message.contact_id)
    if not wish.to_new_ticket:
        existing = tickets.newest_open(message.site_id, contacts, message.account_id)
        if existing is not None:
            return existing
    # Messages that want any ticket, and look at the same time, must open the same one.
    origin = message.id if wish.to_new_ticket else f"{contacts[0]}#{message.account_id}"
    return tickets.open_ticket(message.site_id, contacts[0], message.account_id, origin)


def attach(message: Message, ticket_id: int) -> None:
    """Put a message into a ticket, and note it on its row.

    Raises:
        NotFound: there is no such ticket.
        Unavailable: the ticketing system can't be asked now.
    """
    ticketing().attach(message.site_id, _ticket_message(message, ticket_id))
    messages.attach(message.site_id, message.id, str(ticket_id))


def attach_given(site_id: str, message: TicketMessage) -> None:
    """Attach a message that somebody else wrote; if it is one of ours by its id, its row says so.

    Raises:
        NotFound: there is no such ticket.
        Unavailable: the ticketing system can't be asked now.
    """
    tickets.require(site_id, message.ticket_id)
    ticketing().attach(site_id, message)
    messages.attach(site_id, message.id, str(message.ticket_id))


def _ticket_message(message: Message, ticket_id: int) -> TicketMessage:
    is_reply = message.kind is Kind.INBOUND
    return TicketMessage(
        id=message.id,
        ticket_id=ticket_id,
        sent_by_id=message.contact_id if is_reply else message.account_id,
        sent_by_type=SenderType.CONTACT if is_reply else SenderType.CHANNEL_ACCOUNT,
        time=message.sent_time or message.slot,
        type=ContentType.TEXT,
        channel_id=CHANNEL,
        body=message.body,
        original_id=message.carrier_message_id,
        attachments=[{"url": url} for url in message.media_urls],
        is_read=not is_reply,
    )
