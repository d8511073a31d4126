"""Copying items from a restored table back into the stack's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from outreach import aws, dynamo
from outreach_admin.exporting import of_site


def copy(source: str, target: str, site_id: str | None, *, overwrite: bool) -> tuple[int, int]:
    """Copy the items of one site, or all; repeated, it changes nothing more.

    Args:
        overwrite: also replace items that the target has.

    Returns:
        How many items were copied, and how many were kept as they are.
    """
    copied = kept = 0
    for item in _items(source, site_id):
        if overwrite:
            aws.dynamodb().put_item(TableName=target, Item=dynamo.to_item(item))
        elif not dynamo.put_new(target, item):
            kept += 1
            continue
        copied += 1
    return copied, kept


def _items(table: str, site_id: str | None) -> Iterator[dict[str, Any]]:
    request: Any = {"TableName": table} | (of_site(site_id) if site_id else {})
    for page in aws.dynamodb().get_paginator("scan").paginate(**request):
        yield from map(dynamo.from_item, page["Items"])
