"""Stores campaigns in the campaigns table, with the keys ``SITE#<site>`` and ``CAMPAIGN#<id>``.

A campaign with a pending scheduled start has the attribute ``unfinished``, so that the sweep finds it.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import orjson

from outreach import clock, dynamo
from outreach.campaigns import campaign_records
from outreach.campaigns.models import Campaign
from outreach.contacts.filters.models import Filter
from outreach.dynamo import Update
from outreach.errors import NotFound
from outreach.repeated_failures import Failures
from outreach.settings import settings
from outreach.tolerant_reader import known


def get(site_id: str, campaign_id: str) -> Campaign:
    """Return the campaign (strongly consistent read).

    Raises:
        NotFound: the site has no such campaign.
    """
    item = dynamo.get(settings().campaigns_table, _key(site_id, campaign_id), consistent=True)
    if item is None:
        raise NotFound("The site has no campaign with this id.")
    return _from_item(item)


def list_all(site_id: str) -> list[Campaign]:
    """Return all campaigns of a site. People write them, so there are some hundreds at most."""
    items = dynamo.query_by_prefix(settings().campaigns_table, f"SITE#{site_id}", "CAMPAIGN#")
    return [_from_item(item) for item in items]


def create(campaign: Campaign) -> bool:
    """Store a new campaign; ``False`` (and nothing written) if it exists."""
    return dynamo.put_new(settings().campaigns_table, _to_item(campaign))


def put(campaign: Campaign) -> Campaign:
    """Store a changed campaign, with its next version.

    Raises:
        WriteConflict: the campaign was changed or deleted since it was read.
    """
    changed = replace(campaign, version=campaign.version + 1)
    if not dynamo.put_if(settings().campaigns_table, _to_item(changed), "#version = :read", {":read": campaign.version}):
        raise dynamo.WriteConflict
    return changed


def delete(site_id: str, campaign_id: str) -> None:
    """Delete a campaign; its records stay."""
    dynamo.delete(settings().campaigns_table, _key(site_id, campaign_id))


def end_schedule(campaign: Campaign) -> None:
    """Record that the scheduled start has happened. If the schedule has changed since, the new one stays pending."""
    change = Update().remove("unfinished", "start_failures")
    _update_schedule(campaign.site_id, campaign.id, campaign.schedule_version, change)


def start_failures(site_id: str, campaign_id: str) -> tuple[int, Failures]:
    """Return the version of a campaign's schedule, and the failures in a row to start it (strongly consistent read).

    This also works for a campaign that cannot be read.
    """
    item = dynamo.get(settings().campaigns_table, _key(site_id, campaign_id), consistent=True) or {}
    return item.get("schedule_version", 0), Failures.from_item(item.get("start_failures"))


def set_start_failures(site_id: str, campaign_id: str, version: int, failures: Failures) -> None:
    """Store the failures to start a campaign, unless its schedule has changed since."""
    _update_schedule(site_id, campaign_id, version, Update().set("start_failures", failures.to_item()))


def give_up_scheduled_start(site_id: str, campaign_id: str, version: int, reason: str) -> bool:
    """Give up the scheduled start of a campaign, and store the reason; ``False`` if its schedule has changed since."""
    change = Update().set("schedule_status_reason", reason).remove("unfinished", "start_failures")
    return _update_schedule(site_id, campaign_id, version, change)


def _update_schedule(site_id: str, campaign_id: str, version: int, change: Update) -> bool:
    condition, values = "schedule_version = :version", {":version": version}
    return dynamo.update_if(settings().campaigns_table, _key(site_id, campaign_id), change, values, condition=condition)


def _to_item(campaign: Campaign) -> dict[str, Any]:
    scheduled = campaign.scheduled_start_time
    return {
        **_key(campaign.site_id, campaign.id),
        **{name: value for name, value in asdict(campaign).items() if name != "is_schedule_pending"},
        "contact_filter": orjson.dumps(asdict(campaign.contact_filter)).decode(),
        "scheduled_start_time": scheduled and clock.timestamp(scheduled),
        "unfinished": campaign_records.UNFINISHED if campaign.is_schedule_pending else None,
    }


def _from_item(item: dict[str, Any]) -> Campaign:
    values = known(Campaign, item)
    scheduled = values.get("scheduled_start_time")
    return Campaign(
        **values
        | {
            "contact_filter": Filter.of_stored(orjson.loads(values["contact_filter"])),
            "scheduled_start_time": scheduled and clock.from_timestamp(scheduled),
            "is_schedule_pending": "unfinished" in item,
        }
    )


def _key(site_id: str, campaign_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"CAMPAIGN#{campaign_id}"}
