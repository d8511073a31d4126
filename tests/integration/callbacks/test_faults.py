"""Two workers at once, and workers that die: told twice at most, under the same id, and never an older state after a newer."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

import boto3
import pytest

from outreach.callbacks import executions as started
from outreach.callbacks import parking, queue, state, telling
from outreach.callbacks.queue import Announcement
from outreach.messages.status import Status
from outreach.settings import settings
from tests.support import callbacks
from tests.support.callbacks import OK, Clock, Customer, Executions, announced, becomes, create_message, deliver
from tests.support.crashes import Crash as Death
from tests.support.crashes import dying_at
from tests.support.functions import call, invoke
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


def test_copies_of_a_last_state_that_are_told_at_once_are_one_line_of_the_log(customer: Customer) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.FAILED)
    records = announced()
    customer.will(meanwhile(lambda: invoke("workers/deliver_callback", {"Records": records})))
    invoke("workers/deliver_callback", {"Records": records})
    assert customer.ids == [f"{message_id}-1"] * 2
    assert callbacks.outcomes(message_id) == ["delivered"]


def test_what_was_parked_while_the_last_state_was_told_stays_parked(customer: Customer, executions: Executions) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.DELIVERED)
    records = announced()

    def redelivered_in_vain() -> None:
        customer.will(hang_up)
        call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
        deliver()

    customer.will(meanwhile(redelivered_in_vain))
    invoke("workers/deliver_callback", {"Records": records})
    assert customer.endpoint.parked == 1
    customer.will(OK)
    executions.pass_time(86_400)
    assert callbacks.outcomes(message_id) == ["failed", "delivered"]
    assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)


def test_a_message_that_is_announced_twice_in_a_batch_is_told_once(customer: Customer) -> None:
    message_id = create_message(customer.url)
    for status in (Status.SENT, Status.DELIVERED):
        becomes(message_id, status)
    deliver()
    assert customer.told == [(message_id, 2)]


def test_what_is_wrong_with_a_site_holds_up_no_other(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENT)
    queue.put([Announcement("20000", str(uuid.uuid4()), 1)])
    read = telling.read
    monkeypatch.setattr(telling, "read", lambda site, *wanted, **how: read(site, *wanted, **how) if site == "10000" else _crash())
    records = announced()
    answer = invoke("workers/deliver_callback", {"Records": records})
    failed = [record["messageId"] for record in records if "20000" in record["body"]]
    assert answer["batchItemFailures"] == [{"itemIdentifier": sqs_id} for sqs_id in failed]
    assert customer.told == [(message_id, 1)]


@pytest.mark.parametrize("answer", [OK, hang_up])
@pytest.mark.parametrize("status", [Status.SENT, Status.DELIVERED])
def test_a_death_at_any_step_loses_no_callback(
    customer: Customer, executions: Executions, now: Clock, status: Status, answer: Reply
) -> None:
    for step in count(1):
        customer.will(answer)
        message_id = create_message(customer.url)
        becomes(message_id, status)
        records = announced()
        is_dead = died_at(step, records)
        customer.will(OK)
        now.advance(180)
        invoke("workers/deliver_callback", {"Records": records})
        started.repair(now())
        executions.pass_time(600)
        assert 1 <= customer.often[message_id, 1] <= 3
        assert callbacks.outcomes(message_id)[-1] == "delivered"
        assert (customer.endpoint.is_open, customer.endpoint.parked) == (False, 0)
        if not is_dead:
            break
    assert step > 4


def died_at(step: int, records: list[dict[str, str]]) -> bool:
    """Deliver callbacks in a process that does not live to make a step; whether there was one."""
    try:
        with dying_at(step):
            invoke("workers/deliver_callback", {"Records": records})
    except Death:
        return True
    return False


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
    invoke("workers/sweep", {})
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
