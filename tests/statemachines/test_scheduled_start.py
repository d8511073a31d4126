"""The state machine ``scheduled_start``: it waits for the very moment, and then starts the campaign."""

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


@pytest.mark.parametrize(("ahead", "waits"), [(90, True), (-90, False)])
def test_a_campaign_starts_at_its_moment_or_at_once_when_that_has_passed(machine: Machine, ahead: int, waits: bool) -> None:
    moment = clock.timestamp(clock.now() + timedelta(seconds=ahead))
    assert machine.run(lambda *_: {"outcome": "sent"}, **START, at=moment).status == "SUCCEEDED"
    assert machine.calls == [("start_scheduled_campaign", {**START, "at": moment})]
    assert (0 < max(machine.waits) <= 90) is waits


def test_a_start_that_fails_is_tried_again(machine: Machine) -> None:
    answers: list[Any] = [RuntimeError(), RuntimeError(), {"outcome": "sent"}]

    def task(*_: Any) -> Any:
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return answer

    assert machine.run(task, **START, at=clock.timestamp(clock.now())).status == "SUCCEEDED"
    assert machine.order == ["start_scheduled_campaign"] * 3
