"""Two workers at once, and workers that die: told twice at most, under the same id, and never an older state after a newer."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3
import pytest

from outreach.callbacks import executions as started
from outreach.callbacks import parking, state, telling
from outreach.messages.status import Status
from outreach.settings import settings
from tests.support import callbacks
from tests.support.callbacks import OK, Clock, Customer, Executions, announced, becomes, create_message, deliver
from tests.support.functions import invoke
from tests.support.http_server import Reply, hang_up


class Crash(Exception):
    """A worker dies."""


def meanwhile(act: Callable[[], Any]) -> Reply:
    """Answer well, but not before something else has happened."""
    done: list[Any] = []

    def write(handler: BaseHTTPRequestHandler) -> None:
        if not done:
            done.append("")
            act()
        OK(handler)

    return write


def delayed() -> int:
    """How many announcements come later."""
    attributes = boto3.client("sqs").get_queue_attributes(
        QueueUrl=settings().callback_queue_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessagesDelayed"])


def test_copies_of_an_announcement_are_told_once(customer: Customer) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    (record,) = announced()
    for copy in range(3):
        invoke("workers/deliver_callback", {"Records": [record | {"messageId": str(copy)}]})
    assert customer.told == [(message_id, 1)]


def test_a_newer_state_waits_until_the_older_one_is_told(customer: Customer) -> None:
    message_id = create_message(customer.url)

    def newer() -> None:
        becomes(message_id, Status.DELIVERED)
        deliver()

    customer.will(meanwhile(newer))
    becomes(message_id, Status.SENT)
    deliver()
    assert customer.told == [(message_id, 1)]
    assert delayed() == 1


def test_two_executions_at_once_tell_each_message_once(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    ids = [create_message(customer.url) for _ in range(5)]
    for message_id in ids:
        becomes(message_id, Status.SENT)
    deliver()
    before = len(customer.told)
    payload = {"site_id": "10000", "endpoint_id": customer.endpoint.id, "generation": 1, "steps": 0}
    customer.will(meanwhile(lambda: invoke("workers/retry_callbacks", payload)))
    executions.pass_time(600)
    assert sorted(customer.told[before:]) == sorted((message_id, 1) for message_id in ids)
    assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)


def test_an_execution_that_was_superseded_ends_without_a_try(customer: Customer, executions: Executions) -> None:
    customer.will(hang_up)
    becomes(create_message(customer.url), Status.SENT)
    deliver()
    assert parking.reopen(customer.endpoint, wakes_at=0)
    executions.pass_time(600)
    assert (len(customer.told), executions.sleeping) == (1, {})


def test_a_crash_after_the_first_try_tells_twice_at_most_under_the_same_id(
    customer: Customer, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    (record,) = announced()
    with monkeypatch.context() as patched:
        patched.setattr(state, "put", _crash)
        answer = invoke("workers/deliver_callback", {"Records": [record]})
    assert answer["batchItemFailures"] == [{"itemIdentifier": record["messageId"]}]
    for _ in range(2):
        now.advance(state.LEASE_SECONDS)
        invoke("workers/deliver_callback", {"Records": [record]})
    assert customer.ids == [f"{message_id}-1"] * 2


def test_a_crash_after_a_retry_tells_twice_at_most_under_the_same_id(
    customer: Customer, executions: Executions, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.will(hang_up)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    deliver()
    customer.will(OK)
    with monkeypatch.context() as patched:
        patched.setattr(parking, "unpark", _crash)
        with pytest.raises(Crash):
            executions.pass_time(10)
    executions.break_off()
    now.advance(100)
    assert started.repair(now()) == 1
    executions.pass_time(100)
    assert customer.ids == [f"{message_id}-1"] * 3
    assert callbacks.outcomes(message_id) == ["failed", "delivered"]
    assert not customer.endpoint.is_open


def test_a_worker_whose_lease_is_over_writes_nothing(customer: Customer, now: Clock) -> None:
    message_id = create_message(customer.url)
    held = state.take("10000", message_id, 1)
    now.advance(state.LEASE_SECONDS)
    newer = state.take("10000", message_id, 1)
    assert held
    assert newer
    assert not state.put(held, held)
    assert state.put(newer, newer)


def test_what_could_not_be_parked_comes_again(customer: Customer, now: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    customer.will(hang_up)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    (record,) = announced()
    with monkeypatch.context() as patched:
        patched.setattr(parking, "park", _crash)
        answer = invoke("workers/deliver_callback", {"Records": [record]})
    assert len(answer["batchItemFailures"]) == 1
    now.advance(state.LEASE_SECONDS)
    invoke("workers/deliver_callback", {"Records": [record]})
    assert customer.endpoint.parked == 1


def test_a_fault_of_ours_follows_the_schedule_and_holds_up_nobody(
    customer: Customer, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.will(hang_up)
    ids = [create_message(customer.url) for _ in range(2)]
    for message_id in ids:
        becomes(message_id, Status.SENT)
    deliver()
    customer.will(OK)
    read = telling.read
    with monkeypatch.context() as patched:
        patched.setattr(telling, "read", lambda site, wanted: read(site, wanted) if ids[0] not in wanted else _crash())
        executions.pass_time(20)
    assert callbacks.outcomes(ids[0]) == ["failed", "failed"]
    assert callbacks.outcomes(ids[1]) == ["failed", "delivered"]
    executions.pass_time(3_600)
    assert callbacks.outcomes(ids[0])[-1] == "delivered"


def _crash(*_: Any, **__: Any) -> Any:
    raise Crash
