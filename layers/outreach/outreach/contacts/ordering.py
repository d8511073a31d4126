"""The contacts of a site in the order of their creation, from the index ``order``: keys alone, never a document.

Each shard of the index is sorted; a page comes from merging them. It is read from the nearer end or from the blocks around it
(see ``blocks``), whichever passes over fewer keys: so a page costs about the same wherever it is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Any

from outreach import aws
from outreach.contacts.blocks import Beginning, Blocks, beginning
from outreach.contacts.documents import order_pk
from outreach.settings import settings

_SPARE_KEYS = 10  # shards are not exactly alike


def ids(site_id: str, window: slice, shards: Sequence[Blocks], *, descending: bool = False) -> list[str]:
    """The ids of the contacts at the places of ``window``, counted from 0.

    Args:
        shards: where the contacts are. It may lag; an unbounded window doesn't rely on it.
    """
    total = sum(blocks.total for blocks in shards)
    if window.stop is None:
        return list(_merged(site_id, Beginning([""] * len(shards), 0), total, descending))
    start, stop = window.start, window.stop
    behind = max(0, total - stop)
    if start <= behind:
        return _part(site_id, start, stop, shards, descending)
    return _part(site_id, behind, behind + max(0, min(stop, total) - start), shards, not descending)[::-1]


def keys(site_id: str, shard: int, before: str) -> Iterator[str]:
    """The keys of a shard (``<createTime>#<id>``) in order, up to a time."""
    for page in _pages(site_id, shard, None, "order_sk < :edge", before):
        yield from page


def _part(site_id: str, start: int, stop: int, shards: Sequence[Blocks], descending: bool) -> list[str]:
    begin = beginning(shards, start, down=descending)
    start, stop = start - begin.passed, stop - begin.passed
    return list(islice(_merged(site_id, begin, stop, descending), start, stop))


def _merged(site_id: str, begin: Beginning, expected: int, descending: bool) -> Iterator[str]:
    """All ids from there on in order, lazily. ``expected``: how many the caller will take, which the reads are made to fit."""
    size = expected // len(begin.edges) + _SPARE_KEYS
    condition = "order_sk < :edge" if descending else "order_sk >= :edge"
    pages = [_pages(site_id, shard, size, condition if edge else "", edge, descending) for shard, edge in enumerate(begin.edges)]
    with ThreadPoolExecutor(len(pages)) as pool:
        first: list[list[str]] = list(pool.map(lambda shard: next(shard, []), pages))
    runs = (chain(head, chain.from_iterable(rest)) for head, rest in zip(first, pages, strict=True))
    for key in heapq.merge(*runs, reverse=descending):
        yield key.partition("#")[2]


def _pages(
    site_id: str, shard: int, size: int | None, condition: str, edge: str, descending: bool = False
) -> Iterator[list[str]]:
    values = {":pk": {"S": order_pk(site_id, shard)}} | ({":edge": {"S": edge}} if condition else {})
    request: dict[str, Any] = {
        "TableName": settings().contacts_table,
        "IndexName": "order",
        "KeyConditionExpression": " AND ".join(filter(None, ("order_pk = :pk", condition))),
        "ExpressionAttributeValues": values,
        "ProjectionExpression": "order_sk",
        "ScanIndexForward": not descending,
        "PaginationConfig": {"PageSize": size},
    }
    for page in aws.dynamodb_in_bulk().get_paginator("query").paginate(**request):
        yield [item["order_sk"]["S"] for item in page["Items"]]
