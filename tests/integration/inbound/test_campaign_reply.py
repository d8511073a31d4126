"""A contact answers a campaign: from the send and the carrier's webhook to the list of replies."""

from __future__ import annotations

from typing import Any

import requests

from tests.support import pipeline
from tests.support.functions import call

NUMBER = "+12125551200"


def replies(record_id: str) -> list[dict[str, Any]]:
    return list(call("outreach/list_replies", "GET", f"/outreach/replies?campaignRecordId={record_id}").body["replies"])


def test_the_answer_to_a_campaign_is_listed_with_its_record(carrier: str) -> None:
    contact_id = pipeline.create_contact(NUMBER)
    campaign_id = pipeline.create_campaign()["id"]
    record_id = pipeline.send(campaign_id)
    pipeline.fan_out(record_id)
    pump = pipeline.Pump()
    pump.run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    inbound = {"from": NUMBER, "to": pipeline.ACCOUNT.number, "body": "Stop!"}
    assert requests.post(f"{carrier}/_simulate/inbound", json=inbound, timeout=5).status_code == 200
    pump.run_until(lambda: bool(replies(record_id)))
    (listed,) = replies(record_id)
    assert (listed["message"], listed["keyword"], listed["contactId"]) == ("Stop!", "optOut", contact_id)
    assert (listed["campaignId"], listed["campaignRecordId"]) == (campaign_id, record_id)
