"""Concurrent and crashing workers: at most a duplicate with the same id, and never an older state after a newer one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

import boto3
import pytest

from outreach.callbacks import callback_queue, delivery_attempt, delivery_state, endpoint_backlog
from outreach.callbacks.callback_queue import CallbackJob
from outreach.messages import message_store
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from tests.support import customer_endpoint
from tests.support.crash_points import Crash, dying_at
from tests.support.customer_endpoint import (
    OK,
    Clock,
    Customer,
    Executions,
    change_status,
    create_message,
    deliver_queued,
    park_callbacks,
    take_queued,
)
from tests.support.functions import call, invoke
from tests.support.http_server import Reply, hang_up
from tests.support.pipeline import SITE


class WorkerFault(Exception):
    """A simulated fault in a worker."""


def meanwhile(act: Callable[[], Any]) -> Reply:
    """Answer OK, after acting once during the first request."""
    requests: list[Any] = []

    def write(handler: BaseHTTPRequestHandler) -> None:
        if not requests:
            requests.append("")
            act()
        OK(handler)

    return write


def delayed() -> int:
    """The number of delayed jobs in the callback queue."""
    attributes = boto3.client("sqs").get_queue_attributes(
        QueueUrl=settings().callback_queue_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessagesDelayed"])


def test_duplicates_of_a_job_deliver_its_state_once(customer: Customer) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    (record,) = take_queued()
    for copy in range(3):
        invoke("workers/deliver_callback", {"Records": [record | {"messageId": str(copy)}]})
    assert customer.deliveries == [(message_id, 1)]


def test_a_newer_state_waits_until_the_older_one_is_delivered(customer: Customer) -> None:
    message_id = create_message(customer.url)

    def newer() -> None:
        change_status(message_id, MessageStatus.DELIVERED)
        deliver_queued()

    customer.answer_with(meanwhile(newer))
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    assert customer.deliveries == [(message_id, 1)]
    assert delayed() == 1


def test_concurrent_deliveries_of_a_last_state_are_logged_once(customer: Customer) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.FAILED)
    records = take_queued()
    customer.answer_with(meanwhile(lambda: invoke("workers/deliver_callback", {"Records": records})))
    invoke("workers/deliver_callback", {"Records": records})
    assert customer.webhook_ids == [f"{message_id}-1"] * 2
    assert customer_endpoint.outcomes(message_id) == ["delivered"]


def test_a_callback_parked_during_the_delivery_of_the_last_state_stays_parked(customer: Customer, executions: Executions) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.DELIVERED)
    records = take_queued()

    def fail_redelivery() -> None:
        customer.answer_with(hang_up)
        call("outreach/act_on_message", "POST", f"/outreach/messages/{message_id}:redeliver")
        deliver_queued()

    customer.answer_with(meanwhile(fail_redelivery))
    invoke("workers/deliver_callback", {"Records": records})
    assert customer.endpoint.parked == 1
    customer.answer_with(OK)
    executions.pass_time(86_400)
    assert customer_endpoint.outcomes(message_id) == ["failed", "delivered"]
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


def test_two_states_of_a_message_in_one_batch_are_delivered_once(customer: Customer) -> None:
    message_id = create_message(customer.url)
    for status in (MessageStatus.SENT, MessageStatus.DELIVERED):
        change_status(message_id, status)
    deliver_queued()
    assert customer.deliveries == [(message_id, 2)]


def test_a_failure_of_one_site_does_not_affect_another(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    callback_queue.put([CallbackJob("20000", str(uuid.uuid4()), 1)])
    load = delivery_attempt.load_pending
    monkeypatch.setattr(
        delivery_attempt,
        "load_pending",
        lambda site, *ids, **options: load(site, *ids, **options) if site == "10000" else _crash(),
    )
    records = take_queued()
    answer = invoke("workers/deliver_callback", {"Records": records})
    failed = [record["messageId"] for record in records if "20000" in record["body"]]
    assert answer["batchItemFailures"] == [{"itemIdentifier": sqs_id} for sqs_id in failed]
    assert customer.deliveries == [(message_id, 1)]


@pytest.mark.parametrize("answer", [OK, hang_up])
@pytest.mark.parametrize("status", [MessageStatus.SENT, MessageStatus.DELIVERED])
def test_a_crash_at_any_step_loses_no_callback(
    customer: Customer, executions: Executions, now: Clock, status: MessageStatus, answer: Reply
) -> None:
    for step in count(1):
        customer.answer_with(answer)
        message_id = create_message(customer.url)
        change_status(message_id, status)
        records = take_queued()
        has_crashed = crash_at(step, records)
        customer.answer_with(OK)
        now.advance(180)
        invoke("workers/deliver_callback", {"Records": records})
        executions.repair()
        executions.pass_time(600)
        assert 1 <= customer.delivery_counts[message_id, 1] <= 3
        assert customer_endpoint.outcomes(message_id)[-1] == "delivered"
        assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)
        if not has_crashed:
            break
    assert step > 4


def crash_at(step: int, records: list[dict[str, str]]) -> bool:
    """Deliver callbacks in a process that crashes at a step; ``False`` if it finished before."""
    try:
        with dying_at(step):
            invoke("workers/deliver_callback", {"Records": records})
    except Crash:
        return True
    return False


def test_two_concurrent_executions_deliver_each_message_once(customer: Customer, executions: Executions) -> None:
    ids = park_callbacks(customer, 5)
    before = len(customer.deliveries)
    payload = {"site_id": "10000", "endpoint_id": customer.endpoint.id, "generation": 1, "steps": 0}
    customer.answer_with(meanwhile(lambda: invoke("workers/retry_callbacks", payload)))
    executions.pass_time(600)
    assert sorted(customer.deliveries[before:]) == sorted((message_id, 1) for message_id in ids)
    assert (customer.endpoint.has_backlog, customer.endpoint.parked) == (False, 0)


def test_an_execution_of_an_older_generation_ends_without_an_attempt(customer: Customer, executions: Executions) -> None:
    customer.answer_with(hang_up)
    change_status(create_message(customer.url), MessageStatus.SENT)
    deliver_queued()
    assert endpoint_backlog.advance_generation(customer.endpoint, wakes_at=0)
    executions.pass_time(600)
    assert (len(customer.deliveries), executions.waiting) == (1, {})


def test_a_crash_after_the_first_attempt_delivers_at_most_one_duplicate_with_the_same_id(
    customer: Customer, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    (record,) = take_queued()
    with monkeypatch.context() as patched:
        patched.setattr(delivery_state, "put", _crash)
        answer = invoke("workers/deliver_callback", {"Records": [record]})
    assert answer["batchItemFailures"] == [{"itemIdentifier": record["messageId"]}]
    for _ in range(2):
        now.advance(delivery_state.CLAIM_SECONDS)
        invoke("workers/deliver_callback", {"Records": [record]})
    assert customer.webhook_ids == [f"{message_id}-1"] * 2


def test_a_crash_after_a_retry_delivers_at_most_one_duplicate_with_the_same_id(
    customer: Customer, executions: Executions, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    customer.answer_with(OK)
    with monkeypatch.context() as patched:
        patched.setattr(endpoint_backlog, "unpark", _crash)
        with pytest.raises(WorkerFault):
            executions.pass_time(10)
    executions.stop_all()
    now.advance(100)
    invoke("workers/sweep", {})
    executions.pass_time(100)
    assert customer.webhook_ids == [f"{message_id}-1"] * 3
    assert customer_endpoint.outcomes(message_id) == ["failed", "delivered"]
    assert not customer.endpoint.has_backlog


def test_a_worker_whose_claim_has_expired_writes_nothing(customer: Customer, now: Clock) -> None:
    message_id = create_message(customer.url)
    older = delivery_state.claim("10000", message_id, 1)
    now.advance(delivery_state.CLAIM_SECONDS)
    newer = delivery_state.claim("10000", message_id, 1)
    assert older
    assert newer
    assert not delivery_state.put(older, older)
    assert delivery_state.put(newer, newer)


def test_a_job_whose_callback_could_not_be_parked_is_retried(
    customer: Customer, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENT)
    (record,) = take_queued()
    with monkeypatch.context() as patched:
        patched.setattr(endpoint_backlog, "park", _crash)
        answer = invoke("workers/deliver_callback", {"Records": [record]})
    assert len(answer["batchItemFailures"]) == 1
    now.advance(delivery_state.CLAIM_SECONDS)
    invoke("workers/deliver_callback", {"Records": [record]})
    assert customer.endpoint.parked == 1


def test_an_internal_error_follows_the_schedule_and_does_not_block_other_callbacks(
    customer: Customer, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = park_callbacks(customer, 2)
    customer.answer_with(OK)
    load = delivery_attempt.load_pending
    with monkeypatch.context() as patched:
        patched.setattr(delivery_attempt, "load_pending", lambda site, some: load(site, some) if ids[0] not in some else _crash())
        executions.pass_time(20)
    assert customer_endpoint.outcomes(ids[0]) == ["failed", "failed"]
    assert customer_endpoint.outcomes(ids[1]) == ["failed", "delivered"]
    executions.pass_time(3_600)
    assert customer_endpoint.outcomes(ids[0])[-1] == "delivered"


def _crash(*_: Any, **__: Any) -> Any:
    raise WorkerFault


def change_all(message_ids: list[str]) -> list[dict[str, str]]:
    """Change the status of messages in one batch of the stream; return the queue messages."""
    for message_id in message_ids:
        assert message_store.advance(message_store.get(SITE, message_id), MessageStatus.DELIVERED)
    callback_queue.put_status_changes(message_store.get(SITE, message_id) for message_id in message_ids)
    return take_queued()


def test_twenty_callbacks_share_a_queue_message_and_an_invocation(customer: Customer) -> None:
    message_ids = [create_message(customer.url) for _ in range(21)]
    records = change_all(message_ids)
    assert sorted(len(callback_queue.from_json(record["body"])) for record in records) == [1, 20]
    invoke("workers/deliver_callback", {"Records": records})
    assert customer.delivery_counts == dict.fromkeys([(message_id, 1) for message_id in message_ids], 1)


def test_callbacks_of_two_sites_share_no_queue_message(customer: Customer) -> None:
    callback_queue.put(CallbackJob(site_id, str(uuid.uuid4()), 1) for site_id in (SITE, "20000", SITE))
    sites = [{job.site_id for job in callback_queue.from_json(record["body"])} for record in take_queued()]
    assert sorted(map(sorted, sites)) == [[SITE], ["20000"]]


def test_a_callback_that_fails_brings_its_queue_message_back_and_repeats_no_other(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_ids = [create_message(customer.url) for _ in range(3)]
    records = change_all(message_ids)
    with monkeypatch.context() as patched:
        put = delivery_state.put
        patched.setattr(delivery_state, "put", lambda old, new: _crash() if new.subject_id == message_ids[1] else put(old, new))
        answer = invoke("workers/deliver_callback", {"Records": records})
    assert answer["batchItemFailures"] == [{"itemIdentifier": record["messageId"]} for record in records]
    assert invoke("workers/deliver_callback", {"Records": records}) == {"batchItemFailures": []}
    assert customer.delivery_counts == {(id_, 1): 2 if id_ == message_ids[1] else 1 for id_ in message_ids}
