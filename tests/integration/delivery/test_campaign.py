"""A campaign from ``:send`` to its receipts, in one process: what the marketer must be able to rely on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from outreach.settings import settings
from tests.support import pipeline
from tests.support.simulator import simulating

QUICK: dict[str, Any] = {"latency": 0, "receipt_delay": 0.01, "receipt_retry_delay": 0.01, "lost_answer": 0.3}
NUMBERS = [f"+1212555{number}" for number in range(1200, 1212)]


@pytest.fixture
def carrier(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The simulator, its receipts going to our webhooks; the answer lost is found out about at once."""
    with pipeline.webhook_server() as base, simulating(tmp_path, webhook_base=base, **QUICK) as url:
        monkeypatch.setenv("WEBHOOK_BASE_URL", base)
        monkeypatch.setenv("TWILIO_BASE_URL", url)
        monkeypatch.setenv("OUTCOME_CHECKS", "1,2")
        settings.cache_clear()
        machine = settings().campaign_send_arn.rsplit(":", 1)[1]
        boto3.client("stepfunctions").create_state_machine(
            name=machine, definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
        )
        pipeline.put_site()
        yield url


def accepted(carrier: str) -> list[str]:
    messages = requests.get(f"{carrier}/_simulate/messages", params={"limit": 1000}, timeout=5).json()["messages"]
    return sorted(message["to"] for message in messages)


def counts(record_id: str) -> dict[str, Any]:
    return dict(pipeline.record(record_id)["counts"])


def test_every_contact_of_the_audience_gets_exactly_one_message(carrier: str) -> None:
    for number in NUMBERS:
        pipeline.create_contact(number, city="Kigali")
    pipeline.create_contact("+12125551300", city="Oslo")
    condition = {"fieldName": "city", "operator": "is", "value": "kigali", "order": "1"}
    record_id = pipeline.send(pipeline.create_campaign(contactFilterConditions=[condition])["id"])
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: counts(record_id)["delivered"] == len(NUMBERS))
    assert accepted(carrier) == NUMBERS
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_contact_without_a_number_is_a_skip_with_its_reason(carrier: str) -> None:
    contact_id = pipeline.create_contact(None)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    listed = pipeline.call("outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{record_id}/skipped").body
    assert listed["skipped"] == [{"contactId": contact_id, "reason": "no_recipient"}]
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
def test_each_outcome_of_the_carrier_ends_in_its_status(carrier: str, number: str, status: str) -> None:
    pipeline.create_contact(number)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: counts(record_id)[status] == 1, seconds=40)
    assert accepted(carrier) == ([] if status == "failed" else [number])
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_repeated_fan_out_sends_nothing_twice(carrier: str) -> None:
    for number in NUMBERS:
        pipeline.create_contact(number)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    for _ in range(3):
        pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: counts(record_id)["delivered"] == len(NUMBERS))
    pipeline.fan_out(record_id)
    pipeline.Pump().run_until(lambda: True)
    assert accepted(carrier) == NUMBERS
