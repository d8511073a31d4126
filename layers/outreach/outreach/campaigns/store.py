"""Campaigns in the campaigns table (``SITE#<site>``, ``CAMPAIGN#<id>``), which ``records`` and ``ledger`` share.

A campaign whose scheduled start is still to come is ``unfinished``, like a record that isn't over: the sweep looks at both.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any

import orjson

from outreach import aws, clock, dynamo
from outreach.campaigns import records
from outreach.campaigns.models import Campaign
from outreach.contacts.conditions import Condition, Operator
from outreach.contacts.filters import Filter, Match
from outreach.errors import NotFound
from outreach.settings import settings


def get(site_id: str, campaign_id: str) -> Campaign:
    """
    Raises:
        NotFound: the site has no such campaign.
    """
    item = dynamo.get(settings().campaigns_table, _key(site_id, campaign_id), consistent=True)
    if item is None:
        raise NotFound("There is no such campaign.")
    return _from_item(item)


def list_all(site_id: str) -> list[Campaign]:
    """Every campaign of a site. A site has some hundreds, written by people."""
    items = dynamo.query(
        settings().campaigns_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": f"SITE#{site_id}", ":sk": "CAMPAIGN#"},
    )
    return [_from_item(item) for item in items]


def put(campaign: Campaign, *, is_new: bool = False) -> bool:
    """Create or replace a campaign; ``False`` (and nothing written) when one is there that should be new."""
    if is_new:
        return dynamo.put_new(settings().campaigns_table, _to_item(campaign))
    aws.dynamodb().put_item(TableName=settings().campaigns_table, Item=dynamo.to_item(_to_item(campaign)))
    return True


def delete(site_id: str, campaign_id: str) -> None:
    """Remove a campaign; its records stay."""
    aws.dynamodb().delete_item(TableName=settings().campaigns_table, Key=dynamo.to_item(_key(site_id, campaign_id)))


def end_schedule(campaign: Campaign) -> None:
    """Note that the scheduled start has been made; a time that was set meanwhile stays pending."""
    with suppress(dynamo.ConditionFailed):
        dynamo.update(
            settings().campaigns_table,
            _key(campaign.site_id, campaign.id),
            "REMOVE unfinished",
            {":version": campaign.schedule_version},
            condition="schedule_version = :version",
        )


def _to_item(campaign: Campaign) -> dict[str, Any]:
    scheduled = campaign.scheduled_start_time
    return {
        **_key(campaign.site_id, campaign.id),
        **{name: value for name, value in asdict(campaign).items() if name != "is_schedule_pending"},
        "contact_filter": orjson.dumps(asdict(campaign.contact_filter)).decode(),
        "scheduled_start_time": scheduled and clock.timestamp(scheduled),
        "unfinished": records.UNFINISHED if campaign.is_schedule_pending else None,
    }


def _from_item(item: dict[str, Any]) -> Campaign:
    values = {name: value for name, value in item.items() if name not in ("pk", "sk", "unfinished")}
    scheduled = values.get("scheduled_start_time")
    return Campaign(
        **values
        | {
            "contact_filter": _filter(orjson.loads(values["contact_filter"])),
            "scheduled_start_time": scheduled and clock.from_timestamp(scheduled),
            "is_schedule_pending": "unfinished" in item,
        }
    )


def _filter(stored: dict[str, Any]) -> Filter:
    conditions = tuple(Condition(**{**entry, "operator": Operator(entry["operator"])}) for entry in stored["conditions"])
    return Filter(Match(stored["match"]), stored["expression"], conditions)


def _key(site_id: str, campaign_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"CAMPAIGN#{campaign_id}"}
