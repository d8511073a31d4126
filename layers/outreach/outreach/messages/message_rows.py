"""The rows of the messages table, and the keys of its indexes.

===============  ======================================  ====================================================
key              value                                   serves
===============  ======================================  ====================================================
``pk``           ``<site>#<id>``                         the message; the site in the key hides it from other sites
``timeline_pk``  ``SITE#<site>#<00..15>``                GSI ``timeline``: the site's messages in the order of their slots
                 ``SITE#<site>#REPLIES#<00..15>``        the key of a reply
``timeline_sk``  ``<slot>#<record>#<id>``
``contact_pk``   ``SITE#<site>#CONTACT#<contact>``       GSI ``contact``: a contact's messages
                 ``SITE#<site>#OUTBOUND#<number>``       the key of an outbound message, which may have no contact
``contact_sk``   ``<slot>#<id>``
``ticket_pk``    ``SITE#<site>#TICKET#<ticket>``         sparse GSI ``ticket`` (with ``contact_sk``): a ticket's messages
``unsettled``    ``<00..15>``                            sparse GSI ``unsettled`` (with ``contact_sk``): single messages of all
                                                         sites without an outcome, for the sweep
===============  ======================================  ====================================================

``timeline`` has no outbound messages. ``contact`` has a contact's replies as ``SITE#<site>#REPLIES#<contact>``. In
``timeline_sk`` a single message has the id of the campaign that it refers to, if any, in place of the record's. The record of a
reply is that of the campaign message that it answers, if any.

The item ``<site>#CARRIER#<carrier's id>`` stores which message owns a message in the carrier's list.

The item ``<site>#TEXT#<id>#<digest>`` is a text of more than ``SEPARATE_TEXT_BYTES`` of a message that is to be sent. It would
make the row larger than 1 KB, and each of the row's four writes twice as expensive. It is written before the row, which names it
by its digest, and is never changed: a text that replaces it is in the row. ``recipient`` and ``contact_id`` are for its erasure.

All kinds of items have ``expires``, ``MESSAGE_RETENTION_DAYS`` after they were created; no change moves it. A release that is
repeated writes a text again, with a new end.

All indexes are KEYS_ONLY. Keys of the first two change only when a message is edited or skipped, so a change of status costs one
write unit. Attaching a message costs two, and a single message costs two more than a campaign's.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import timedelta
from typing import Any

from outreach import clock
from outreach.consent.keywords import Keyword
from outreach.messages.models import Claim, ClaimState, Kind, Message
from outreach.messages.status import MessageStatus, SkipReason
from outreach.parsing import folded_guid
from outreach.settings import settings

TIMELINE_SHARDS = 16

_DEFAULTS = {field.name: field.default for field in fields(Message)}
# Enough to tell the texts of one message apart.
_DIGEST_CHARACTERS = 16
_TUPLE_FIELDS = ("media_urls", "attachments", "time_zones")
# Conditions read these attributes.
_ALWAYS_STORED = {"status", "sequence", "claim"}


def to_row(message: Message) -> dict[str, Any]:
    """Return a message as an item, with its keys. Attributes with default values are left out, unless conditions read them."""
    values = {name: value for name, value in asdict(message).items() if name in _ALWAYS_STORED or value != _DEFAULTS.get(name)}
    values |= {name: list(values[name]) for name in _TUPLE_FIELDS if name in values}
    if not message.sender:
        del values["sender"]  # then the number that the carrier chooses is added (message_store.advance)
    if message.text_digest:
        del values["body"]
    return {**key(message.site_id, message.id), **_index_keys(message), **values}


def _index_keys(message: Message) -> dict[str, Any]:
    shard = zlib.crc32(message.id.encode()) % TIMELINE_SHARDS
    keys = {"contact_pk": _contact_pk(message), "contact_sk": f"{message.slot}#{message.id}"}
    if message.kind is not Kind.OUTBOUND:
        keys["timeline_pk"] = timeline_pk(message.site_id, message.kind, shard)
        keys["timeline_sk"] = f"{message.slot}#{message.record_id or message.campaign_id or ''}#{message.id}"
    if message.ticket_id:
        keys["ticket_pk"] = ticket_pk(message.site_id, message.ticket_id)
    if message.record_id is None and message.claim.state is not ClaimState.DONE:
        keys["unsettled"] = f"{shard:02}"
    return keys


def new_row(message: Message) -> dict[str, Any]:
    """Return the item of a message that is created now, with the time at which DynamoDB deletes it."""
    return to_row(message) | _expiry()


def with_separate_text(message: Message) -> Message:
    """Return a new message with ``text_digest`` if its text is long, and its row is written often because it waits to be sent."""
    text, longest = message.body.encode(), settings().separate_text_bytes
    if message.claim.state is not ClaimState.FREE or not 0 < longest < len(text):
        return message
    return replace(message, text_digest=hashlib.sha256(text).hexdigest()[:_DIGEST_CHARACTERS])


def new_text(message: Message) -> dict[str, Any]:
    """Return the item of the separate text of a message that is created now."""
    owner = {"recipient": message.recipient, "contact_id": message.contact_id}
    return {**text_key(message), "body": message.body, **owner} | _expiry()


def text_key(message: Message) -> dict[str, str]:
    """Return the key of the item of a message's separate text."""
    return {"pk": f"{message.site_id}#TEXT#{message.id}#{message.text_digest}"}


def owner_of_text(key: str) -> tuple[str, str] | None:
    """Return the ids of the site and of the message, if ``key`` is that of a separate text."""
    site_id, *rest = key.split("#")
    return (site_id, rest[1]) if len(rest) == 3 and rest[0] == "TEXT" else None


def is_message(item: Mapping[str, Any]) -> bool:
    """Return whether an item of the table is a message or a reply."""
    return "claim" in item


def new_ownership(message: Message, carrier_message_id: str) -> dict[str, Any]:
    """Return the item that says which message owns a message in the carrier's list."""
    return {"pk": f"{message.site_id}#CARRIER#{carrier_message_id}", "message_id": message.id} | _expiry()


def _expiry() -> dict[str, int]:
    days = settings().message_retention_days
    return {"expires": int((clock.now() + timedelta(days=days)).timestamp())} if days else {}


def from_row(row: Mapping[str, Any]) -> Message:
    """Return the message of an item, without its separate text. Ignores unknown attributes, which newer code may have written."""
    values = {name: value for name, value in row.items() if name in _DEFAULTS}
    values.setdefault("sender", "")
    if "text_digest" in values:
        values["body"] = ""
    claim = values["claim"]
    values["claim"] = Claim(ClaimState(claim["state"]), claim["attempt"], claim["until"])
    values["status"] = MessageStatus(values["status"])
    if "skip_reason" in values:
        values["skip_reason"] = SkipReason(values["skip_reason"])
    if "kind" in values:
        values["kind"] = Kind(values["kind"])
    if "keyword" in values:
        values["keyword"] = Keyword(values["keyword"])
    if "ticket_id" in values:
        values["ticket_id"] = folded_guid(values["ticket_id"])
    values |= {name: tuple(values[name]) for name in _TUPLE_FIELDS if name in values}
    return Message(**values)


def _contact_pk(message: Message) -> str:
    match message.kind:
        case Kind.INBOUND:
            return replies_pk(message.site_id, message.contact_id)
        case Kind.OUTBOUND:
            return outbound_pk(message.site_id, message.recipient)
    return contact_pk(message.site_id, message.contact_id)


def timeline_pk(site_id: str, kind: Kind, shard: int) -> str:
    return f"SITE#{site_id}#REPLIES#{shard:02}" if kind is Kind.INBOUND else f"SITE#{site_id}#{shard:02}"


def contact_pk(site_id: str, contact_id: str) -> str:
    return f"SITE#{site_id}#CONTACT#{contact_id}"


def replies_pk(site_id: str, contact_id: str) -> str:
    return f"SITE#{site_id}#REPLIES#{contact_id}"


def outbound_pk(site_id: str, number: str) -> str:
    return f"SITE#{site_id}#OUTBOUND#{number}"


def ticket_pk(site_id: str, ticket_id: str) -> str:
    return f"SITE#{site_id}#TICKET#{ticket_id}"


def key(site_id: str, message_id: str) -> dict[str, str]:
    return {"pk": f"{site_id}#{message_id}"}
