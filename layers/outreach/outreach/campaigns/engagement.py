r"""Counts the replies and opt-outs in response to a campaign record.

====================================  ====================  =========================================================
pk                                    sk                    item in the campaigns table
====================================  ====================  =========================================================
``SITE#<site>#RESPONSES#<record>``    ``COUNTS``            ``replies``, ``opt_outs``
\                                     ``REPLY#<reply>``     a reply that is counted
\                                     ``OPTOUT#<digest>``   a number that is counted, as a UUID of record and number
====================================  ====================  =========================================================

One transaction stores the item of a reply or a number on condition that it is new, and counts it. A repeated
webhook or queue message is therefore not counted again. The items hold no phone number.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from outreach import dynamo
from outreach.consent.keywords import Keyword
from outreach.dynamo import Update
from outreach.messages.models import Message
from outreach.settings import settings

_COUNTS = "COUNTS"
_REPLY = "REPLY#"


@dataclass(frozen=True)
class EngagementCounts:
    """The number of replies that are not keywords, and of numbers that opted out."""

    replies: int = 0
    opt_outs: int = 0


def count_reply(reply: Message) -> None:
    """Count a stored reply for the record whose message it answers. A repeated call changes nothing.

    Args:
        reply: an inbound message with its ``keyword`` and, if it answers a campaign message, ``record_id``.
    """
    if reply.record_id is None:
        return
    if reply.keyword is None:
        _count_once(reply.site_id, reply.record_id, f"{_REPLY}{reply.id}", "replies")
    elif reply.keyword is Keyword.OUT:
        digest = uuid.uuid5(uuid.UUID(reply.record_id), reply.sender)
        _count_once(reply.site_id, reply.record_id, f"OPTOUT#{digest}", "opt_outs")


def _count_once(site_id: str, record_id: str, name: str, counter: str) -> None:
    table = settings().campaigns_table
    counts = dynamo.update_request(table, _key(site_id, record_id, _COUNTS), Update().add(counter, start=0), on_failure="NONE")
    new = {"TableName": table, "Item": dynamo.to_item(_key(site_id, record_id, name)), **dynamo.if_version(0)}
    try:
        dynamo.transact([{"Put": new}, {"Update": counts}])
    except dynamo.TransactionRefused:
        return  # it is already counted


def counts_of(site_id: str, record_ids: Iterable[str]) -> dict[str, EngagementCounts]:
    """Return the counts of records (strongly consistent read), by record id."""
    keys = {record_id: _key(site_id, record_id, _COUNTS) for record_id in record_ids}
    items = {item["pk"]: item for item in dynamo.batch_get(settings().campaigns_table, keys.values(), consistent=True)}
    return {record_id: _from_item(items.get(key["pk"], {})) for record_id, key in keys.items()}


def reply_ids(site_id: str, record_id: str) -> Iterator[str]:
    """Yield the ids of a record's replies that are not keywords."""
    items = dynamo.query_by_prefix(settings().campaigns_table, _pk(site_id, record_id), _REPLY)
    return (item["sk"].removeprefix(_REPLY) for item in items)


def _from_item(item: dict[str, Any]) -> EngagementCounts:
    return EngagementCounts(item.get("replies", 0), item.get("opt_outs", 0))


def _pk(site_id: str, record_id: str) -> str:
    return f"SITE#{site_id}#RESPONSES#{record_id}"


def _key(site_id: str, record_id: str, name: str) -> dict[str, str]:
    return {"pk": _pk(site_id, record_id), "sk": name}
