"""Stores the snapshot of a campaign next to its record, with the keys ``SITE#<site>`` and ``SNAPSHOT#<record>``.

A record is written for each batch that it releases, and DynamoDB charges for the whole item. A snapshot may have 300 KB, so it is
an item of its own, which is written once, in the transaction that creates its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from outreach import dynamo
from outreach.settings import settings


def put_request(site_id: str, record_id: str, snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """Return the action of a transaction that stores a record's snapshot."""
    item = {**_key(site_id, record_id), "campaign": orjson.dumps(snapshot).decode()}
    return {"Put": {"TableName": settings().campaigns_table, "Item": dynamo.to_item(item)}}


def get(site_id: str, record_id: str) -> dict[str, Any]:
    """Return the campaign at the time of a send, in the JSON form of the API (strongly consistent read).

    Args:
        record_id: the id of an existing record.
    """
    table = settings().campaigns_table
    item = dynamo.get(table, _key(site_id, record_id), consistent=True)
    item = item or dynamo.get(table, _record_key(site_id, record_id), consistent=True)
    if item is None:
        raise RuntimeError(f"record {record_id} has no snapshot")
    return _from_item(item)


def get_many(site_id: str, record_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the campaigns of records at the time of their sends, by record id (strongly consistent reads)."""
    ids = list(record_ids)
    found = _read(_key(site_id, record_id) for record_id in ids)
    return found | _read(_record_key(site_id, record_id) for record_id in ids if record_id not in found)


def _read(keys: Iterable[dict[str, str]]) -> dict[str, dict[str, Any]]:
    items = dynamo.batch_get(settings().campaigns_table, keys, consistent=True)
    return {item["sk"].partition("#")[2]: _from_item(item) for item in items}


def _from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    campaign: dict[str, Any] = orjson.loads(item["campaign"])
    return campaign


def _record_key(site_id: str, record_id: str) -> dict[str, str]:
    """Return the key of an older record, which has its snapshot in its own item."""
    return {"pk": f"SITE#{site_id}", "sk": f"RECORD#{record_id}"}


def _key(site_id: str, record_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"SNAPSHOT#{record_id}"}
