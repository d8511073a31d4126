"""What a reply entails: an opt-out, the contact behind its number, and the ticket that it belongs to.

Safe to repeat at any point: the opt-out has a time, a number has one contact, a message one id, and a ticket one origin.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from outreach import clock
from outreach.contacts import identities, optouts
from outreach.contacts import store as contacts
from outreach.contacts.models import Contact, Identity, IdentityType, identity_id, new_contact_id
from outreach.contacts.store import Change
from outreach.errors import Conflict
from outreach.messages import store as messages
from outreach.messages.models import Claim, ClaimState, Kind, Message
from outreach.messages.status import Status
from outreach.sending import keywords
from outreach.sending.webhooks import OptOut
from outreach.sites import store as sites
from outreach.ticketing import attaching
from outreach.ticketing import store as tickets
from outreach.ticketing.replies import Reply
from outreach.ticketing.waiting import Waiting, unattached


def take_in(reply: Reply) -> None:
    """Do all that a reply entails; the opt-out first, which must not wait for anything else to succeed.

    Raises:
        Conflict: somebody else is creating the same contact.
        Unavailable: the ticketing system can't be asked now.
    """
    region = sites.get_site(reply.site_id).default_region
    _, number = identities.normalise(IdentityType.SMS, reply.inbound.sender, region)
    _heed_keyword(reply, number)
    contact = _contact(reply.site_id, number)
    message = _message(reply, number, contact)
    messages.create_many([message])
    _attach(messages.get(reply.site_id, message.id), contact)


def _heed_keyword(reply: Reply, number: str) -> None:
    """What the carrier made of a message goes before what we would: it has blocked or unblocked the number accordingly."""
    match reply.inbound.opt_out or keywords.meaning(reply.inbound.body):
        case OptOut.OUT:
            optouts.add(reply.site_id, number, "reply", time=reply.received)
        case OptOut.IN:
            optouts.remove(reply.site_id, number, "reply", time=reply.received)


def _contact(site_id: str, number: str) -> Contact:
    """The contact that has a number; an unknown number becomes one, once, however many texts of it arrive together."""
    known = _holder(site_id, number)
    if known:
        return known
    new = _new_contact(site_id, number)
    try:
        contacts.commit(Change(None, new))
    except Conflict:
        known = _holder(site_id, number)
        if known is None:
            raise
        return known
    return new


def _holder(site_id: str, number: str) -> Contact | None:
    found = contacts.find_by_marks(site_id, [(IdentityType.SMS, number)])
    return next((contact for contact, _ in found), None)


def _new_contact(site_id: str, number: str) -> Contact:
    """Named after its number; required fields don't apply to it (contract, Contacts)."""
    contact_id, now = new_contact_id(), clock.timestamp(clock.now())
    identity = Identity(identity_id(contact_id, 1), IdentityType.SMS, number, number)
    return Contact(contact_id, site_id, number, now, now, identities=(identity,), last_ordinal=1, version=1)


def _message(reply: Reply, number: str, contact: Contact) -> Message:
    inbound = reply.inbound
    return Message(
        id=str(uuid.uuid5(uuid.UUID(reply.account_id), inbound.carrier_message_id)),
        site_id=reply.site_id,
        contact_id=contact.id,
        account_id=reply.account_id,
        sender=number,
        recipient=inbound.recipient,
        body=inbound.body,
        slot=reply.received,
        kind=Kind.INBOUND,
        status=Status.DELIVERED,
        claim=Claim(ClaimState.DONE),
        carrier_message_id=inbound.carrier_message_id,
        media_urls=inbound.media_urls,
    )


def _attach(reply: Message, contact: Contact) -> None:
    """Attach a reply together with the messages that waited for one.

    All of them go to one ticket. A new one is opened for the newest message that wants a new one, and that message is attached
    last: until then another reply, or the same one repeated, comes to the same ticket.
    """
    contact_ids = [contact.id, *contact.merged_ids]
    waiting = unattached(reply.site_id, contact_ids, reply.account_id)
    waiting = sorted(waiting, key=lambda entry: (entry.wish.to_new_ticket, entry.message.slot, entry.message.id))
    ticket_id = _ticket(reply, contact_ids, waiting)
    if ticket_id is None:
        return
    if reply.ticket_id is None:
        attaching.attach(reply, ticket_id)
    for entry in waiting:
        attaching.attach(entry.message, ticket_id)


def _ticket(reply: Message, contact_ids: Sequence[str], waiting: Sequence[Waiting]) -> int | None:
    """The ticket of a reply; a contact to whom nothing was sent that waits, and who has no open ticket, gets none."""
    if waiting:
        return attaching.ticket_for(waiting[-1].message, waiting[-1].wish)
    return tickets.newest_open(reply.site_id, contact_ids, reply.account_id)
