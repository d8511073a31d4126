"""Snapshots of a campaign in its records: the campaign at the time of the send, in the JSON form of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outreach import clock
from outreach.campaigns.models import Campaign
from outreach.contacts.filters.models import Condition, Filter, Match, Operator


def snapshot(campaign: Campaign) -> dict[str, Any]:
    """Return the campaign in the JSON form of the API."""
    scheduled = campaign.scheduled_start_time
    return {
        "id": campaign.id,
        "name": campaign.name,
        "description": campaign.description,
        "channel": "sms",
        "channelAccountId": campaign.channel_account_id,
        "message": campaign.message,
        "isMessageAutoAttachedToTicket": campaign.is_auto_attached,
        "preferredTicketToAutoAttach": campaign.preferred_ticket,
        "timeToAutoAttachToTicket": campaign.attach_time,
        "contactFilterConditionMetType": campaign.contact_filter.match,
        "contactFilterLogicalExpresssion": campaign.contact_filter.expression,
        "contactFilterConditions": [_condition_to_json(condition) for condition in campaign.contact_filter.conditions],
        "scheduledStartTime": scheduled and clock.timestamp(scheduled),
        "callbackURL": campaign.callback_url,
        "maxSegments": campaign.max_segments,
        "replacesSmartQuotes": campaign.replaces_smart_quotes,
    }


def contact_filter(stored: Mapping[str, Any]) -> Filter:
    """Return the contact filter in a stored snapshot."""
    return Filter(
        Match(stored["contactFilterConditionMetType"]),
        stored["contactFilterLogicalExpresssion"],
        tuple(map(_condition_from_json, stored["contactFilterConditions"])),
    )


def _condition_to_json(condition: Condition) -> dict[str, Any]:
    return {
        "id": condition.id,
        "campaignId": condition.campaign_id,
        "fieldName": condition.field_name,
        "operator": condition.operator,
        "value": condition.value,
        "order": condition.order,
    }


def _condition_from_json(stored: Mapping[str, Any]) -> Condition:
    return Condition(
        stored["fieldName"], Operator(stored["operator"]), stored["value"], stored["order"], stored["id"], stored["campaignId"]
    )
