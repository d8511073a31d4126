"""The campaign in its records."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from outreach.campaigns.bodies import CampaignResponse
from outreach.campaigns.models import Campaign
from outreach.campaigns.snapshots import filter_of, snapshot
from outreach.contacts.conditions import Condition, Operator
from outreach.contacts.filters import Filter, Match

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
def test_a_snapshot_is_the_campaign_as_the_api_writes_it(campaign: Campaign) -> None:
    written = CampaignResponse.of(campaign).model_dump(mode="json", by_alias=True)
    assert orjson.loads(orjson.dumps(snapshot(campaign))) == written


@pytest.mark.parametrize("campaign", [PLAIN, FULL])
def test_a_stored_snapshot_knows_whom_the_campaign_was_sent_to(campaign: Campaign) -> None:
    stored = orjson.loads(orjson.dumps(snapshot(campaign)))
    assert filter_of(stored) == campaign.contact_filter
