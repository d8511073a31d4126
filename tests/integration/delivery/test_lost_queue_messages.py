"""Messages that the queue loses are sent (tests/reliability covers processes that crash)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach import clock
from tests.support import pipeline
from tests.support.functions import invoke
from tests.support.pipeline import Pump

NUMBERS = ["+12125551200", "+12125551201", "+12125551202"]


@pytest.fixture
def record_id(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    pipeline.create_contact(None)
    return pipeline.send(pipeline.create_campaign()["id"])


def assert_all_arrives_once(carrier: str, record_id: str) -> None:
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS), seconds=40)
    counts = pipeline.counts(record_id)
    assert counts["audience"] == len(NUMBERS) + 1 == counts["delivered"] + counts["skipped"]
    assert pipeline.accepted(carrier) == NUMBERS
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")


def test_the_sweep_queues_lost_messages_again(carrier: str, record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as lost:
        lost.setattr("outreach.sending.send_queue.enqueue", lambda messages, slots: None)
        pipeline.fan_out(record_id)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=10))
    invoke("workers/sweep", {})
    assert_all_arrives_once(carrier, record_id)
