"""The rows of the messages table, and the keys of its indexes.

===============  ======================================  ====================================================
key              value                                   serves
===============  ======================================  ====================================================
``pk``           ``<site>#<id>``                         the message; the site in the key makes others' ids unfindable
``timeline_pk``  ``SITE#<site>#<00..15>``                GSI ``timeline``: the site's messages in the order of their slots
``timeline_sk``  ``<slot>#<record>#<id>``
``contact_pk``   ``SITE#<site>#CONTACT#<contact>``       GSI ``contact``: a contact's messages
                 ``SITE#<site>#OUTBOUND#<number>``       an outbound message's: it may have no contact
``contact_sk``   ``<slot>#<id>``
``ticket_pk``    ``SITE#<site>#TICKET#<ticket>``         sparse GSI ``ticket`` (with ``contact_sk``): a ticket's messages
``unsettled``    ``<00..15>``                            sparse GSI ``unsettled`` (with ``contact_sk``): single messages of all
                                                         sites whose outcome is open, for the sweep
===============  ======================================  ====================================================

Only outreach messages are in ``timeline``; a contact's replies are in ``contact`` as ``SITE#<site>#REPLIES#<contact>``. The
record of a single message is the campaign that it says it belongs to, if any.

A marker ``<site>#CARRIER#<carrier's id>`` tells which message owns a message that was found at the carrier.

All indexes are KEYS_ONLY. The keys of the first two change only where a message is edited or skipped, so that a change of
status costs one write unit; attaching a message costs two, and a single message two more than one of a campaign.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from outreach.messages.models import Claim, ClaimState, Kind, Message
from outreach.messages.status import SkipReason, Status

TIMELINE_SHARDS = 16

_DEFAULTS = {field.name: field.default for field in fields(Message)}
_TUPLES = ("media_urls", "attachments", "time_zones")
_ALWAYS = {"status", "sequence", "claim"}


def to_row(message: Message) -> dict[str, Any]:
    """The message with its keys; what has its default value is left out, unless conditions read it."""
    values = {name: value for name, value in asdict(message).items() if name in _ALWAYS or value != _DEFAULTS.get(name)}
    values |= {name: list(values[name]) for name in _TUPLES if name in values}
    return {**key(message.site_id, message.id), **_index_keys(message), **values}


def _index_keys(message: Message) -> dict[str, Any]:
    site, shard = f"SITE#{message.site_id}", zlib.crc32(message.id.encode()) % TIMELINE_SHARDS
    keys = {"contact_sk": f"{message.slot}#{message.id}"}
    if message.kind is Kind.INBOUND:
        return keys | {"contact_pk": replies_pk(message.site_id, message.contact_id)}
    if message.kind is Kind.OUTBOUND:
        keys["contact_pk"] = outbound_pk(message.site_id, message.recipient)
    else:
        keys["contact_pk"] = contact_pk(message.site_id, message.contact_id)
        keys["timeline_pk"] = f"{site}#{shard:02}"
        keys["timeline_sk"] = f"{message.slot}#{message.record_id or message.campaign_id or ''}#{message.id}"
    if message.ticket_id:
        keys["ticket_pk"] = ticket_pk(message.site_id, message.ticket_id)
    if message.record_id is None and message.claim.state is not ClaimState.DONE:
        keys["unsettled"] = f"{shard:02}"
    return keys


def from_row(row: Mapping[str, Any]) -> Message:
    """The inverse of :func:`to_row`; attributes of newer code are ignored."""
    values = {name: value for name, value in row.items() if name in _DEFAULTS}
    claim = values["claim"]
    values["claim"] = Claim(ClaimState(claim["state"]), claim["attempt"], claim["until"])
    values["status"] = Status(values["status"])
    if "skip_reason" in values:
        values["skip_reason"] = SkipReason(values["skip_reason"])
    if "kind" in values:
        values["kind"] = Kind(values["kind"])
    values |= {name: tuple(values[name]) for name in _TUPLES if name in values}
    return Message(**values)


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
