"""Deferred recipients: places of the audience that stay unreleased until the end of their recipients' quiet hours.

=================================  ===========================  =========================================================
pk                                 sk                           item in the campaigns table
=================================  ===========================  =========================================================
``SITE#<site>#DEFERRED#<record>``  ``<time>#<first>-<last>``    ``places`` of one ledger page, to be released at the time
=================================  ===========================  =========================================================

The key names the first and the last place, so that two batches of one page with the same release time are two items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from outreach import clock, dynamo
from outreach.settings import settings


@dataclass(frozen=True)
class DeferredRecipients:
    """Places of one ledger page that may be released from ``release_time`` on."""

    site_id: str
    record_id: str
    release_time: datetime
    places: Sequence[int]

    @property
    def key(self) -> dict[str, str]:
        release_time = clock.timestamp(self.release_time)
        places = f"{self.places[0]:09}-{self.places[-1]:09}"
        return {"pk": _pk(self.site_id, self.record_id), "sk": f"{release_time}#{places}"}


def put(deferred: DeferredRecipients) -> None:
    """Store the deferred places of one batch. A repeated batch replaces them."""
    dynamo.put(settings().campaigns_table, {**deferred.key, "places": list(deferred.places)})


def first(site_id: str, record_id: str) -> DeferredRecipients | None:
    """Return the deferred places of a record with the earliest release time."""
    return next(_all(site_id, record_id, Limit=1), None)


def places(site_id: str, record_id: str) -> set[int]:
    """Return all deferred places of a record."""
    return {place for deferred in _all(site_id, record_id) for place in deferred.places}


def make_due(site_id: str, record_id: str) -> None:
    """Let all deferred places of a record be decided about again at once. A repetition changes nothing more."""
    now = clock.now()
    for deferred in list(_all(site_id, record_id)):
        if deferred.release_time > now:
            # Stored before the deletion, as in `keep_only`.
            put(replace(deferred, release_time=now))
            dynamo.delete(settings().campaigns_table, deferred.key)


def keep_only(deferred: DeferredRecipients, places: Sequence[int]) -> None:
    """Reduce deferred places to ``places``, of which there may be none."""
    if list(places) == list(deferred.places):
        return
    # Stored before the deletion: after a crash in between, places are stored twice, but never lost.
    if places:
        put(replace(deferred, places=places))
    dynamo.delete(settings().campaigns_table, deferred.key)


def clear(site_id: str, record_id: str) -> None:
    """Delete all deferred places of a record."""
    while deferred := first(site_id, record_id):
        keep_only(deferred, [])


def _all(site_id: str, record_id: str, **request: Any) -> Iterator[DeferredRecipients]:
    """Yield the deferred places of a record, the earliest release times first.

    Args:
        request: further parameters of the client's Query.
    """
    items = dynamo.query(
        settings().campaigns_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _pk(site_id, record_id)},
        ConsistentRead=True,
        **request,
    )
    for item in items:
        yield DeferredRecipients(site_id, record_id, clock.from_timestamp(item["sk"].split("#")[0]), item["places"])


def _pk(site_id: str, record_id: str) -> str:
    return f"SITE#{site_id}#DEFERRED#{record_id}"
