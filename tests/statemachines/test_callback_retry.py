"""The state machine ``callback_retry``: its steps, and the number of transitions while an endpoint is down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from outreach import aws, clock, dynamo, timed_http
from outreach.callbacks import delivery_attempt, delivery_state, endpoint_backlog, retry_execution, retry_worker
from outreach.callbacks.callback_request import Delivered, EndpointResponse, Failed
from outreach.messages.status import MessageStatus
from tests.statemachines.conftest import Machine, Run
from tests.support import customer_endpoint, functions, pipeline
from tests.support.customer_endpoint import FAILED, OK, Clock, Customer
from tests.support.functions import Context
from tests.support.http_server import Reply, hang_up
from tests.support.pipeline import SITE

MESSAGES = 20
# The number of invocations for 10,000 callbacks, 25 at a time, if the endpoint takes ten seconds for each.
INVOCATIONS = 20
MAX_TRANSITIONS = 200
MANY = 400
# Of 10,000 callbacks that take ten seconds each, an invocation posts 625: 25 at once, in the 255 seconds that it has.
PER_INVOCATION = MANY * 625 // 10_000
DAY = 86_400
START: dict[str, Any] = {"site_id": "10000", "endpoint_id": "e", "generation": 1, "step": {"seconds": 5, "steps": 0}}


class Flaky(Exception):
    """A task failure."""


@pytest.fixture
def definition() -> str:
    return "CallbackRetry"


def step(outcome: str, seconds: int, payload: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": outcome, "seconds": seconds, "steps": payload["steps"] + 1}


def test_it_waits_until_a_callback_is_due_and_ends_when_none_is_left(machine: Machine) -> None:
    outcomes = iter([("wait", 300), ("more", 0), ("wait", 1_800), ("done", 0)])
    assert machine.run(lambda _, payload: step(*next(outcomes), payload), **START).status == "SUCCEEDED"
    assert machine.waits == [5, 300, 1_800]
    assert [payload["steps"] for _, payload in machine.calls] == [0, 1, 2, 3]


def test_a_failed_step_is_retried(machine: Machine) -> None:
    failures = iter([Flaky(), Flaky()])

    def task(_: str, payload: dict[str, Any]) -> Any:
        for failure in failures:
            raise failure
        return step("done", 0, payload)

    assert machine.run(task, **START).status == "SUCCEEDED"
    assert len(machine.pauses) == 2


def test_a_step_that_keeps_failing_fails_the_execution(machine: Machine) -> None:
    def task(*_: Any) -> Any:
        raise Flaky

    assert machine.run(task, **START).status == "FAILED"
    assert len(machine.calls) == 7


@pytest.fixture
def now(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that advances only while the state machine waits."""
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
    with customer_endpoint.customer() as server:
        yield server


class Slow(Context):
    """An invocation that has time for a limited number of further callbacks."""

    def __init__(self, posted: Sized, limit: float) -> None:
        super().__init__()
        self.posted, self.end = posted, len(posted) + limit

    def get_remaining_time_in_millis(self) -> int:
        return 0 if len(self.posted) >= self.end else 300_000


def fail_and_retry(
    machine: Machine, customer: Customer, monkeypatch: pytest.MonkeyPatch, context: Callable[[], Context] = Context
) -> Run:
    """Let all callbacks fail at their first attempt, then run the execution to its end."""
    handler = functions.load("workers/retry_callbacks").lambda_handler
    machine.task = lambda _, payload: handler(payload, context())
    with monkeypatch.context() as patched:
        # Start the execution only afterwards, because the mocked tables do not support concurrent transactions.
        opened: list[Any] = []
        patched.setattr(retry_execution, "start", opened.append)
        for _ in range(MESSAGES):
            customer_endpoint.change_status(customer_endpoint.create_message(customer.url), MessageStatus.SENT)
        customer_endpoint.deliver_queued()
    retry_execution.start(opened[-1])
    return machine.finish(_execution(machine, opened[-1]))


def _execution(machine: Machine, endpoint: endpoint_backlog.Endpoint) -> str:
    return f"{machine.arn.replace(':stateMachine:', ':execution:')}:{endpoint.id}-{endpoint.generation}"


@pytest.mark.parametrize(
    ("answer", "days"), [(hang_up, 2), (hang_up, 100), (FAILED, 100)], ids=["down", "dead", "always failing"]
)
def test_10000_failed_callbacks_of_an_endpoint_take_at_most_200_transitions(
    machine: Machine, customer: Customer, now: Clock, monkeypatch: pytest.MonkeyPatch, answer: Reply, days: int
) -> None:
    up_at = now.seconds + days * DAY

    def until_up(handler: BaseHTTPRequestHandler) -> None:
        (answer if now.seconds < up_at else OK)(handler)

    customer.answer_with(until_up)
    run = fail_and_retry(machine, customer, monkeypatch)
    assert run.status == "SUCCEEDED"
    assert run.transitions <= MAX_TRANSITIONS
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


def test_short_invocations_keep_within_the_transitions(
    machine: Machine, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry_worker, "_MAX_CONCURRENT", MESSAGES // INVOCATIONS)

    def down_at_first(handler: BaseHTTPRequestHandler) -> None:
        (hang_up if len(customer.server.requests) < MESSAGES else OK)(handler)

    customer.answer_with(down_at_first)
    run = fail_and_retry(machine, customer, monkeypatch, lambda: Slow(customer.server.requests, MESSAGES / INVOCATIONS))
    assert (run.status, customer.endpoint.parked) == ("SUCCEEDED", 0)
    assert len(machine.calls) >= INVOCATIONS
    assert run.transitions <= MAX_TRANSITIONS


def write_one_by_one(actions: Sequence[Mapping[str, Any]]) -> None:
    """Write a transaction without isolation, because the mocked transaction copies its whole table."""
    for action in actions:
        if "Put" in action:
            aws.dynamodb().put_item(**action["Put"])
        else:
            aws.dynamodb().update_item(**action["Update"])


def park(customer_url: str, count: int) -> endpoint_backlog.Endpoint:
    """Park the callbacks of new messages at an endpoint that is down."""
    endpoint_id = endpoint_backlog.id_of(SITE, customer_url)
    opened: list[endpoint_backlog.Endpoint] = []
    for chunk in dynamo.chunks(range(count), endpoint_backlog.MAX_CHANGES):
        states = [delivery_state.claim(SITE, customer_endpoint.create_message(customer_url), 0) for _ in chunk]
        failed = Failed(timed_http.UNANSWERED, endpoint_fault=True)
        changes = [delivery_attempt.apply_response(state, endpoint_id, 0, failed) for state in states if state]
        if endpoint := endpoint_backlog.park(SITE, endpoint_id, changes, is_endpoint_fault=True):
            opened.append(endpoint)
    (endpoint,) = opened
    return endpoint


@pytest.mark.reliability
@pytest.mark.usefixtures("customer")
def test_slow_callbacks_after_two_days_of_downtime_keep_within_the_transitions(
    machine: Machine, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamo, "transact", write_one_by_one)
    up_at, posted = now.seconds + 2 * DAY, list[str]()

    def post_callback(callback: delivery_attempt.PendingCallback) -> EndpointResponse:
        posted.append(callback.subject_id)
        return Delivered(200) if now.seconds >= up_at else Failed(timed_http.UNANSWERED, endpoint_fault=True)

    monkeypatch.setattr(delivery_attempt, "post_callback", post_callback)
    endpoint = park("https://customer.example/hook", MANY)
    handler = functions.load("workers/retry_callbacks").lambda_handler
    machine.task = lambda _, payload: handler(payload, Slow(posted, PER_INVOCATION))
    retry_execution.start(endpoint)
    run = machine.finish(_execution(machine, endpoint), seconds=600)
    assert (run.status, endpoint_backlog.get(SITE, endpoint.id).parked) == ("SUCCEEDED", 0)
    assert len(set(posted)) == MANY
    assert run.transitions <= MAX_TRANSITIONS
