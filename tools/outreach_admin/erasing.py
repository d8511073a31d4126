"""Erasing a person: the contact goes, its messages stay as what they count for, without numbers and words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from outreach.contacts import editing, optouts
from outreach.contacts import store as contacts
from outreach.contacts.models import Contact, IdentityType
from outreach.errors import Conflict
from outreach.messages import store as messages
from outreach.messages.models import Kind, Message
from outreach.messages.status import Status
from outreach.ticketing import store as tickets

ERASED = "erased"


@dataclass(frozen=True)
class Erased:
    """How much there was of a person."""

    contacts: int
    messages: int
    ticket_messages: int
    opt_outs: int


def erase(site_id: str, person: str, *, opt_out: bool = False) -> Erased:
    """Erase a person from a site; repeated, it goes on where it was broken off.

    Args:
        person: the id of a contact, or a number (E.164), whether a contact has it or not.
        opt_out: also forget that the person has unsubscribed. It is kept otherwise, or the next import would write to them.

    Raises:
        Conflict: messages to the person are under way; cancel their campaign or wait.
    """
    contact = _contact(site_id, person)
    numbers = {person} if person.startswith("+") else set()
    if contact:
        numbers |= {identity.value for identity in contact.identities if identity.type is IdentityType.SMS}
    contact_ids = [contact.id, *contact.merged_ids] if contact else [] if numbers else [person]
    found = messages.get_many(site_id, messages.ids_of_person(site_id, contact_ids, numbers), consistent=True).values()
    if any(message.status in (Status.QUEUED, Status.SENDING) for message in found):
        raise Conflict("Messages to this person are under way.", code="invalid_state")
    in_tickets = sum(_erase_message(message) for message in found)
    if contact:
        # Last: as long as it is there, all the rest can be found by it.
        editing.delete(site_id, contact.id)
    forgotten = sum(optouts.forget(site_id, number) for number in numbers) if opt_out else 0
    return Erased(int(contact is not None), len(found), in_tickets, forgotten)


def _contact(site_id: str, person: str) -> Contact | None:
    if person.startswith("+"):
        found = next(contacts.find_by_marks(site_id, [(IdentityType.SMS, person)]), None)
        return found[0] if found else None
    return contacts.survivor(contacts.find(site_id, person))


def _erase_message(message: Message) -> bool:
    """Erase a message's words and numbers; whether its ticket had a copy of it."""
    field = "sender" if message.kind is Kind.INBOUND else "recipient"
    changed = replace(message, body=ERASED, media_urls=(), attachments=(), **{field: ERASED})  # type: ignore[arg-type]
    if not messages.change(message, changed):
        raise Conflict("A message has changed meanwhile; try again.")
    return message.ticket_id is not None and tickets.erase(message.site_id, message.ticket_id, message.id)
