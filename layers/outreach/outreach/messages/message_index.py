"""Finds messages by contact, number or ticket, and those without an outcome, by the indexes of the messages table.

Reads of an index are eventually consistent: a message that was written a moment ago may be missing.
:mod:`outreach.messages.message_rows` describes the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from outreach import dynamo
from outreach.messages import message_rows, message_store
from outreach.messages.models import Kind, Message
from outreach.parsing import is_guid
from outreach.settings import settings


def ids_of_contact(site_id: str, contact_id: str, kind: Kind = Kind.OUTREACH, *, since: str = "0") -> list[str]:
    """Return the ids of a contact's messages, or of its replies, with slots from ``since`` on, in the order of the slots."""
    key = message_rows.replies_pk if kind is Kind.INBOUND else message_rows.contact_pk
    return _ids_in(key(site_id, contact_id), since)


def ids_of_person(site_id: str, contact_ids: Iterable[str], numbers: Iterable[str]) -> list[str]:
    """Return the ids of all messages to and from contacts, and of outbound messages to numbers (E.164)."""
    partitions: list[str] = []
    for contact_id in contact_ids:
        partitions += [message_rows.contact_pk(site_id, contact_id), message_rows.replies_pk(site_id, contact_id)]
    partitions += [message_rows.outbound_pk(site_id, number) for number in numbers]
    return [message_id for partition in partitions for message_id in _ids_in(partition)]


def ids_of_ticket(site_id: str, ticket_id: str) -> list[str]:
    """Return the ids of the messages attached to a ticket, in the order of their slots.

    Args:
        ticket_id: a GUID in lower case, or any other text. Version 0.2.0 has stored GUIDs in upper case, too.
    """
    spellings = dict.fromkeys((ticket_id, ticket_id.upper() if is_guid(ticket_id) else ticket_id))
    sort_keys: list[str] = []
    for spelling in spellings:
        rows = dynamo.query(
            settings().messages_table,
            IndexName="ticket",
            KeyConditionExpression="ticket_pk = :pk",
            ExpressionAttributeValues={":pk": message_rows.ticket_pk(site_id, spelling)},
        )
        sort_keys += [row["contact_sk"] for row in rows]
    return [sort_key.rsplit("#", 1)[1] for sort_key in sorted(sort_keys)]


def unsettled_ids(before: str) -> Iterator[tuple[str, str]]:
    """Yield site and id of each single message, of all sites, whose slot is before a time and that has no outcome."""
    for shard in range(message_rows.TIMELINE_SHARDS):
        keys = dynamo.query(
            settings().messages_table,
            IndexName="unsettled",
            KeyConditionExpression="unsettled = :shard AND contact_sk < :before",
            ExpressionAttributeValues={":shard": f"{shard:02}", ":before": before},
        )
        for key in keys:
            site_id, _, message_id = key["pk"].partition("#")
            yield site_id, message_id


def unsettled(before: str) -> Iterator[Message]:
    """Yield each single message, of all sites, whose slot is before a time and that has no outcome; without separate texts."""
    for site_id, group in groupby(sorted(unsettled_ids(before)), key=itemgetter(0)):
        message_ids = [message_id for _, message_id in group]
        yield from message_store.get_many(site_id, message_ids, consistent=True, texts=False).values()


def carrier_ids_of_other_messages(message: Message) -> set[str]:
    """Return the carriers' ids of the other messages to a message's contact, and of outbound messages to its number."""
    ids = {
        *ids_of_contact(message.site_id, message.contact_id),
        *_ids_in(message_rows.outbound_pk(message.site_id, message.recipient)),
    }
    others = message_store.get_many(message.site_id, ids - {message.id}, consistent=True, texts=False)
    return {other.carrier_message_id for other in others.values() if other.carrier_message_id}


def _ids_in(contact_pk: str, since: str = "0") -> list[str]:
    keys = dynamo.query(
        settings().messages_table,
        IndexName="contact",
        KeyConditionExpression="contact_pk = :pk AND contact_sk >= :since",
        ExpressionAttributeValues={":pk": contact_pk, ":since": since},
    )
    return [key["contact_sk"].rsplit("#", 1)[1] for key in keys]
