"""Who has unsubscribed: per site and number, in the contacts table (``SITE#<site>#OPTOUT#<number>``).

The item of a number that has subscribed again stays, with the time: what was said earlier may be heard later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from outreach import aws, clock, dynamo
from outreach.contacts.models import Contact, IdentityType
from outreach.settings import settings


def opted_out(site_id: str, numbers: Iterable[str], *, consistent: bool = True) -> set[str]:
    """Those of the (E.164) numbers that must not be written to; as of now, or of a moment ago at half the price."""
    keys = [_key(site_id, number) for number in set(numbers)]
    items = dynamo.batch_get(settings().contacts_table, keys, consistent=consistent)
    return {item["number"] for item in items if item["is_opted_out"]}


def of_contacts(site_id: str, contacts: Iterable[Contact], *, consistent: bool = True) -> set[str]:
    """Those of the contacts' SMS numbers that must not be written to; one read for all of them."""
    live = (identity for contact in contacts for identity in contact.live_identities)
    numbers = (identity.normal for identity in live if identity.type is IdentityType.SMS)
    return opted_out(site_id, numbers, consistent=consistent)


def add(site_id: str, number: str, source: str, *, time: str | None = None) -> None:
    """Note that a number has unsubscribed.

    Args:
        source: from what we know (a keyword, a carrier's error).
        time: when we were told, as :mod:`outreach.clock` spells it; now when left out. What is older than what we know already
            changes nothing.
    """
    _note(site_id, number, source, time, is_opted_out=True)


def remove(site_id: str, number: str, source: str, *, time: str | None = None) -> None:
    """Note that a number has subscribed again; see :func:`add`."""
    _note(site_id, number, source, time, is_opted_out=False)


def listed(site_id: str) -> Iterator[dict[str, str]]:
    """All numbers of a site that have unsubscribed, with ``source`` and ``time``. Reads the whole table: for administration."""
    pages = (
        aws.dynamodb()
        .get_paginator("scan")
        .paginate(
            TableName=settings().contacts_table,
            FilterExpression="begins_with(pk, :prefix) AND is_opted_out = :yes",
            ExpressionAttributeValues=dynamo.to_item({":prefix": f"SITE#{site_id}#OPTOUT#", ":yes": True}),
        )
    )
    for page in pages:
        for item in map(dynamo.from_item, page["Items"]):
            yield {name: item[name] for name in ("number", "source", "time")}


def forget(site_id: str, number: str) -> bool:
    """Keep nothing about a number, not even that it has unsubscribed; ``False`` when there was nothing."""
    answer = aws.dynamodb().delete_item(
        TableName=settings().contacts_table, Key=dynamo.to_item(_key(site_id, number)), ReturnValues="ALL_OLD"
    )
    return "Attributes" in answer


def _note(site_id: str, number: str, source: str, time: str | None, *, is_opted_out: bool) -> None:
    time = time or clock.timestamp(clock.now())
    item = {**_key(site_id, number), "number": number, "source": source, "time": time, "is_opted_out": is_opted_out}
    try:
        with dynamo.conditional():
            aws.dynamodb().put_item(
                TableName=settings().contacts_table,
                Item=dynamo.to_item(item),
                ConditionExpression="attribute_not_exists(pk) OR #time <= :time",
                ExpressionAttributeNames={"#time": "time"},
                ExpressionAttributeValues=dynamo.to_item({":time": time}),
            )
    except dynamo.ConditionFailed:
        return


def _key(site_id: str, number: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}#OPTOUT#{number}", "sk": "OPTOUT"}
