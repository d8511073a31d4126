"""The state machine ``campaign_send``: which tasks run, on what, how often, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks import campaign
from outreach.settings import settings
from tests.statemachines.conftest import Machine, Task
from tests.support import functions, pipeline
from tests.support.functions import Context

START: dict[str, Any] = {"site_id": "10000", "record_id": "r", "release": {"windows": 0}}
FREEZE = ["plan_freeze", "scan_audience", "scan_audience", "freeze_audience"]


class Flaky(Exception):
    """A task that failed."""


def tasks(
    plan: str = "scan", scans: int = 2, outcomes: Sequence[str] = ("released",), failures: dict[str, int] | None = None
) -> Task:
    """Functions that answer as the real ones do: ``outcomes`` of the windows, and how often each fails before."""
    windows, left = iter(outcomes), dict(failures or {})

    def answer(function: str, payload: dict[str, Any]) -> dict[str, Any]:
        if left.get(function, 0):
            left[function] -= 1
            raise Flaky
        match function:
            case "plan_freeze":
                return {"outcome": plan, "scans": [[shard] for shard in range(scans)] if plan == "scan" else []}
            case "scan_audience":
                return {"part": payload["part"]}
            case "freeze_audience":
                return {"audience": 3}
        return {"outcome": next(windows), "seconds": 300, "windows": payload["windows"] + 1}

    return answer


@pytest.mark.parametrize(
    ("plan", "order"),
    [("scan", [*FREEZE, "release_window"]), ("frozen", ["plan_freeze", "release_window"]), ("over", ["plan_freeze"])],
)
def test_a_record_goes_on_where_it_was(machine: Machine, plan: str, order: list[str]) -> None:
    assert machine.run(tasks(plan), **START).status == "SUCCEEDED"
    assert machine.order == order


@pytest.mark.parametrize(
    ("outcomes", "waits"),
    [
        (["released"], []),
        (["stopped"], []),
        (["more", "more", "released"], []),
        (["wait", "more", "wait", "stopped"], [300, 300]),
    ],
)
def test_windows_are_released_until_the_record_is_done_or_stopped(
    machine: Machine, outcomes: list[str], waits: list[int]
) -> None:
    assert machine.run(tasks("frozen", outcomes=outcomes), **START).status == "SUCCEEDED"
    released = [payload["windows"] for function, payload in machine.calls if function == "release_window"]
    assert released == list(range(len(outcomes)))
    assert machine.waits == waits


@pytest.mark.parametrize("function", ["plan_freeze", "scan_audience", "freeze_audience", "release_window"])
def test_a_task_that_fails_is_tried_again(machine: Machine, function: str) -> None:
    assert machine.run(tasks(failures={function: 2}), **START).status == "SUCCEEDED"
    assert machine.order.count(function) == [*FREEZE, "release_window"].count(function) + 2
    assert len(machine.pauses) == 2


@pytest.mark.parametrize("function", ["plan_freeze", "scan_audience", "freeze_audience", "release_window"])
def test_a_task_that_keeps_failing_ends_the_execution_for_the_sweep_to_find(machine: Machine, function: str) -> None:
    assert machine.run(tasks(scans=1, failures={function: 100}), **START).status == "FAILED"
    assert machine.order.count(function) == 7
    assert max(machine.pauses) <= 60


def test_a_campaign_of_one_window_takes_25_transitions_at_most(machine: Machine) -> None:
    assert machine.run(tasks(scans=settings().contact_shards), **START).transitions <= 25


def test_a_further_window_takes_4_transitions_at_most(machine: Machine) -> None:
    one = machine.run(tasks("frozen", outcomes=["released"]), **START)
    many = machine.run(tasks("frozen", outcomes=["wait"] * 10 + ["released"]), **START)
    assert many.transitions - one.transitions <= 4 * 10


@pytest.mark.parametrize(("scans", "outcomes"), [(1, ["released"]), (16, ["more", "wait", "wait", "released"])])
def test_the_benchmark_counts_transitions_as_the_interpreter_does(machine: Machine, scans: int, outcomes: list[str]) -> None:
    counted = campaign.transitions(scans, len(outcomes), outcomes.count("wait"))
    assert machine.run(tasks(scans=scans, outcomes=outcomes), **START).transitions == counted


class Payload(dict[str, Any]):
    """Notes what is read."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)


@pytest.fixture
def sent(machine: Machine) -> str:
    """The execution of a real record with two contacts, by the real functions."""

    def task(function: str, payload: dict[str, Any]) -> Any:
        noted = Payload(payload)
        answer = functions.load(f"workers/{function}").lambda_handler(noted, Context())
        assert noted.read == set(payload), function
        return answer

    machine.task = task
    pipeline.put_site()
    for number in ("+12125551200", "+12125551201"):
        pipeline.create_contact(number)
    return pipeline.send(pipeline.create_campaign()["id"])


def test_the_functions_get_what_they_read_and_release_the_audience(machine: Machine, sent: str) -> None:
    execution = settings().campaign_send_arn.replace(":stateMachine:", ":execution:")
    assert machine.finish(f"{execution}:{sent}-1").status == "SUCCEEDED"
    assert machine.order == ["plan_freeze", "scan_audience", "freeze_audience", "release_window"]
    assert pipeline.record(sent)["counts"]["queued"] == 2
