"""The state machine ``campaign_send``: its tasks, their payloads and retries, and its billed transitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks import campaign
from outreach.settings import settings
from tests.statemachines.conftest import Machine, Task
from tests.support import functions, pipeline
from tests.support.functions import Context

START: dict[str, Any] = {"site_id": "10000", "record_id": "r", "release": {"steps": 0}}
FREEZE = ["plan_audience_scans", "scan_audience", "scan_audience", "freeze_audience"]


class TaskFailure(Exception):
    """A task fails once."""


def tasks(
    plan: str = "scan", scans: int = 2, outcomes: Sequence[str] = ("released",), failures: dict[str, int] | None = None
) -> Task:
    """Functions that return results like the real ones.

    Args:
        outcomes: the outcomes of the release steps.
        failures: how often each function fails before it succeeds.
    """
    steps, failures_left = iter(outcomes), dict(failures or {})

    def run(function: str, payload: dict[str, Any]) -> dict[str, Any]:
        if failures_left.get(function, 0):
            failures_left[function] -= 1
            raise TaskFailure
        match function:
            case "plan_audience_scans":
                return {"outcome": plan, "scans": [[shard] for shard in range(scans)] if plan == "scan" else []}
            case "scan_audience":
                return {"part": payload["part"]}
            case "freeze_audience":
                return {"audience": 3}
        return {"outcome": next(steps), "seconds": 300, "steps": payload["steps"] + 1}

    return run


@pytest.mark.parametrize(
    ("plan", "order"),
    [
        ("scan", [*FREEZE, "release_recipients"]),
        ("frozen", ["plan_audience_scans", "release_recipients"]),
        ("over", ["plan_audience_scans"]),
    ],
)
def test_an_execution_continues_where_the_record_stands(machine: Machine, plan: str, order: list[str]) -> None:
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
def test_release_steps_follow_until_the_record_is_released_or_stopped(
    machine: Machine, outcomes: list[str], waits: list[int]
) -> None:
    assert machine.run(tasks("frozen", outcomes=outcomes), **START).status == "SUCCEEDED"
    steps = [payload["steps"] for function, payload in machine.calls if function == "release_recipients"]
    assert steps == list(range(len(outcomes)))
    assert machine.waits == waits


@pytest.mark.parametrize("function", ["plan_audience_scans", "scan_audience", "freeze_audience", "release_recipients"])
def test_a_failed_task_is_retried(machine: Machine, function: str) -> None:
    assert machine.run(tasks(failures={function: 2}), **START).status == "SUCCEEDED"
    assert machine.order.count(function) == [*FREEZE, "release_recipients"].count(function) + 2
    assert len(machine.pauses) == 2


@pytest.mark.parametrize("function", ["plan_audience_scans", "scan_audience", "freeze_audience", "release_recipients"])
def test_a_task_that_keeps_failing_fails_the_execution(machine: Machine, function: str) -> None:
    assert machine.run(tasks(scans=1, failures={function: 100}), **START).status == "FAILED"
    assert machine.order.count(function) == 7
    assert max(machine.pauses) <= 60


def test_a_release_in_one_step_takes_25_transitions_at_most(machine: Machine) -> None:
    assert machine.run(tasks(scans=settings().contact_shards), **START).transitions <= 25


def test_each_further_step_takes_4_transitions_at_most(machine: Machine) -> None:
    one = machine.run(tasks("frozen", outcomes=["released"]), **START)
    many = machine.run(tasks("frozen", outcomes=["wait"] * 10 + ["released"]), **START)
    assert many.transitions - one.transitions <= 4 * 10


@pytest.mark.parametrize(("scans", "outcomes"), [(1, ["released"]), (16, ["more", "wait", "wait", "released"])])
def test_the_benchmark_counts_transitions_as_the_interpreter_does(machine: Machine, scans: int, outcomes: list[str]) -> None:
    counted = campaign.transitions(scans, len(outcomes), outcomes.count("wait"))
    assert machine.run(tasks(scans=scans, outcomes=outcomes), **START).transitions == counted


class Payload(dict[str, Any]):
    """Records the names of the values that are read."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.names_read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names_read.add(name)
        return super().__getitem__(name)


@pytest.fixture
def record_id(machine: Machine) -> str:
    """A started send to two contacts, whose execution runs the real functions and checks that they read their whole payload."""

    def task(function: str, payload: dict[str, Any]) -> Any:
        recorded = Payload(payload)
        result = functions.load(f"workers/{function}").lambda_handler(recorded, Context())
        assert recorded.names_read == set(payload), function
        return result

    machine.task = task
    pipeline.put_site()
    for number in ("+12125551200", "+12125551201"):
        pipeline.create_contact(number)
    return pipeline.send(pipeline.create_campaign()["id"])


def test_the_real_functions_release_the_audience(machine: Machine, record_id: str) -> None:
    execution = settings().campaign_send_arn.replace(":stateMachine:", ":execution:")
    assert machine.finish(f"{execution}:{record_id}-1").status == "SUCCEEDED"
    assert machine.order == ["plan_audience_scans", "scan_audience", "freeze_audience", "release_recipients"]
    assert pipeline.record(record_id)["counts"]["queued"] == 2
