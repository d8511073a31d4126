"""Erases a person: the contact, the content of its messages and tickets, and every copy of its numbers and addresses elsewhere.

Messages, records and tickets stay for the counts. What stays of the person is in docs/operations.md, "Erasing a person".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from outreach.consent import opt_outs
from outreach.contacts import contact_service, contact_store, merge_journal
from outreach.contacts.models import Contact, IdentityType
from outreach.errors import Conflict
from outreach.messages import message_index, message_store
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus
from outreach.ticketing import ticket_store
from outreach_admin import file_erasure, table_erasure
from outreach_admin.traces import ERASED, Traces

_IN_FLIGHT = (MessageStatus.QUEUED, MessageStatus.SENDING)


@dataclass(frozen=True)
class ErasedCounts:
    """How many items of each kind were erased; ``copies`` are other items and files that named the person."""

    contacts: int
    messages: int
    ticket_messages: int
    copies: int
    opt_outs: int


def erase(site_id: str, person: str, *, opt_out: bool = False) -> ErasedCounts:
    """Erase a person from a site. After an interruption, a repeated call erases the rest. Reads all tables.

    Args:
        person: the id of a contact, or an E.164 number, even one that no contact has.
        opt_out: also delete the person's opt-outs. Kept opt-outs prevent messages after a later import of the number.

    Raises:
        Conflict: messages to the person are being sent, or a file with the person is being imported.
    """
    contact = _find_contact(site_id, person)
    contacts = list(_with_merged(contact)) if contact else []
    is_number = person.startswith("+")
    traces = Traces.of(contacts, [person] if is_number else [], [] if is_number else [person])
    messages = _messages(site_id, contact, person, traces.numbers)
    if any(message.status in _IN_FLIGHT for message in messages):
        raise Conflict(
            "Messages to this person are being sent. Cancel their campaign or wait, then try again.", code="invalid_state"
        )
    file_erasure.require_finished_imports(site_id, traces)
    ticket_messages = sum(_erase_message(message) for message in messages) + _erase_tickets(site_id, traces)
    copies = table_erasure.redact(site_id, traces) + file_erasure.redact_imports(site_id, traces)
    erased_opt_outs = _erase_opt_outs(site_id, traces.numbers, delete=opt_out)
    if contact:
        # Last, because a repeated call finds everything else through the contact.
        for merged in contacts:
            merge_journal.delete(site_id, merged.id)
        contact_service.delete(site_id, contact.id)
    file_erasure.delete_responses(site_id)
    return ErasedCounts(int(contact is not None), len(messages), ticket_messages, copies, erased_opt_outs)


@dataclass(frozen=True)
class Found:
    """What an erasure would begin with: contacts, those merged into one included; messages; those of them that still wait."""

    contacts: int
    messages: int
    waiting: int


def find(site_id: str, person: str) -> Found:
    """Find a person as :func:`erase` does, without the copies elsewhere. Waiting messages keep a person from being erased."""
    contact = _find_contact(site_id, person)
    contacts = list(_with_merged(contact)) if contact else []
    traces = Traces.of(contacts, [person] if person.startswith("+") else [], [])
    messages = _messages(site_id, contact, person, traces.numbers)
    waiting = [message for message in messages if message.status in _IN_FLIGHT]
    return Found(len({entry.id for entry in contacts}), len(messages), len(waiting))


def _find_contact(site_id: str, person: str) -> Contact | None:
    if person.startswith("+"):
        keys = [(IdentityType.SMS, person), (IdentityType.WHATSAPP, person)]
        match = next(contact_store.find_by_identities(site_id, keys), None)
        return match[0] if match else None
    return contact_store.survivor(contact_store.find(site_id, person))


def _with_merged(contact: Contact) -> Iterator[Contact]:
    """Yield a contact, and those that were merged into it, as they were before that if it is known."""
    yield contact
    for merged_id in contact.merged_ids:
        if tombstone := contact_store.find(contact.site_id, merged_id):
            yield tombstone
        if journal := merge_journal.find(contact.site_id, merged_id):
            yield journal.other


def _messages(site_id: str, contact: Contact | None, person: str, numbers: Collection[str]) -> Collection[Message]:
    """Return the messages of a person whose contact, if it still exists, or numbers were found.

    Args:
        person: what the operator gave: the id of a contact, unless numbers were found.
    """
    contact_ids = [] if numbers else [person]
    if contact:
        contact_ids = [contact.id, *contact.merged_ids]
    message_ids = message_index.ids_of_person(site_id, contact_ids, numbers)
    return message_store.get_many(site_id, message_ids, consistent=True).values()


def _erase_message(message: Message) -> bool:
    """Overwrite a message's text, media and number; return whether its ticket had a copy, which is overwritten too."""
    field = "sender" if message.kind is Kind.INBOUND else "recipient"
    erased = replace(message, body=ERASED, media_urls=(), attachments=(), **{field: ERASED})  # type: ignore[arg-type]
    if not message_store.change(message, erased):
        raise Conflict("A message changed during the erasure. Run the command again.")
    return message.ticket_id is not None and ticket_store.erase(message.site_id, message.ticket_id, message.id)


def _erase_tickets(site_id: str, traces: Traces) -> int:
    """Erase the content of all messages in the person's tickets; return how many still had any."""
    return sum(ticket_store.erase_contact(site_id, contact_id) for contact_id in traces.contact_ids)


def _erase_opt_outs(site_id: str, numbers: Collection[str], *, delete: bool) -> int:
    """Delete the opt-outs of numbers, or only the reasons in their history; return how many opt-outs were deleted."""
    for number in numbers:
        opt_outs.erase_reasons(site_id, number)
    return sum(opt_outs.erase(site_id, number) for number in numbers) if delete else 0
