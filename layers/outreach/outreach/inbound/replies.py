"""Processing of a reply: its opt-out, its contact and its ticket (docs/api.md, "Replies").

Every step can be repeated: an opt-out has a time, a number has one contact, a message has one id, and a ticket has one origin.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from outreach import clock, phone_numbers, text
from outreach.campaigns import engagement
from outreach.consent.keywords import Keyword, apply_opt_out_keyword, keyword_for_site
from outreach.contacts import contact_store
from outreach.contacts.contact_store import ContactChange
from outreach.contacts.models import Contact, Identity, IdentityType, identity_id, new_contact_id
from outreach.errors import Conflict, ValidationFailed
from outreach.inbound import attribution
from outreach.inbound.reply_queue import ReplyJob
from outreach.messages import message_store
from outreach.messages.models import Claim, ClaimState, Kind, Message
from outreach.messages.status import MessageStatus
from outreach.ticketing import attachment, ticket_store
from outreach.ticketing.unattached_messages import UnattachedMessage, list_unattached


def handle_reply(reply: ReplyJob) -> None:
    """Store the message with its contact, apply an opt-out or opt-in, count it, and attach it to a ticket.

    A repeated webhook finds the stored message and reuses its time. An opt-out does not depend on the success of any other step.

    Raises:
        ValidationFailed: the message has no sender.
        Conflict: another worker is creating the same contact.
        Unavailable: the ticketing system cannot be reached.
    """
    if not reply.inbound.sender.strip():
        raise ValidationFailed(detail="The inbound message has no sender.")
    number = phone_numbers.read_reported(reply.inbound.sender)
    # The carrier's own reading comes first, because the carrier has blocked or unblocked the number by it.
    keyword = reply.inbound.opt_out or keyword_for_site(reply.site_id, reply.inbound.body)
    try:
        message, contact = _store(reply, number, keyword)
    except Exception:
        if keyword is Keyword.OUT:
            apply_opt_out_keyword(reply.site_id, number, keyword, reply.inbound.occurred or reply.received)
        raise
    apply_opt_out_keyword(reply.site_id, number, keyword, reply.inbound.occurred or message.slot)
    try:
        engagement.count_reply(message)
    finally:
        # Many replies at once compete for the counts of their record. A refused one is processed again; its ticket need not wait.
        _attach(message, contact)


def _store(reply: ReplyJob, number: str, keyword: Keyword | None) -> tuple[Message, Contact]:
    """Store a message, with its attribution, unless it is stored already; return the stored one and its contact."""
    contact = _get_or_create_contact(reply.site_id, number)
    message = attribution.attribute(replace(_message(reply, number, contact), keyword=keyword), contact)
    message_store.create(message)
    return message_store.get(reply.site_id, message.id), contact


def _get_or_create_contact(site_id: str, number: str) -> Contact:
    """Return the contact of a number. Concurrent replies from an unknown number create one contact only."""
    existing = contact_store.find_by_number(site_id, number)
    if existing:
        return existing
    new = _new_contact(site_id, number)
    try:
        contact_store.commit(ContactChange(None, new))
    except Conflict:
        existing = contact_store.find_by_number(site_id, number)
        if existing is None:
            raise
        return existing
    return new


def _new_contact(site_id: str, number: str) -> Contact:
    """Return a contact named after its number, without the site's required fields (docs/api.md, "Contacts")."""
    contact_id, now = new_contact_id(), clock.timestamp(clock.now())
    identity = Identity(identity_id(contact_id, 1), IdentityType.SMS, number, number)
    return Contact(contact_id, site_id, number, now, now, identities=(identity,), last_ordinal=1, version=1)


def _message(reply: ReplyJob, number: str, contact: Contact) -> Message:
    inbound = reply.inbound
    return Message(
        id=str(uuid.uuid5(uuid.UUID(reply.account_id), inbound.carrier_message_id)),
        site_id=reply.site_id,
        contact_id=contact.id,
        account_id=reply.account_id,
        sender=number,
        recipient=inbound.recipient,
        body=text.normalise_body(inbound.body),
        slot=reply.received,
        kind=Kind.INBOUND,
        status=MessageStatus.DELIVERED,
        claim=Claim(ClaimState.DONE),
        carrier_message_id=inbound.carrier_message_id,
        media_urls=inbound.media_urls,
        attachments=inbound.attachments,
    )


def _attach(reply: Message, contact: Contact) -> None:
    """Attach a reply, and the messages that were to be attached on a reply, to one ticket.

    If any of these messages asks for a new ticket, the ticket is opened for the newest of them, and that message is attached
    last. Until then, another reply, or this one processed again, finds the same ticket.
    """
    contact_ids = [contact.id, *contact.merged_ids]
    waiting = list_unattached(reply.site_id, contact_ids, reply.account_id)
    unattached = sorted(
        # A reply that is processed again does not answer messages that were sent after it.
        (entry for entry in waiting if (entry.message.sent_time or entry.message.slot) <= reply.slot),
        key=lambda entry: (entry.preference.is_for_new_ticket, entry.message.slot, entry.message.id),
    )
    ticket_id = _ticket(reply, contact_ids, unattached)
    if ticket_id is None:
        return
    if reply.ticket_id is None:
        attachment.attach(reply, ticket_id)
    for entry in unattached:
        attachment.attach(entry.message, ticket_id)


def _ticket(reply: Message, contact_ids: Sequence[str], unattached: Sequence[UnattachedMessage]) -> int | None:
    """Return the ticket for a reply; ``None`` if no message is unattached and the contact has no open ticket."""
    if unattached:
        return attachment.find_or_open_ticket(unattached[-1].message, unattached[-1].preference)
    return ticket_store.newest_open(reply.site_id, contact_ids)
