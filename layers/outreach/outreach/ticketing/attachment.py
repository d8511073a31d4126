"""Attachment of messages to tickets (docs/api.md, "Tickets").

The ticket is written to the message's row last. A message with a ticket is therefore finished, and a worker that was interrupted
repeats all steps with the same ticket.
"""

from __future__ import annotations

from outreach.campaigns import message_context
from outreach.messages import message_store
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Kind, Message
from outreach.ticketing import ticket_store
from outreach.ticketing.attach_queue import AttachJob
from outreach.ticketing.models import AuthorType, ContentType, TicketMessage
from outreach.ticketing.ticketing_system import ticketing

CHANNEL = "SMS"


def attach_sent(job: AttachJob) -> None:
    """Attach a message that its carrier has accepted, unless it is attached already or must no longer be attached.

    Raises:
        NotFound: the message does not exist.
        Unavailable: the ticketing system cannot be reached.
    """
    message, record = message_context.get(job.site_id, job.message_id)
    preference = AutoAttach.of(message, record.auto_attach if record else None)
    if message.ticket_id is None and preference.is_due_when_sent:
        attach(message, find_or_open_ticket(message, preference))


def find_or_open_ticket(message: Message, preference: AutoAttach) -> int:
    """Return the ticket for a message. Repeated calls return the same ticket.

    A message that asks for a new ticket gets one. Any other message gets its contact's newest open ticket, or a new one if the
    contact has none.
    """
    contact_ids = message_context.contact_ids(message.site_id, message.contact_id)
    if not preference.is_for_new_ticket:
        existing = ticket_store.newest_open(message.site_id, contact_ids)
        if existing is not None:
            return existing
    # Concurrent messages that accept any ticket share an origin, so that they open the same ticket.
    origin = message.id if preference.is_for_new_ticket else contact_ids[0]
    return ticket_store.open_ticket(message.site_id, contact_ids[0], message.account_id, origin)


def attach(message: Message, ticket_id: int) -> None:
    """Add a message to a ticket, and record the ticket on the message's row.

    Raises:
        NotFound: the ticket does not exist.
        Unavailable: the ticketing system cannot be reached.
    """
    ticketing().attach(message.site_id, _ticket_message(message, ticket_id))
    message_store.attach(message.site_id, message.id, str(ticket_id))


def attach_posted(site_id: str, message: TicketMessage) -> None:
    """Attach a message that a client posted. If its id is that of a stored message, record the ticket on the row too.

    Raises:
        NotFound: the ticket does not exist.
        Unavailable: the ticketing system cannot be reached.
    """
    ticket_store.get(site_id, message.ticket_id)
    ticketing().attach(site_id, message)
    message_store.attach(site_id, message.id, str(message.ticket_id))


def _ticket_message(message: Message, ticket_id: int) -> TicketMessage:
    is_reply = message.kind is Kind.INBOUND
    return TicketMessage(
        id=message.id,
        ticket_id=ticket_id,
        sent_by_id=message.contact_id if is_reply else message.account_id,
        sent_by_type=AuthorType.CONTACT if is_reply else AuthorType.CHANNEL_ACCOUNT,
        time=message.sent_time or message.slot,
        type=ContentType.TEXT,
        channel_id=CHANNEL,
        body=message.body,
        original_id=message.carrier_message_id,
        attachments=message.attachments or [{"type": "file", "url": url} for url in message.media_urls],
        is_read=not is_reply,
    )
