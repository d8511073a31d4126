"""Copies items from a restored table back to the stack's own table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from outreach import aws, clock, dynamo
from outreach.errors import NotFound
from outreach.stream import domain_events
from outreach_admin.site_export import site_filter

# Items that are written at the same time. One after the other, a million would take more than an hour.
_THREADS = 8


def require_tables(*names: str) -> None:
    """Check that there are tables with these names.

    Raises:
        NotFound: there is no table with one of the names.
    """
    client = aws.dynamodb()
    for name in names:
        try:
            client.describe_table(TableName=name)
        except client.exceptions.ResourceNotFoundException:
            raise NotFound(f"There is no table {name}. `aws dynamodb list-tables` lists the names.") from None


def copy(source: str, target: str, site_id: str | None, *, overwrite: bool) -> tuple[int, int]:
    """Copy the items of one site or of all sites. Idempotent.

    Args:
        overwrite: also replace items that exist in the target.

    Returns:
        The numbers of items copied and of existing items kept.
    """
    write = partial(_replace if overwrite else dynamo.put_new, target)
    copied = kept = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        for items in _pages(source, site_id):
            written = list(pool.map(write, map(domain_events.restored, items)))
            copied += sum(written)
            kept += len(written) - sum(written)
    return copied, kept


def _replace(table: str, item: dict[str, Any]) -> bool:
    dynamo.put(table, item)
    return True


@dataclass(frozen=True)
class Differences:
    """How a table differs from its restored copy: items that are equal, missing in the table, or different there."""

    same: int = 0
    missing: int = 0
    different: int = 0


def compare(source: str, target: str, site_id: str | None) -> Differences:
    """Compare the items of a restored table, of one site or of all sites, with the stack's own table."""
    counts = {"same": 0, "missing": 0, "different": 0}
    for items in _pages(source, site_id):
        found = {_key(item): item for item in dynamo.batch_get(target, map(_key_of, items), consistent=True)}
        for item in items:
            counts[_difference(item, found.get(_key(item)))] += 1
    return Differences(**counts)


def _difference(item: dict[str, Any], current: dict[str, Any] | None) -> str:
    if current is None:
        return "missing"
    return "same" if domain_events.without_mark(current) == domain_events.without_mark(item) else "different"


def _key_of(item: dict[str, Any]) -> dict[str, str]:
    return {name: item[name] for name in ("pk", "sk") if name in item}


def _key(item: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_key_of(item).values())


def _pages(table: str, site_id: str | None) -> Iterator[list[dict[str, Any]]]:
    """Yield the items of a table, but for those that have expired since: a restored table does not delete them."""
    now = clock.now().timestamp()
    request: Any = {"TableName": table} | (site_filter(site_id) if site_id else {})
    for page in aws.dynamodb().get_paginator("scan").paginate(**request):
        yield [item for item in map(dynamo.from_item, page["Items"]) if item.get("expires", math.inf) > now]
