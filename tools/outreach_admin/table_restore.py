"""Copies items from a restored table back to the stack's own table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from outreach import aws, clock, dynamo
from outreach.errors import NotFound
from outreach.stream import domain_events
from outreach_admin.site_export import site_filter


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
    copied = kept = 0
    for item in map(domain_events.restored, _items(source, site_id)):
        if overwrite:
            dynamo.put(target, item)
        elif not dynamo.put_new(target, item):
            kept += 1
            continue
        copied += 1
    return copied, kept


@dataclass(frozen=True)
class Differences:
    """How a table differs from its restored copy: items that are equal, missing in the table, or different there."""

    same: int = 0
    missing: int = 0
    different: int = 0


def compare(source: str, target: str, site_id: str | None) -> Differences:
    """Compare the items of a restored table, of one site or of all sites, with the stack's own table."""
    counts = {"same": 0, "missing": 0, "different": 0}
    for item in _items(source, site_id):
        key: dict[str, str] = {name: item[name] for name in ("pk", "sk") if name in item}
        current = dynamo.get(target, key, consistent=True)
        is_same = domain_events.without_mark(current or {}) == domain_events.without_mark(item)
        counts["missing" if current is None else "same" if is_same else "different"] += 1
    return Differences(**counts)


def _items(table: str, site_id: str | None) -> Iterator[dict[str, Any]]:
    """Yield the items of a table, but for those that have expired since: a restored table does not delete them."""
    now = clock.now().timestamp()
    request: Any = {"TableName": table} | (site_filter(site_id) if site_id else {})
    for page in aws.dynamodb().get_paginator("scan").paginate(**request):
        yield from (item for item in map(dynamo.from_item, page["Items"]) if item.get("expires", math.inf) > now)
