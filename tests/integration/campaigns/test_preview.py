"""The preview is what the send would do."""

from __future__ import annotations

import pytest

from outreach.contacts import optouts
from outreach.messages import store
from outreach.messages.models import campaign_message_id
from tests.support import pipeline
from tests.support.functions import call
from tests.support.pipeline import SITE

pytestmark = pytest.mark.usefixtures("carrier")


def test_it_tells_whom_the_send_reaches_and_how_long_it_takes() -> None:
    for last in range(4):
        pipeline.create_contact(f"+1212555120{last}", name=f"Ada {last}")
    pipeline.create_contact(None)
    optouts.add(SITE, "+12125551200", "STOP")
    campaign_id = pipeline.create_campaign(message="Grüße, {{ name }} ✓")["id"]
    forecast = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:preview").body
    sample = forecast.pop("sample")
    assert forecast == {
        "audience": 5,
        "skipped": 2,
        "skippedReasons": {"no_recipient": 1, "opted_out": 1},
        "segments": 3,
        "estimatedSeconds": 0,
    }
    assert len(sample) == 3
    assert all(entry["message"].startswith("Grüße, Ada ") and entry["encoding"] == "UCS-2" for entry in sample)


@pytest.mark.parametrize(("replaces", "text", "encoding"), [(False, "“Hello” – Ada", "UCS-2"), (True, '"Hello" - Ada', "GSM-7")])
def test_typography_is_replaced_where_the_campaign_asks_for_it(replaces: bool, text: str, encoding: str) -> None:
    contact_id = pipeline.create_contact("+12125551200")
    campaign = pipeline.create_campaign(message="“Hello” – {{ name }}", replacesSmartQuotes=replaces)
    (sample,) = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign['id']}:preview").body["sample"]
    assert (sample["message"], sample["encoding"]) == (text, encoding)
    record_id = pipeline.send(campaign["id"])
    call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign['id']}", {"replacesSmartQuotes": not replaces})
    pipeline.fan_out(record_id)
    assert store.get(SITE, campaign_message_id(record_id, contact_id)).body == text


def test_it_sends_nothing() -> None:
    campaign_id = pipeline.create_campaign()["id"]
    call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:preview")
    assert call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign_id}/records").body["total"] == 0
