"""Snapshots of campaigns."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from outreach.campaigns.models import Campaign
from outreach.campaigns.schemas import CampaignResponse
from outreach.campaigns.snapshots import contact_filter, snapshot
from outreach.contacts.filters.models import Condition, Filter, Match, Operator

PLAIN = Campaign("c", "10000", "2026-01-01T00:00:00.000Z", "Sale", "a", "Hello!")
FULL = Campaign(
    id="c",
    site_id="10000",
    create_time="2026-01-01T00:00:00.000Z",
    name="Sale",
    channel_account_id="a",
    message="Hello {{ name }}!",
    description="In spring",
    is_auto_attached=True,
    preferred_ticket="newTicket",
    attach_time="whenTheMessageIsSent",
    contact_filter=Filter(Match.EXPRESSION, "1 and 2", (Condition("city", Operator.IS_NOT, "Oslo", 1, "i", "c"),)),
    scheduled_start_time=datetime(2026, 5, 1, 12, 30, tzinfo=UTC),
    callback_url="https://example.com",
    max_segments=7,
    replaces_smart_quotes=True,
)


@pytest.mark.parametrize("campaign", [PLAIN, FULL])
def test_a_snapshot_equals_the_api_response_without_what_became_of_the_schedule(campaign: Campaign) -> None:
    response = CampaignResponse.of(campaign).model_dump(mode="json", by_alias=True)
    assert orjson.loads(orjson.dumps(snapshot(campaign))) | {"scheduleStatusReason": None} == response


@pytest.mark.parametrize("campaign", [PLAIN, FULL])
def test_the_contact_filter_is_restored_from_a_stored_snapshot(campaign: Campaign) -> None:
    stored = orjson.loads(orjson.dumps(snapshot(campaign)))
    assert contact_filter(stored) == campaign.contact_filter
