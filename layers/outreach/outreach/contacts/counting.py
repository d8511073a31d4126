"""How many live contacts a site has: one counter per shard, kept by the table's stream.

Not in the contact's own transaction: all creates of a shard would meet in one item and fail each other.

A contact counts while it has order keys. Events of one shard arrive in the order of their sequence numbers; the counter remembers
the last one that it has taken in, so that a batch that is delivered again, whole or in part, counts once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from outreach import dynamo
from outreach.errors import QUOTA_EXCEEDED, Forbidden
from outreach.settings import settings

# Sequence numbers have up to 40 digits: too many for a DynamoDB number, and as text they compare only at one length.
_DIGITS = 40


def total(site_id: str) -> int:
    """The site's live contacts; may lag a write by a moment. Reads one small item per shard."""
    items = dynamo.query(
        settings().contacts_table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": _counters(site_id)}
    )
    return sum(item["contacts"] for item in items)


def require_room(site_id: str, most: int | None) -> None:
    """Check that a site may have another contact: by the counters, so that a few more slip in while they lag.

    Args:
        most: how many it may have; ``None``: any number, and nothing is read.

    Raises:
        Forbidden: it has them (``quota_exceeded``).
    """
    if most is not None and total(site_id) >= most:
        raise Forbidden(f"The site may have {most} contacts, and has them.", code=QUOTA_EXCEEDED)


def take_in(records: Iterable[Mapping[str, Any]]) -> None:
    """Add what stream records (of ``NEW_AND_OLD_IMAGES``) say about contacts to the counters."""
    steps: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for record in records:
        change = record["dynamodb"]
        step = ("order_pk" in change.get("NewImage", {})) - ("order_pk" in change.get("OldImage", {}))
        if step:
            steps[change["Keys"]["pk"]["S"]].append((change["SequenceNumber"].zfill(_DIGITS), step))
    for shard_pk, shard_steps in steps.items():
        while not _add(shard_pk, shard_steps):
            pass


def _add(shard_pk: str, steps: list[tuple[str, int]]) -> bool:
    """Add the steps that the shard's counter hasn't seen; ``False`` when somebody else was faster."""
    site, _, shard = shard_pk.removeprefix("SITE#").rpartition("#CONTACT#")
    key = {"pk": _counters(site), "sk": shard}
    counter = dynamo.get(settings().contacts_table, key, consistent=True) or {"contacts": 0, "last": "", "version": 0}
    fresh = [step for number, step in steps if number > counter["last"]]
    if not fresh:
        return True
    contacts, last = counter["contacts"] + sum(fresh), max(number for number, _ in steps)
    item = {**key, "contacts": contacts, "last": last, "version": counter["version"] + 1}
    return dynamo.put_version(settings().contacts_table, item, counter["version"])


def _counters(site_id: str) -> str:
    return f"SITE#{site_id}#COUNTS"
