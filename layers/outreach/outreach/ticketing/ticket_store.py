"""The built-in ticketing system: tickets and their messages in the tickets table.

=======================================  ====================  ==================================================
pk                                       sk                    item
=======================================  ====================  ==================================================
``SITE#<site>``                          ``COUNTER``           ``last``: the number of the site's newest ticket
``SITE#<site>#ORIGIN#<origin>``          ``ORIGIN``            the number of the ticket opened for an origin
``SITE#<site>#TICKET#<id>``              ``TICKET``            the ticket: contact, channel account, create time
``SITE#<site>#TICKET#<id>``              ``MESSAGE#<message>`` one of its messages, as a JSON document
``SITE#<site>#OPEN#<contact>``           ``<account>#<id>``    an open ticket of a contact, with its channel account; 12 digits
=======================================  ====================  ==================================================

The API cannot close a ticket, so every ticket is open.

Nothing here needs a transaction: each step can be repeated, and a caller that was interrupted repeats all steps. A ticket number
that was allocated and not used is skipped. Opening a ticket costs four write units; a message costs one per KB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from outreach import clock, dynamo
from outreach.dynamo import Update
from outreach.errors import NotFound, ValidationFailed
from outreach.settings import settings
from outreach.ticketing.models import Ticket, TicketMessage
from outreach.ticketing.ticket_documents import document_of, message_of

_MAX_DOCUMENT_BYTES = 350_000  # DynamoDB's limit for an item is 400 KB


def require_built_in() -> None:
    """Check that the messages of tickets are here.

    Raises:
        NotFound: they are in an external ticketing system.
    """
    if settings().ticketing_base_url:
        raise NotFound("The tickets are in an external ticketing system. Read them there.")


def open_ticket(site_id: str, contact_id: str, account_id: str, origin: str) -> int:
    """Open a ticket of a contact, or return the one that was opened for the same ``origin``.

    Args:
        account_id: the channel account that the ticket is opened for.

    Returns:
        The ticket's number, counted from 1 in each site.
    """
    ticket_id = _ticket_number(site_id, origin)
    ticket = {"contact_id": contact_id, "account_id": account_id, "create_time": clock.timestamp(clock.now())}
    if not dynamo.put_new(settings().tickets_table, _ticket_key(site_id, ticket_id) | ticket):
        # Another account may have opened it for the same origin: the ticket is in the list once, under the account that it names.
        account_id = get(site_id, ticket_id).account_id
    entry = {"pk": _open_pk(site_id, contact_id), "sk": f"{account_id}#{ticket_id:012}"}
    dynamo.put_new(settings().tickets_table, entry)
    return ticket_id


def newest_open(site_id: str, contact_ids: Iterable[str]) -> int | None:
    """Return a contact's newest open ticket, whichever channel account it was opened for (docs/api.md, "Messages").

    Args:
        contact_ids: the contact's, with those of the contacts merged into it.
    """
    return max(_open_numbers(site_id, contact_ids), default=None)


def get(site_id: str, ticket_id: int) -> Ticket:
    """Return a ticket.

    Raises:
        NotFound: the site has no such ticket.
    """
    item = dynamo.get(settings().tickets_table, _ticket_key(site_id, ticket_id), consistent=True)
    if item is None:
        raise NotFound("The site has no ticket with this id.")
    return _ticket(item)


def list_of_contact(site_id: str, contact_ids: Iterable[str]) -> list[Ticket]:
    """Return a contact's tickets, in no particular order.

    Args:
        contact_ids: the contact's, with those of the contacts merged into it.
    """
    keys = [_ticket_key(site_id, ticket_id) for ticket_id in _open_numbers(site_id, contact_ids)]
    return [_ticket(item) for item in dynamo.batch_get(settings().tickets_table, keys, consistent=True)]


def attach(site_id: str, message: TicketMessage) -> None:
    """Add a message to its ticket; a message that the ticket has already stays unchanged.

    Raises:
        ValidationFailed: the message does not fit into an item.
    """
    document = orjson.dumps(document_of(message))
    if len(document) > _MAX_DOCUMENT_BYTES:
        raise ValidationFailed.at("", "must be smaller than 350 KB; use fewer or shorter values")
    pk = _ticket_key(site_id, message.ticket_id)["pk"]
    item = {"pk": pk, "sk": f"MESSAGE#{message.id}", "document": document.decode()}
    dynamo.put_new(settings().tickets_table, item)


def messages(site_id: str, ticket_id: int) -> list[TicketMessage]:
    """Return the messages of a ticket, oldest first."""
    unsorted = [message_of(orjson.loads(item["document"])) for item in _message_items(site_id, ticket_id)]
    return sorted(unsorted, key=lambda message: (message.time, message.id))


def erase(site_id: str, ticket_id: str, message_id: str) -> bool:
    """Erase the content of a ticket's message; ``False`` if the ticket does not have it."""
    key = {"pk": f"SITE#{site_id}#TICKET#{ticket_id}", "sk": f"MESSAGE#{message_id}"}
    item = dynamo.get(settings().tickets_table, key, consistent=True)
    if item is None:
        return False
    _erase(key, item["document"])
    return True


def erase_contact(site_id: str, contact_id: str) -> int:
    """Erase the content of all messages in the tickets of a contact; return how many of them still had any."""
    found = (item for ticket_id in _open_numbers(site_id, [contact_id]) for item in _message_items(site_id, ticket_id))
    return sum(_erase({"pk": item["pk"], "sk": item["sk"]}, item["document"]) for item in found)


def _erase(key: dict[str, str], document: str) -> bool:
    """Erase the content of a message, so that it no longer identifies its author; return whether it had any."""
    before = orjson.loads(document)
    after = before | {"body": "", "metadata": {}, "attachments": [], "messageDelivery": {}}
    if after == before:
        return False
    dynamo.update(settings().tickets_table, key, Update().set("document", orjson.dumps(after).decode()))
    return True


def _message_items(site_id: str, ticket_id: int) -> Iterator[dict[str, Any]]:
    return dynamo.query_by_prefix(
        settings().tickets_table, _ticket_key(site_id, ticket_id)["pk"], "MESSAGE#", ConsistentRead=True
    )


def _ticket_number(site_id: str, origin: str) -> int:
    key = {"pk": f"SITE#{site_id}#ORIGIN#{origin}", "sk": "ORIGIN"}
    item = dynamo.get(settings().tickets_table, key, consistent=True)
    if item is None:
        # If another worker has written its number first, that number counts, and the one allocated here stays unused.
        dynamo.put_new(settings().tickets_table, {**key, "ticket_id": _next_number(site_id)})
        item = dynamo.get(settings().tickets_table, key, consistent=True) or {}
    return int(item["ticket_id"])


def _next_number(site_id: str) -> int:
    """Allocate the site's next ticket number. One item counts them, so a site can open at most 1,000 tickets per second."""
    item = dynamo.update(
        settings().tickets_table,
        {"pk": f"SITE#{site_id}", "sk": "COUNTER"},
        Update().add("last", start=0),
    )
    return int(item["last"])


def _open_numbers(site_id: str, contact_ids: Iterable[str]) -> Iterator[int]:
    """Yield the numbers of the open tickets of contacts. A read unit holds about 40 of them."""
    for contact_id in contact_ids:
        entries = dynamo.query(
            settings().tickets_table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _open_pk(site_id, contact_id)},
            ConsistentRead=True,
        )
        yield from (int(entry["sk"].rpartition("#")[2]) for entry in entries)


def _ticket(item: Mapping[str, Any]) -> Ticket:
    number = int(item["pk"].rpartition("#")[2])
    return Ticket(number, item["contact_id"], item["account_id"], item["create_time"])


def _ticket_key(site_id: str, ticket_id: int) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#TICKET#{ticket_id}", "sk": "TICKET"}


def _open_pk(site_id: str, contact_id: str) -> str:
    return f"SITE#{site_id}#OPEN#{contact_id}"
