"""Messages are deleted some days after their creation; what was counted, listed or recorded about them stays right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from outreach_admin import erasure

from outreach import clock, dynamo
from outreach.messages import message_store
from outreach.settings import settings
from tests.integration.messages.test_message_store import MESSAGE
from tests.support import pipeline
from tests.support.functions import call, invoke

NUMBERS = ["+12125551200", "+12125551201"]


def rows() -> list[dict[str, Any]]:
    """All items of the messages table."""
    return [dynamo.from_item(item) for item in boto3.client("dynamodb").scan(TableName=settings().messages_table)["Items"]]


def expire() -> None:
    """Delete what has an end, as DynamoDB does after it."""
    for row in rows():
        if "expires" in row:
            dynamo.delete(settings().messages_table, {"pk": row["pk"]})


@pytest.fixture
def sent(carrier: str) -> str:
    """The record of a campaign whose messages were sent and then expired."""
    for number in NUMBERS:
        pipeline.create_contact(number)
    pipeline.create_contact(None, "Bea")
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    pump = pipeline.Pump()
    pump.run_until(lambda: pipeline.counts(record_id).get("delivered") == len(NUMBERS))
    before = pipeline.counts(record_id)
    expire()
    pump.process_changes()
    assert rows() == []
    assert pipeline.counts(record_id) == before
    return record_id


@pytest.mark.parametrize("days", [30, 400])
def test_a_message_ends_that_many_days_after_its_creation(aws: None, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", str(days))
    settings.cache_clear()
    message_store.create_many([MESSAGE])
    message_store.adopt(MESSAGE, "SM1")
    end = (clock.now() + timedelta(days=days)).timestamp()
    assert [row["expires"] for row in rows()] == [pytest.approx(end, abs=60)] * 2


def test_retention_can_be_disabled(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", "0")
    settings.cache_clear()
    message_store.create_many([MESSAGE])
    message_store.adopt(MESSAGE, "SM1")
    assert [row for row in rows() if "expires" in row] == []


def test_an_edited_time_does_not_move_the_end(aws: None) -> None:
    message_store.create_many([MESSAGE])
    before = rows()[0]["expires"]
    message_store.change(MESSAGE, replace(MESSAGE, slot="2001-01-01T00:00:00.000Z"))
    assert (rows()[0]["expires"], rows()[0]["slot"]) == (before, "2001-01-01T00:00:00.000Z")


def test_counts_and_skips_stay_and_lists_are_empty(sent: str) -> None:
    skipped = call("outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{sent}/skipped")
    messages = call("outreach/list_messages", "GET", f"/outreach/messages?campaignRecordId={sent}")
    assert pipeline.counts(sent)["delivered"] == len(NUMBERS)
    assert (skipped.body["total"], messages.body["total"]) == (1, 0)


def test_nothing_is_sent_again(sent: str, carrier: str) -> None:
    invoke("workers/sweep", {})
    pipeline.fan_out(sent)
    pipeline.Pump().poll()
    assert pipeline.accepted(carrier) == NUMBERS
    assert rows() == []


def test_a_person_can_be_erased(sent: str) -> None:
    counts = erasure.erase(pipeline.SITE, NUMBERS[0])
    assert (counts.contacts, counts.messages) == (1, 0)
