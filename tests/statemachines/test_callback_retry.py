"""The state machine ``callback_retry``: what it does while an endpoint is down, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from outreach import aws, clock, dynamo
from outreach.callbacks import executions, parking, retries, state, telling
from outreach.callbacks.endpoint import Answer, Delivered, Failed
from outreach.messages.status import Status
from tests.statemachines.conftest import Machine, Run
from tests.support import callbacks, functions, pipeline
from tests.support.callbacks import FAILED, OK, Clock, Customer
from tests.support.functions import Context
from tests.support.http_server import Reply, hang_up
from tests.support.pipeline import SITE

MESSAGES = 20
# 10,000 callbacks, 25 at a time, take as many when the endpoint needs ten seconds for each.
INVOCATIONS = 20
MAX_TRANSITIONS = 200
MANY = 400
# Of 10,000 an invocation manages 625, if each takes ten seconds: 25 at once, in the 255 seconds that it has for them.
MANAGED = MANY * 625 // 10_000
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

    def __init__(self, tried: Sized, share: float) -> None:
        super().__init__()
        self.tried, self.enough = tried, len(tried) + share

    def get_remaining_time_in_millis(self) -> int:
        return 0 if len(self.tried) >= self.enough else 300_000


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
    return machine.finish(_execution(machine, opened[-1]))


def _execution(machine: Machine, endpoint: parking.Endpoint) -> str:
    return f"{machine.arn.replace(':stateMachine:', ':execution:')}:{endpoint.id}-{endpoint.generation}"


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
    run = fail_and_retry(machine, customer, monkeypatch, lambda: Slow(customer.server.requests, MESSAGES / INVOCATIONS))
    assert (run.status, customer.endpoint.parked) == ("SUCCEEDED", 0)
    assert len(machine.calls) >= INVOCATIONS
    assert run.transitions <= MAX_TRANSITIONS


def write_one_by_one(actions: Sequence[Mapping[str, Any]]) -> None:
    """A transaction that nobody disturbs; the mocked one copies its whole table."""
    for action in actions:
        if "Put" in action:
            aws.dynamodb().put_item(**action["Put"])
        else:
            aws.dynamodb().update_item(**action["Update"])


def park(customer_url: str, count: int) -> parking.Endpoint:
    """So many messages whose first callback met an endpoint that is down."""
    endpoint_id = parking.endpoint_id(SITE, customer_url)
    opened: list[parking.Endpoint] = []
    for chunk in dynamo.chunks(range(count), parking.MAX_CHANGES):
        held = [state.take(SITE, callbacks.create_message(customer_url), 0) for _ in chunk]
        failed = Failed("ConnectionError", endpoint_fault=True)
        changes = [telling.concluded(taken, endpoint_id, 0, failed) for taken in held if taken]
        opened += [endpoint for endpoint in [parking.park(SITE, endpoint_id, changes, fault=True)] if endpoint]
    (endpoint,) = opened
    return endpoint


@pytest.mark.reliability
@pytest.mark.usefixtures("customer")
def test_so_they_do_when_they_were_put_off_for_two_days_and_take_ten_seconds_each(
    machine: Machine, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamo, "transact", write_one_by_one)
    up_at, tried = now.seconds + 2 * DAY, list[str]()

    def post(news: telling.News) -> Answer:
        tried.append(news.message.id)
        return Delivered(200) if now.seconds >= up_at else Failed("ConnectionError", endpoint_fault=True)

    monkeypatch.setattr(telling, "post", post)
    endpoint = park("https://customer.example/hook", MANY)
    handler = functions.load("workers/retry_callbacks").lambda_handler
    machine.task = lambda _, payload: handler(payload, Slow(tried, MANAGED))
    executions.start(endpoint)
    run = machine.finish(_execution(machine, endpoint), seconds=600)
    assert (run.status, parking.get(SITE, endpoint.id).parked) == ("SUCCEEDED", 0)
    assert len(set(tried)) == MANY
    assert run.transitions <= MAX_TRANSITIONS
