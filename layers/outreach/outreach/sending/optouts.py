"""Who has unsubscribed: per site and number, in the contacts table (``SITE#<site>#OPTOUT#<number>``)."""

from __future__ import annotations

from collections.abc import Iterable

from outreach import aws, clock, dynamo
from outreach.settings import settings


def opted_out(site_id: str, numbers: Iterable[str]) -> set[str]:
    """Those of the (E.164) numbers that must not be written to."""
    keys = [_key(site_id, number) for number in set(numbers)]
    return {item["number"] for item in dynamo.batch_get(settings().contacts_table, keys, consistent=True)}


def add(site_id: str, number: str, source: str) -> None:
    """Note that a number has unsubscribed; ``source`` tells from what we know (a keyword, a carrier's error)."""
    item = {**_key(site_id, number), "number": number, "source": source, "time": clock.timestamp(clock.now())}
    aws.dynamodb().put_item(TableName=settings().contacts_table, Item=dynamo.to_item(item))


def remove(site_id: str, number: str) -> None:
    """Note that a number has subscribed again."""
    aws.dynamodb().delete_item(TableName=settings().contacts_table, Key=dynamo.to_item(_key(site_id, number)))


def _key(site_id: str, number: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#OPTOUT#{number}", "sk": "OPTOUT"}
