"""The state machine ``scheduled_start`` waits for the scheduled time, then starts the campaign."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outreach import clock
from tests.statemachines.conftest import Machine

START: dict[str, Any] = {"site_id": "10000", "campaign_id": "c", "version": 3}


@pytest.fixture
def definition() -> str:
    return "ScheduledStart"


@pytest.mark.parametrize(("delay", "waits"), [(90, True), (-90, False)])
def test_a_campaign_starts_at_its_time_or_at_once_if_that_has_passed(machine: Machine, delay: int, waits: bool) -> None:
    at = clock.timestamp(clock.now() + timedelta(seconds=delay))
    assert machine.run(lambda *_: {"outcome": "sent"}, **START, at=at).status == "SUCCEEDED"
    assert machine.calls == [("start_scheduled_campaign", {**START, "at": at})]
    assert (0 < max(machine.waits) <= 90) is waits


def test_a_failed_start_is_retried(machine: Machine) -> None:
    results: list[Any] = [RuntimeError(), RuntimeError(), {"outcome": "sent"}]

    def task(*_: Any) -> Any:
        if isinstance(result := results.pop(0), Exception):
            raise result
        return result

    assert machine.run(task, **START, at=clock.timestamp(clock.now())).status == "SUCCEEDED"
    assert machine.order == ["start_scheduled_campaign"] * 3
