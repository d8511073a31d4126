"""The snapshot of a record's campaign is an item of its own."""

from __future__ import annotations

from typing import Any

import orjson

from outreach import dynamo
from outreach.campaigns import campaign_records
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import call
from tests.support.pipeline import SITE, Pump

NUMBER = "+12125551200"
COPIED = ("campaign_name", "channel_account_id", "max_segments", "auto_attach")


def item(sort_key: str) -> dict[str, Any]:
    stored = dynamo.get(settings().campaigns_table, {"pk": f"SITE#{SITE}", "sk": sort_key})
    assert stored
    return stored


def update(campaign_id: str, **changes: Any) -> None:
    assert call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign_id}", changes).status == 200


def test_a_record_is_small_whatever_its_campaign(carrier: str) -> None:
    conditions = [
        {"fieldName": "city", "operator": "isNot", "value": f"{number}" + "é" * 150, "order": number} for number in range(250)
    ]
    pipeline.create_contact(NUMBER)
    campaign_id = pipeline.create_campaign(contactFilterConditions=conditions)["id"]
    record_id = pipeline.send(campaign_id)
    update(campaign_id, message="Changed", contactFilterConditions=[])
    assert len(repr(item(f"RECORD#{record_id}"))) < 1_000 < 50_000 < len(repr(item(f"SNAPSHOT#{record_id}")))
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 1)
    campaign = pipeline.record(record_id)["campaign"]
    assert (campaign["message"], len(campaign["contactFilterConditions"])) == ("Hello {{ name }}!", 250)


def test_the_list_of_records_has_the_campaign_of_each_send(carrier: str) -> None:
    campaign_id = pipeline.create_campaign(message="First")["id"]
    pipeline.send(campaign_id)
    update(campaign_id, message="Second")
    pipeline.send(campaign_id)
    records = call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign_id}/records").body["records"]
    assert [record["campaign"]["message"] for record in records] == ["First", "Second"]


def test_an_older_record_that_holds_its_snapshot_is_sent_and_shown(carrier: str) -> None:
    pipeline.create_contact(NUMBER)
    campaign_id = pipeline.create_campaign(maxSegments=7)["id"]
    record_id = pipeline.send(campaign_id)
    snapshot = item(f"SNAPSHOT#{record_id}")
    older = {name: value for name, value in item(f"RECORD#{record_id}").items() if name not in COPIED}
    dynamo.put(settings().campaigns_table, older | {"campaign": snapshot["campaign"]})
    dynamo.delete(settings().campaigns_table, {"pk": snapshot["pk"], "sk": snapshot["sk"]})
    assert campaign_records.get(SITE, record_id).max_segments == 7
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 1)
    (listed,) = call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign_id}/records").body["records"]
    sent = orjson.loads(snapshot["campaign"]) | {"scheduleStatusReason": None}
    assert listed["campaign"] == pipeline.record(record_id)["campaign"] == sent
