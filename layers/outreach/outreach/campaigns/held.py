"""Recipients whose message has to wait for the end of their quiet hours: by the moment of their release, not by circling.

``SITE#<site>#HELD#<record>``, ``<moment>#<page>``: places of one page of the ledger, which stay unreleased until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from outreach import aws, clock, dynamo
from outreach.campaigns import ledger
from outreach.settings import settings


@dataclass(frozen=True)
class Held:
    """Places that may be released from ``moment`` on."""

    site_id: str
    record_id: str
    moment: datetime
    places: Sequence[int]

    @property
    def key(self) -> dict[str, str]:
        moment = clock.timestamp(self.moment)
        return {"pk": _pk(self.site_id, self.record_id), "sk": f"{moment}#{ledger.page_of(self.places[0]):06}"}


def put(held: Held) -> None:
    """Hold places of one page; the same moment and page again replaces them."""
    aws.dynamodb().put_item(TableName=settings().campaigns_table, Item=dynamo.to_item({**held.key, "places": list(held.places)}))


def first(site_id: str, record_id: str) -> Held | None:
    """What is to be released next."""
    items = dynamo.query(
        settings().campaigns_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _pk(site_id, record_id)},
        ConsistentRead=True,
        PaginationConfig={"MaxItems": 1},
    )
    item = next(items, None)
    return Held(site_id, record_id, clock.from_timestamp(item["sk"].split("#")[0]), item["places"]) if item else None


def keep(held: Held, places: Sequence[int]) -> None:
    """Keep only some of the places, or nothing at all."""
    if places:
        put(Held(held.site_id, held.record_id, held.moment, places))
    else:
        aws.dynamodb().delete_item(TableName=settings().campaigns_table, Key=dynamo.to_item(held.key))


def clear(site_id: str, record_id: str) -> None:
    """Forget all that is held."""
    while waiting := first(site_id, record_id):
        keep(waiting, [])


def _pk(site_id: str, record_id: str) -> str:
    return f"SITE#{site_id}#HELD#{record_id}"
