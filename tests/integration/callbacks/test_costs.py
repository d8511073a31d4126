"""What a callback costs in writes."""

from __future__ import annotations

from typing import Any

import pytest

from outreach import aws
from outreach.messages.status import Status
from tests.support.callbacks import Customer, Executions, announced, becomes, create_message, deliver
from tests.support.functions import invoke
from tests.support.http_server import hang_up

KB = 1_024
WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")


@pytest.fixture
def writes(customer: Customer) -> list[str]:
    """The write calls from now on."""
    made: list[str] = []

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    for name in WRITES:
        aws.dynamodb().meta.events.register(f"before-call.dynamodb.{name}", note)
    return made


def size(message_id: str) -> int:
    """Bytes of a message's item, as DynamoDB counts them, roughly: names, values, and the nesting."""
    item = aws.dynamodb().get_item(TableName="CallbacksTable", Key={"pk": {"S": f"10000#{message_id}"}})["Item"]
    return len(str(item))


def test_a_state_that_is_taken_at_once_takes_a_unit_and_one_more_for_its_lease_unless_it_is_the_last(
    customer: Customer, writes: list[str]
) -> None:
    message_id = create_message(customer.url)
    for status, expected in (
        (Status.SENDING, ["UpdateItem", "PutItem"]),
        (Status.SENT, ["UpdateItem", "PutItem"]),
        (Status.DELIVERED, ["PutItem"]),
    ):
        becomes(message_id, status)
        records = announced()
        writes.clear()
        invoke("workers/deliver_callback", {"Records": records})
        assert writes == expected
    assert size(message_id) < KB


@pytest.mark.parametrize(("status", "expected"), [(Status.SENT, ["UpdateItem"]), (Status.DELIVERED, [])])
def test_a_new_state_of_a_parked_message_takes_one_refused_write_at_most(
    customer: Customer, executions: Executions, writes: list[str], status: Status, expected: list[str]
) -> None:
    customer.will(hang_up)
    message_id = create_message(customer.url)
    becomes(message_id, Status.SENDING)
    deliver()
    becomes(message_id, status)
    records = announced()
    writes.clear()
    invoke("workers/deliver_callback", {"Records": records})
    assert writes == expected


def test_a_probe_that_fails_writes_nothing_to_what_is_put_off(
    customer: Customer, executions: Executions, writes: list[str]
) -> None:
    customer.will(hang_up)
    for _ in range(12):
        becomes(create_message(customer.url), Status.SENT)
    deliver()
    writes.clear()
    executions.pass_time(10)
    # The lease on the probe, its outcome, and the endpoint's next wake-up.
    assert writes == ["UpdateItem", "PutItem", "UpdateItem"]
