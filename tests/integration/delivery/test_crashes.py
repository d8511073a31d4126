"""Whatever step a process dies at: each contact gets one message, and the ledger adds up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from outreach import clock
from outreach.delivery import sweep
from tests.support import pipeline
from tests.support.crashes import Crash, dying_at
from tests.support.functions import invoke
from tests.support.pipeline import SITE, Pump

NUMBERS = ["+12125551200", "+12125551201", "+12125551202"]


@pytest.fixture
def record_id(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    pipeline.create_contact(None)
    return pipeline.send(pipeline.create_campaign()["id"])


def dies(act: Callable[[], Any], call: int, *, after: bool) -> bool:
    """Whether ``act`` comes as far as that AWS call."""
    try:
        with dying_at(call, after=after):
            act()
    except Crash:
        return True
    return False


def assert_all_arrives_once(carrier: str, record_id: str) -> None:
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS), seconds=40)
    counts = pipeline.counts(record_id)
    assert counts["audience"] == len(NUMBERS) + 1 == counts["delivered"] + counts["skipped"]
    assert pipeline.accepted(carrier) == NUMBERS
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
# From the last read to the end; a crash before the first write leaves nothing behind.
@pytest.mark.parametrize("call", range(13, 22))
def test_a_release_that_dies_is_repeated_without_loss_or_double(carrier: str, record_id: str, call: int, after: bool) -> None:
    pipeline.freeze(record_id)
    event = {"site_id": SITE, "record_id": record_id, "windows": 0}
    if not dies(lambda: invoke("workers/release_window", event), call, after=after):
        pytest.skip("a release makes fewer calls than that")
    pipeline.fan_out(record_id)
    assert_all_arrives_once(carrier, record_id)


def test_a_lost_queue_is_found_by_the_sweep(carrier: str, record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as lost:
        lost.setattr("outreach.sending.queue.enqueue", lambda messages, slots: None)
        pipeline.fan_out(record_id)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=10))
    sweep.repair(SITE, record_id)
    assert_all_arrives_once(carrier, record_id)
