"""Everything that the tables have of one site."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from outreach import aws, dynamo
from outreach.settings import settings

TABLES = ("sites", "contacts", "campaigns", "messages", "callbacks", "tickets")


def items(site_id: str) -> Iterator[dict[str, Any]]:
    """Each item of a site as ``{"table": …, "item": {…}}``, binary values as base64. Reads the tables as a whole."""
    for table in TABLES:
        pages = aws.dynamodb().get_paginator("scan").paginate(TableName=getattr(settings(), f"{table}_table"), **of_site(site_id))
        for page in pages:
            for item in page["Items"]:
                yield {"table": table, "item": {name: _shown(value) for name, value in dynamo.from_item(item).items()}}


def of_site(site_id: str) -> Any:
    """What restricts a Scan of any table to the items of a site."""
    values = dynamo.to_item({":site": f"SITE#{site_id}", ":keys": f"SITE#{site_id}#", ":ids": f"{site_id}#"})
    condition = "pk = :site OR begins_with(pk, :keys) OR begins_with(pk, :ids)"
    return {"FilterExpression": condition, "ExpressionAttributeValues": values}


def _shown(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
