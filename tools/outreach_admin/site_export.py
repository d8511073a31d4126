"""Exports all items of one site from all tables."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from outreach import aws, dynamo
from outreach.settings import settings

TABLES = ("sites", "contacts", "campaigns", "messages", "callbacks", "tickets")


def items(site_id: str) -> Iterator[dict[str, Any]]:
    """Yield each item of a site as ``{"table": …, "item": {…}}``, binary values as base64. Scans every table."""
    for table in TABLES:
        table_name = getattr(settings(), f"{table}_table")
        for page in aws.dynamodb().get_paginator("scan").paginate(TableName=table_name, **site_filter(site_id)):
            for item in page["Items"]:
                yield {"table": table, "item": {name: _json_value(value) for name, value in dynamo.from_item(item).items()}}


def site_filter(site_id: str) -> Any:
    """Return the parameters that restrict a Scan of any table to the items of one site."""
    values = dynamo.to_item({":site": f"SITE#{site_id}", ":keys": f"SITE#{site_id}#", ":ids": f"{site_id}#"})
    condition = "pk = :site OR begins_with(pk, :keys) OR begins_with(pk, :ids)"
    return {"FilterExpression": condition, "ExpressionAttributeValues": values}


def _json_value(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
