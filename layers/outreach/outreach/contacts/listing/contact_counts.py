"""Contact counters: how many live contacts each shard of a site has, and where in creation order (``order_index``).

The table's stream updates the counters. The transactions that write contacts do not: concurrent creations in a shard would
conflict on one item.

A contact counts while it has keys of the index ``order``. The stream delivers the records of one shard in the order of their
sequence numbers. The counter stores the last sequence number that it includes, so a batch that is delivered again, as a whole or
in part, counts once. :func:`recount` corrects counters that are wrong because a batch was lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any, NamedTuple

from outreach import clock, dynamo
from outreach.contacts.listing import creation_order
from outreach.contacts.listing.order_index import OrderIndex
from outreach.errors import QUOTA_EXCEEDED, Forbidden
from outreach.observability import logger
from outreach.settings import settings

# Sequence numbers have up to 40 digits, too many for a DynamoDB number. As strings of one length, they compare like numbers.
_SEQUENCE_DIGITS = 40
# After this time, the stream has delivered every change that the index ``order`` shows.
_SETTLE_TIME = timedelta(seconds=20)


class _Change(NamedTuple):
    """A contact that enters (``added_key``) or leaves (``removed_key``) the index ``order``; the other key is empty."""

    sequence_number: str
    added_key: str
    removed_key: str


def order_indexes(site_id: str) -> list[OrderIndex]:
    """Return the order index of each shard. It may lag behind the contacts. Reads one item per shard."""
    index_by_shard = {item["sk"]: OrderIndex.from_json(item["blocks"]) for item in _load_counters(site_id)}
    return [index_by_shard.get(_shard_sk(shard), OrderIndex()) for shard in range(settings().contact_shards)]


def total_contacts(site_id: str) -> int:
    """Return the number of a site's live contacts. It may lag behind the contacts."""
    return sum(index.total for index in order_indexes(site_id))


@dataclass
class ContactAllowance:
    """How many contacts a site may still get. The counters are read once, for any number of new contacts, of several threads.

    The counters may lag, so a few more contacts than the limit are possible.

    Attributes:
        limit: how many contacts the site may have; ``None`` for no limit, which reads nothing.
        planned: how many contacts are created in addition to those that :meth:`take` allows.
    """

    site_id: str
    limit: int | None
    planned: int = 0
    _left: int | None = None
    _lock: Lock = field(default_factory=Lock)

    def take(self) -> None:
        """Allow another contact.

        Raises:
            Forbidden: the site has reached its limit (``quota_exceeded``).
        """
        if self.limit is None:
            return
        with self._lock:
            left = self.limit - total_contacts(self.site_id) - self.planned if self._left is None else self._left
            if left <= 0:
                detail = (
                    f"The site has reached its limit of {self.limit:,} contacts; delete contacts, or ask the operator for more."
                )
                raise Forbidden(detail, code=QUOTA_EXCEEDED)
            self._left = left - 1


def apply_stream_records(records: Iterable[Mapping[str, Any]]) -> None:
    """Count the contacts that stream records (of ``NEW_AND_OLD_IMAGES``) add and remove."""
    changes_by_shard: dict[str, list[_Change]] = defaultdict(list)
    for record in records:
        data = record["dynamodb"]
        added, removed = (data.get(image, {}).get("order_sk", {}).get("S", "") for image in ("NewImage", "OldImage"))
        if added != removed:
            change = _Change(data["SequenceNumber"].zfill(_SEQUENCE_DIGITS), added, removed)
            changes_by_shard[data["Keys"]["pk"]["S"]].append(change)
    for shard_pk, changes in changes_by_shard.items():
        _apply_changes(shard_pk, changes)


def _apply_changes(shard_pk: str, changes: Sequence[_Change]) -> None:
    """Add the changes that a shard's counter does not include yet."""
    site_id, _, shard_sk = shard_pk.removeprefix("SITE#").rpartition("#CONTACT#")

    def attempt() -> None:
        counter = _load_counter(site_id, shard_sk)
        new_changes = [change for change in changes if not counter or change.sequence_number > counter["last"]]
        if not new_changes:
            return
        index = _order_index(counter)
        for change in new_changes:
            if change.added_key:
                index.add(change.added_key)
            else:
                index.remove(change.removed_key)
        last = max(change.sequence_number for change in new_changes)
        if not _save_counter(site_id, shard_sk, index, counter, last):
            raise dynamo.WriteConflict

    dynamo.retry_on_conflict(attempt, error=RuntimeError(f"the contact counter of {shard_pk} keeps changing"))


def recount(site_id: str) -> int:
    """Count a site's contacts again from the index ``order`` and correct the counters.

    Shards that have changed in the last seconds are skipped, because the stream may not have delivered all their changes.

    Returns:
        The number of shards whose counter was wrong.
    """
    counters = {item["sk"]: item for item in _load_counters(site_id, consistent=True)}
    return sum(_recount_shard(site_id, shard, counters.get(_shard_sk(shard))) for shard in range(settings().contact_shards))


def _recount_shard(site_id: str, shard: int, counter: Mapping[str, Any] | None) -> bool:
    """Correct a shard's counter; return whether its total was wrong."""
    before = clock.timestamp(clock.now() - _SETTLE_TIME)
    shard_sk = _shard_sk(shard)
    if counter and counter["time"] > before:
        return False
    actual = OrderIndex()
    for key in creation_order.keys(site_id, shard, before):
        actual.add(key)
    counted = _order_index(counter)
    last = counter["last"] if counter else ""
    is_corrected = actual != counted and _save_counter(site_id, shard_sk, actual, counter, last)
    was_total_wrong = is_corrected and actual.total != counted.total
    if was_total_wrong:
        logger().warning("contact counter corrected", site_id=site_id, shard=shard, wrong_by=counted.total - actual.total)
    return was_total_wrong


def _load_counters(site_id: str, *, consistent: bool = False) -> Iterable[dict[str, Any]]:
    return dynamo.query(
        settings().contacts_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _counters_pk(site_id)},
        ConsistentRead=consistent,
    )


def _load_counter(site_id: str, shard_sk: str) -> dict[str, Any] | None:
    return dynamo.get(settings().contacts_table, {"pk": _counters_pk(site_id), "sk": shard_sk}, consistent=True)


def _order_index(counter: Mapping[str, Any] | None) -> OrderIndex:
    return OrderIndex.from_json(counter["blocks"]) if counter else OrderIndex()


def _save_counter(site_id: str, shard_sk: str, index: OrderIndex, before: Mapping[str, Any] | None, last: str) -> bool:
    """Write a counter, unless it has changed since it was read as ``before``; return whether it was written."""
    version = before["version"] if before else 0
    item = {
        "pk": _counters_pk(site_id),
        "sk": shard_sk,
        "blocks": index.to_json(),
        "last": last,
        "time": clock.timestamp(clock.now()),
        "version": version + 1,
    }
    return dynamo.put_version(settings().contacts_table, item, version)


def _counters_pk(site_id: str) -> str:
    return f"SITE#{site_id}#COUNTS"


def _shard_sk(shard: int) -> str:
    return f"{shard:02}"
