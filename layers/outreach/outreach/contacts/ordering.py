"""The contacts of a site in the order of their creation, from the index ``order``: keys alone, never a document.

Each shard of the index is sorted; a page comes from merging them, counted from the nearer end. So the first and the last page
cost the same, and the dearest page, in the middle, reads half of the keys.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Any

from outreach import aws
from outreach.contacts.documents import order_pk
from outreach.settings import settings

_SPARE_KEYS = 10  # shards are not exactly alike


def ids(site_id: str, window: slice, total: int, *, descending: bool = False) -> list[str]:
    """The ids of the contacts at the places of ``window``, counted from 0.

    Args:
        total: how many contacts there are, to know which end is nearer. It may lag; an unbounded window doesn't rely on it.
    """
    if window.stop is None:
        return list(_merged(site_id, total, descending))
    start, stop = window.start, window.stop
    behind = max(0, total - stop)
    if start <= behind:
        return list(islice(_merged(site_id, stop, descending), start, stop))
    count = max(0, min(stop, total) - start)
    return list(islice(_merged(site_id, behind + count, not descending), behind, behind + count))[::-1]


def _merged(site_id: str, expected: int, descending: bool) -> Iterator[str]:
    """All ids in order, lazily. ``expected``: how many the caller will take, which the reads are made to fit."""
    shards = settings().contact_shards
    size = expected // shards + _SPARE_KEYS
    pages = [_pages(site_id, shard, size, descending) for shard in range(shards)]
    with ThreadPoolExecutor(shards) as pool:
        first: list[list[str]] = list(pool.map(lambda shard: next(shard, []), pages))
    runs = (chain(head, chain.from_iterable(rest)) for head, rest in zip(first, pages, strict=True))
    for key in heapq.merge(*runs, reverse=descending):
        yield key.partition("#")[2]


def _pages(site_id: str, shard: int, size: int, descending: bool) -> Iterator[list[str]]:
    request: dict[str, Any] = {
        "TableName": settings().contacts_table,
        "IndexName": "order",
        "KeyConditionExpression": "order_pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": order_pk(site_id, shard)}},
        "ProjectionExpression": "order_sk",
        "ScanIndexForward": not descending,
        "PaginationConfig": {"PageSize": size},
    }
    for page in aws.dynamodb_in_bulk().get_paginator("query").paginate(**request):
        yield [item["order_sk"]["S"] for item in page["Items"]]
