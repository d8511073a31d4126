"""How many live contacts a site has, and where in their order: a counter per shard (see ``blocks``), kept by the table's stream.

Not in the contact's own transaction: all creates of a shard would meet in one item and fail each other.

A contact counts while it has order keys. Events of one shard arrive in the order of their sequence numbers; the counter remembers
the last one that it has taken in, so that a batch that is delivered again, whole or in part, counts once. Counters that are wrong
all the same, since a batch was lost for good, are mended by :func:`recount`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from outreach import clock, dynamo
from outreach.contacts import ordering
from outreach.contacts.blocks import Blocks
from outreach.errors import QUOTA_EXCEEDED, Forbidden
from outreach.observability import logger
from outreach.settings import settings

# Sequence numbers have up to 40 digits: too many for a DynamoDB number, and as text they compare only at one length.
_DIGITS = 40
# By then the stream has told of everything that the index shows.
_SETTLED = timedelta(seconds=20)


def read(site_id: str) -> list[Blocks]:
    """Where the site's live contacts are, by shard; may lag a write by a moment. Reads one item per shard."""
    items = dynamo.query(
        settings().contacts_table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": _counters(site_id)}
    )
    found = {item["sk"]: Blocks.from_json(item["blocks"]) for item in items}
    return [found.get(f"{shard:02}", Blocks()) for shard in range(settings().contact_shards)]


def total(site_id: str) -> int:
    """The site's live contacts."""
    return sum(blocks.total for blocks in read(site_id))


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
    changes: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for record in records:
        change = record["dynamodb"]
        came, went = (change.get(image, {}).get("order_sk", {}).get("S", "") for image in ("NewImage", "OldImage"))
        if came != went:
            changes[change["Keys"]["pk"]["S"]].append((change["SequenceNumber"].zfill(_DIGITS), came, went))
    for shard_pk, shard_changes in changes.items():
        while not _add(shard_pk, shard_changes):
            pass


def _add(shard_pk: str, changes: list[tuple[str, str, str]]) -> bool:
    """Add the changes that the shard's counter hasn't seen; ``False`` when somebody else was faster."""
    site, _, shard = shard_pk.removeprefix("SITE#").rpartition("#CONTACT#")
    counter = _counter(site, shard)
    blocks = Blocks.from_json(counter["blocks"]) if counter else Blocks()
    fresh = [change for change in changes if not counter or change[0] > counter["last"]]
    for _, came, went in fresh:
        blocks.add(came) if came else blocks.remove(went)
    return not fresh or _put(site, shard, blocks, counter, max(number for number, _, _ in fresh))


def recount(site_id: str) -> int:
    """Count the site's contacts anew, from the order index; of each shard that nothing happens in at the moment.

    Returns:
        In how many shards the counter was wrong.
    """
    return sum(_recount(site_id, shard) for shard in range(settings().contact_shards))


def _recount(site_id: str, shard: int) -> bool:
    before = clock.timestamp(clock.now() - _SETTLED)
    counter = _counter(site_id, f"{shard:02}")
    if counter and counter["time"] > before:
        return False
    counted = Blocks()
    for key in ordering.keys(site_id, shard, before):
        counted.add(key)
    known = Blocks.from_json(counter["blocks"]) if counter else Blocks()
    is_mended = counted != known and _put(site_id, f"{shard:02}", counted, counter, counter["last"] if counter else "")
    if is_mended and counted.total != known.total:
        logger().warning("counter of contacts was wrong", site_id=site_id, shard=shard, wrong_by=known.total - counted.total)
    return is_mended and counted.total != known.total


def _counter(site_id: str, shard: str) -> dict[str, Any] | None:
    return dynamo.get(settings().contacts_table, {"pk": _counters(site_id), "sk": shard}, consistent=True)


def _put(site_id: str, shard: str, blocks: Blocks, before: Mapping[str, Any] | None, last: str) -> bool:
    version = before["version"] if before else 0
    item = {
        "pk": _counters(site_id),
        "sk": shard,
        "blocks": blocks.to_json(),
        "last": last,
        "time": clock.timestamp(clock.now()),
        "version": version + 1,
    }
    return dynamo.put_version(settings().contacts_table, item, version)


def _counters(site_id: str) -> str:
    return f"SITE#{site_id}#COUNTS"
