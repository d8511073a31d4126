"""The built-in ticketing system: tickets and their messages in the tickets table.

=======================================  ====================  ==================================================
pk                                       sk                    item
=======================================  ====================  ==================================================
``SITE#<site>``                          ``COUNTER``           ``last``: the number of the site's newest ticket
``SITE#<site>#ORIGIN#<origin>``          ``ORIGIN``            the ticket that was opened for something
``SITE#<site>#TICKET#<id>``              ``TICKET``            the ticket: whose it is, and since when
``SITE#<site>#TICKET#<id>``              ``MESSAGE#<message>`` one of its messages, as a document
``SITE#<site>#OPEN#<contact>#<account>`` ``<id>``, 12 digits   the ticket in the list of a contact's open ones
=======================================  ====================  ==================================================

The specification closes no ticket, so every ticket is open.

Nothing here is a transaction: each step can be repeated, and whoever was interrupted repeats all of them. A number that was
drawn in vain is a gap. Opening a ticket costs four write units, a message of a ticket one for each KB.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from outreach import clock, dynamo
from outreach.errors import NotFound, PayloadTooLarge
from outreach.settings import settings
from outreach.ticketing.documents import document_of, message_of
from outreach.ticketing.models import TicketMessage

_MAX_DOCUMENT_BYTES = 350_000  # an item has at most 400 KB


def open_ticket(site_id: str, contact_id: str, account_id: str, origin: str) -> int:
    """Open a ticket of a contact at a channel account; the same ``origin`` opens one, however often.

    Returns:
        Its number, counted from 1 in each site.
    """
    ticket_id = _number_for(site_id, origin)
    ticket = {"contact_id": contact_id, "account_id": account_id, "create_time": clock.timestamp(clock.now())}
    dynamo.put_new(settings().tickets_table, _ticket_key(site_id, ticket_id) | ticket)
    entry = {"pk": _open_pk(site_id, contact_id, account_id), "sk": f"{ticket_id:012}"}
    dynamo.put_new(settings().tickets_table, entry)
    return ticket_id


def newest_open(site_id: str, contact_ids: Iterable[str], account_id: str) -> int | None:
    """The newest open ticket that a contact (with those merged into it) has at a channel account."""
    found = (_newest(_open_pk(site_id, contact_id, account_id)) for contact_id in contact_ids)
    return max((ticket_id for ticket_id in found if ticket_id), default=None)


def require(site_id: str, ticket_id: int) -> None:
    """
    Raises:
        NotFound: the site has no such ticket.
    """
    if dynamo.get(settings().tickets_table, _ticket_key(site_id, ticket_id), consistent=True) is None:
        raise NotFound("There is no such ticket.")


def attach(site_id: str, message: TicketMessage) -> None:
    """Add a message to its ticket; one that is there already stays as it is.

    Raises:
        PayloadTooLarge: the message does not fit into an item.
    """
    document = orjson.dumps(document_of(message))
    if len(document) > _MAX_DOCUMENT_BYTES:
        raise PayloadTooLarge("The message is too large for a ticket.")
    pk = _ticket_key(site_id, message.ticket_id)["pk"]
    item = {"pk": pk, "sk": f"MESSAGE#{message.id}", "document": document.decode()}
    dynamo.put_new(settings().tickets_table, item)


def messages(site_id: str, ticket_id: int) -> list[TicketMessage]:
    """The messages of a ticket, the oldest first."""
    items = dynamo.query(
        settings().tickets_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": _ticket_key(site_id, ticket_id)["pk"], ":sk": "MESSAGE#"},
        ConsistentRead=True,
    )
    found = [message_of(orjson.loads(item["document"])) for item in items]
    return sorted(found, key=lambda message: (message.time, message.id))


def erase(site_id: str, ticket_id: str, message_id: str) -> bool:
    """Take the words out of a ticket's message; ``False`` when the ticket is none of ours, or hasn't got it."""
    key = {"pk": f"SITE#{site_id}#TICKET#{ticket_id}", "sk": f"MESSAGE#{message_id}"}
    item = dynamo.get(settings().tickets_table, key, consistent=True)
    if item is None:
        return False
    document = orjson.loads(item["document"]) | {"body": "", "metadata": {}, "attachments": []}
    dynamo.update(settings().tickets_table, key, "SET document = :document", {":document": orjson.dumps(document).decode()})
    return True


def _number_for(site_id: str, origin: str) -> int:
    key = {"pk": f"SITE#{site_id}#ORIGIN#{origin}", "sk": "ORIGIN"}
    known = dynamo.get(settings().tickets_table, key, consistent=True)
    if known is None:
        # If somebody else is faster, his number counts and ours is a gap.
        dynamo.put_new(settings().tickets_table, {**key, "ticket_id": _draw(site_id)})
        known = dynamo.get(settings().tickets_table, key, consistent=True) or {}
    return int(known["ticket_id"])


def _draw(site_id: str) -> int:
    """The site's next number. One item a site, so a site opens at most a thousand tickets a second."""
    item = dynamo.update(
        settings().tickets_table,
        {"pk": f"SITE#{site_id}", "sk": "COUNTER"},
        "ADD #last :one",
        {":one": 1},
        names={"#last": "last"},
    )
    return int(item["last"])


def _newest(pk: str) -> int | None:
    entries = dynamo.query(
        settings().tickets_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": pk},
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=1,
    )
    newest = next(entries, None)
    return int(newest["sk"]) if newest else None


def _ticket_key(site_id: str, ticket_id: int) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#TICKET#{ticket_id}", "sk": "TICKET"}


def _open_pk(site_id: str, contact_id: str, account_id: str) -> str:
    return f"SITE#{site_id}#OPEN#{contact_id}#{account_id}"
