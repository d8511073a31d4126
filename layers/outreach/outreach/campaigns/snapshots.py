"""The campaign as its records keep it: as it was sent, in the form of the API (specification: OutreachCampaign)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outreach import clock
from outreach.campaigns.models import Campaign
from outreach.contacts.conditions import Condition, Operator
from outreach.contacts.filters import Filter, Match


def snapshot(campaign: Campaign) -> dict[str, Any]:
    """The campaign as JSON has it."""
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
        "contactFilterConditions": [_shown(condition) for condition in campaign.contact_filter.conditions],
        "scheduledStartTime": scheduled and clock.timestamp(scheduled),
        "callbackURL": campaign.callback_url,
        "maxSegments": campaign.max_segments,
        "replacesSmartQuotes": campaign.replaces_smart_quotes,
    }


def filter_of(kept: Mapping[str, Any]) -> Filter:
    """Whom the campaign of a snapshot was sent to."""
    return Filter(
        Match(kept["contactFilterConditionMetType"]),
        kept["contactFilterLogicalExpresssion"],
        tuple(map(_condition, kept["contactFilterConditions"])),
    )


def _shown(condition: Condition) -> dict[str, Any]:
    return {
        "id": condition.id,
        "campaignId": condition.campaign_id,
        "fieldName": condition.field_name,
        "operator": condition.operator,
        "value": condition.value,
        "order": condition.order,
    }


def _condition(shown: Mapping[str, Any]) -> Condition:
    return Condition(
        shown["fieldName"], Operator(shown["operator"]), shown["value"], shown["order"], shown["id"], shown["campaignId"]
    )
