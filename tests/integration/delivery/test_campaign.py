"""A campaign from ``:send`` to its receipts, in one process."""

from __future__ import annotations

import pytest

from tests.support import pipeline
from tests.support.functions import call

NUMBERS = [f"+1212555{number}" for number in range(1200, 1212)]


def test_every_contact_of_the_audience_gets_exactly_one_message(carrier: str) -> None:
    for number in NUMBERS:
        pipeline.create_contact(number, city="Kigali")
    pipeline.create_contact("+12125551300", city="Oslo")
    condition = {"fieldName": "city", "operator": "is", "value": "kigali", "order": "1"}
    record_id = pipeline.send(pipeline.create_campaign(contactFilterConditions=[condition])["id"])
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_contact_without_a_number_is_skipped_with_a_reason(carrier: str) -> None:
    contact_id = pipeline.create_contact(None)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    listed = call("outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{record_id}/skipped").body
    assert listed["skipped"] == [{"contactId": contact_id, "name": "Ada", "to": None, "reason": "no_recipient"}]
    assert pipeline.record(record_id)["status"] == "completed"


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("+12125550101", "failed"),
        ("+12125550102", "failed"),
        ("+12125550103", "undelivered"),
        ("+12125550104", "delivered"),
        ("+12125550105", "failed"),
        ("+12125550106", "delivered"),
        ("+12125550107", "delivered"),
        ("+12125550108", "delivered"),
    ],
)
def test_each_outcome_of_the_carrier_leads_to_its_status(carrier: str, number: str, status: str) -> None:
    pipeline.create_contact(number)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: pipeline.counts(record_id)[status] == 1, seconds=40)
    assert pipeline.accepted(carrier) == ([] if status == "failed" else [number])
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_repeated_fan_out_sends_no_message_twice(carrier: str) -> None:
    for number in NUMBERS:
        pipeline.create_contact(number)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    for _ in range(3):
        pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: True)
    assert pipeline.accepted(carrier) == NUMBERS
