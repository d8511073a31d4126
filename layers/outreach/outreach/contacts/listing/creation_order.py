"""Reads the ids of a site's contacts in creation order from the index ``order``, which has keys but no documents.

Each shard of the index is sorted, and a page results from merging the shards. Reading starts at the nearer end of the list or at
the blocks around the page (``order_index``), whichever skips fewer keys. So every page of a list costs about the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Any

from outreach import dynamo
from outreach.contacts.contact_documents import order_pk
from outreach.contacts.listing.order_index import OrderIndex, SeekPoint, seek_point
from outreach.settings import settings

_SPARE_KEYS = 10  # read from each shard in addition, because contacts are not spread evenly over the shards


def ids(site_id: str, page: slice, shards: Sequence[OrderIndex], *, descending: bool = False) -> list[str]:
    """Return the contact ids of a page.

    Args:
        page: the positions of the page, from 0, or ``slice(None)`` for the whole list.
        shards: the order index of each shard. It may lag behind the contacts; the whole list does not depend on it.
    """
    total = sum(shard.total for shard in shards)
    if page.stop is None:
        return list(_merged_ids(site_id, SeekPoint([""] * len(shards), 0), total, descending))
    remaining = max(0, total - page.stop)
    if page.start <= remaining:
        return _slice(site_id, page.start, page.stop, shards, descending)
    size = max(0, min(page.stop, total) - page.start)
    return _slice(site_id, remaining, remaining + size, shards, not descending)[::-1]


def keys(site_id: str, shard: int, before: str) -> Iterator[str]:
    """Yield the keys of a shard (``<createTime>#<id>``) in order, up to the time ``before``."""
    for page in _key_pages(site_id, shard, None, "order_sk < :bound", before):
        yield from page


def _slice(site_id: str, start: int, stop: int, shards: Sequence[OrderIndex], descending: bool) -> list[str]:
    seek = seek_point(shards, start, descending=descending)
    start, stop = start - seek.skipped, stop - seek.skipped
    return list(islice(_merged_ids(site_id, seek, stop, descending), start, stop))


def _merged_ids(site_id: str, seek: SeekPoint, expected: int, descending: bool) -> Iterator[str]:
    """Yield all ids from a seek point on, in order.

    Args:
        expected: how many ids the caller is going to read. It determines the size of the reads.
    """
    size = expected // len(seek.bounds) + _SPARE_KEYS
    condition = "order_sk < :bound" if descending else "order_sk >= :bound"
    shards = [
        _key_pages(site_id, shard, size, condition if bound else "", bound, descending) for shard, bound in enumerate(seek.bounds)
    ]
    with ThreadPoolExecutor(len(shards)) as pool:
        first_pages: list[list[str]] = list(pool.map(lambda shard: next(shard, []), shards))
    sorted_keys = (chain(first, chain.from_iterable(rest)) for first, rest in zip(first_pages, shards, strict=True))
    for key in heapq.merge(*sorted_keys, reverse=descending):
        yield key.partition("#")[2]


def _key_pages(
    site_id: str, shard: int, size: int | None, condition: str, bound: str, descending: bool = False
) -> Iterator[list[str]]:
    values = {":pk": order_pk(site_id, shard)} | ({":bound": bound} if condition else {})
    request: dict[str, Any] = {
        "IndexName": "order",
        "KeyConditionExpression": " AND ".join(filter(None, ("order_pk = :pk", condition))),
        "ExpressionAttributeValues": values,
        "ProjectionExpression": "order_sk",
        "ScanIndexForward": not descending,
        "PaginationConfig": {"PageSize": size},
    }
    for page in dynamo.query_raw(settings().contacts_table, **request):
        yield [item["order_sk"]["S"] for item in page]
