"""The state machine ``callback_retry``: what it does while an endpoint is down, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from outreach import clock
from outreach.callbacks import executions, retries
from outreach.messages.status import Status
from tests.statemachines.conftest import Machine, Run
from tests.support import callbacks, functions, pipeline
from tests.support.callbacks import FAILED, OK, Clock, Customer
from tests.support.functions import Context
from tests.support.http_server import Reply, hang_up

MESSAGES = 20
# 10,000 callbacks, 25 at a time, take as many when the endpoint needs ten seconds for each.
INVOCATIONS = 20
MAX_TRANSITIONS = 200
DAY = 86_400
START: dict[str, Any] = {"site_id": "10000", "endpoint_id": "e", "generation": 1, "step": {"seconds": 5, "steps": 0}}


class Flaky(Exception):
    """A task that failed."""


@pytest.fixture
def definition() -> str:
    return "CallbackRetry"


def step(outcome: str, seconds: int, payload: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": outcome, "seconds": seconds, "steps": payload["steps"] + 1}


def test_it_sleeps_until_something_is_due_and_ends_when_nothing_is_left(machine: Machine) -> None:
    outcomes = iter([("wait", 300), ("more", 0), ("wait", 1_800), ("done", 0)])
    assert machine.run(lambda _, payload: step(*next(outcomes), payload), **START).status == "SUCCEEDED"
    assert machine.waits == [5, 300, 1_800]
    assert [payload["steps"] for _, payload in machine.calls] == [0, 1, 2, 3]


def test_a_step_that_fails_is_tried_again(machine: Machine) -> None:
    failures = iter([Flaky(), Flaky()])

    def task(_: str, payload: dict[str, Any]) -> Any:
        for failure in failures:
            raise failure
        return step("done", 0, payload)

    assert machine.run(task, **START).status == "SUCCEEDED"
    assert len(machine.pauses) == 2


def test_a_step_that_keeps_failing_ends_the_execution_for_the_sweep_to_find(machine: Machine) -> None:
    def task(*_: Any) -> Any:
        raise Flaky

    assert machine.run(task, **START).status == "FAILED"
    assert len(machine.calls) == 7


@pytest.fixture
def now(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time passes while the machine waits, and only then."""
    frozen = Clock()

    def wait(*_: Any, wait_seconds: int, **__: Any) -> None:
        machine.waits.append(wait_seconds)
        frozen.advance(wait_seconds)

    monkeypatch.setattr(clock, "now", frozen)
    monkeypatch.setattr(WaitFunction, "_wait_interval", wait)
    return frozen


@pytest.fixture
def customer(now: Clock) -> Iterator[Customer]:
    pipeline.put_site()
    with callbacks.customer() as server:
        yield server


class Slow(Context):
    """An invocation whose time is over after a share of the callbacks, counted from where it started."""

    def __init__(self, customer: Customer) -> None:
        super().__init__()
        self.customer, self.before = customer, len(customer.server.requests)

    def get_remaining_time_in_millis(self) -> int:
        done = len(self.customer.server.requests) - self.before
        return 0 if done >= MESSAGES / INVOCATIONS else 300_000


def fail_and_retry(
    machine: Machine, customer: Customer, monkeypatch: pytest.MonkeyPatch, context: Callable[[], Context] = Context
) -> Run:
    """All messages fail at their first try; then the execution runs to its end."""
    handler = functions.load("workers/retry_callbacks").lambda_handler
    machine.task = lambda _, payload: handler(payload, context())
    with monkeypatch.context() as patched:
        # Not before all have failed: the mocked tables do not bear transactions of two threads.
        opened: list[Any] = []
        patched.setattr(executions, "start", opened.append)
        for _ in range(MESSAGES):
            callbacks.becomes(callbacks.create_message(customer.url), Status.SENT)
        callbacks.deliver()
    executions.start(opened[-1])
    return machine.finish(f"{machine.arn.replace(':stateMachine:', ':execution:')}:{opened[-1].id}-{opened[-1].generation}")


@pytest.mark.parametrize(("answer", "days"), [(hang_up, 2), (hang_up, 100), (FAILED, 100)], ids=["down", "dead", "never taking"])
def test_10000_failed_callbacks_of_an_endpoint_take_200_transitions_at_most(
    machine: Machine, customer: Customer, now: Clock, monkeypatch: pytest.MonkeyPatch, answer: Reply, days: int
) -> None:
    up_at = now.seconds + days * DAY

    def until_up(handler: BaseHTTPRequestHandler) -> None:
        (answer if now.seconds < up_at else OK)(handler)

    customer.will(until_up)
    run = fail_and_retry(machine, customer, monkeypatch)
    assert run.status == "SUCCEEDED"
    assert run.transitions <= MAX_TRANSITIONS
    assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)


def test_so_they_do_when_each_invocation_manages_a_part_only(
    machine: Machine, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "_CONCURRENT", MESSAGES // INVOCATIONS)

    def down_at_first(handler: BaseHTTPRequestHandler) -> None:
        (hang_up if len(customer.server.requests) < MESSAGES else OK)(handler)

    customer.will(down_at_first)
    run = fail_and_retry(machine, customer, monkeypatch, lambda: Slow(customer))
    assert (run.status, customer.endpoint.parked) == ("SUCCEEDED", 0)
    assert len(machine.calls) >= INVOCATIONS
    assert run.transitions <= MAX_TRANSITIONS
