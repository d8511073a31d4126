"""The number of writes that a callback takes."""

from __future__ import annotations

from typing import Any

import pytest

from outreach import aws
from outreach.messages.status import MessageStatus
from tests.support.customer_endpoint import Customer, Executions, change_status, create_message, deliver_queued, take_queued
from tests.support.functions import invoke
from tests.support.http_server import hang_up

KB = 1_024
WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")


@pytest.fixture
def writes(customer: Customer) -> list[str]:
    """The names of the write calls from now on."""
    calls: list[str] = []

    def record(model: Any, **_: Any) -> None:
        calls.append(model.name)

    for name in WRITES:
        aws.dynamodb().meta.events.register(f"before-call.dynamodb.{name}", record)
    return calls


def size(message_id: str) -> int:
    """The approximate size of a message's item in bytes, as DynamoDB counts it: names, values and nesting."""
    item = aws.dynamodb().get_item(TableName="CallbacksTable", Key={"pk": {"S": f"10000#{message_id}"}})["Item"]
    return len(str(item))


def test_a_delivered_state_costs_one_write_and_another_for_its_claim_unless_it_is_the_last_state(
    customer: Customer, writes: list[str]
) -> None:
    message_id = create_message(customer.url)
    for status, expected in (
        (MessageStatus.SENDING, ["UpdateItem", "PutItem"]),
        (MessageStatus.SENT, ["UpdateItem", "PutItem"]),
        (MessageStatus.DELIVERED, ["PutItem"]),
    ):
        change_status(message_id, status)
        records = take_queued()
        writes.clear()
        invoke("workers/deliver_callback", {"Records": records})
        assert writes == expected
    assert size(message_id) < KB


@pytest.mark.parametrize(("status", "expected"), [(MessageStatus.SENT, ["UpdateItem"]), (MessageStatus.DELIVERED, [])])
def test_a_new_state_of_a_parked_message_costs_at_most_one_refused_write(
    customer: Customer, executions: Executions, writes: list[str], status: MessageStatus, expected: list[str]
) -> None:
    customer.answer_with(hang_up)
    message_id = create_message(customer.url)
    change_status(message_id, MessageStatus.SENDING)
    deliver_queued()
    change_status(message_id, status)
    records = take_queued()
    writes.clear()
    invoke("workers/deliver_callback", {"Records": records})
    assert writes == expected


def test_a_failed_probe_writes_nothing_to_the_other_parked_callbacks(
    customer: Customer, executions: Executions, writes: list[str]
) -> None:
    customer.answer_with(hang_up)
    for _ in range(12):
        change_status(create_message(customer.url), MessageStatus.SENT)
    deliver_queued()
    writes.clear()
    executions.pass_time(10)
    # The claim for the probe, its outcome, and the endpoint's next wake-up.
    assert writes == ["UpdateItem", "PutItem", "UpdateItem"]
