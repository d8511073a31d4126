"""DynamoDB in terms of plain dicts."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from outreach import aws as clients
from outreach import dynamo
from outreach.dynamo import ConditionFailed, TransactionRefused

TABLE = "SitesTable"
KEY = {"pk": "a", "sk": "b"}


def put(**values: Any) -> None:
    clients.dynamodb().put_item(TableName=TABLE, Item=dynamo.to_item({**KEY, **values}))


def test_an_item_is_read_back_as_it_was(aws: None) -> None:
    values = {"i": 7, "f": "1.5", "t": "ä", "y": True, "b": b"\x00\xff", "m": {"n": [1, "x", {"z": 2}]}, "e": []}
    put(**values, none=None)
    assert dynamo.get(TABLE, KEY, consistent=True) == {**KEY, **values}


def test_what_is_not_there_is_none(aws: None) -> None:
    assert dynamo.get(TABLE, KEY) is None


def test_a_new_item_is_written_once(aws: None) -> None:
    assert dynamo.put_new(TABLE, {**KEY, "n": 1})
    assert not dynamo.put_new(TABLE, {**KEY, "n": 2})
    assert (dynamo.get(TABLE, KEY) or {})["n"] == 1


@pytest.mark.parametrize(
    ("stored", "before", "written"), [(None, 0, True), (1, 0, False), (None, 1, False), (1, 1, True), (2, 1, False)]
)
def test_a_version_replaces_only_the_one_before(aws: None, stored: int | None, before: int, written: bool) -> None:
    if stored:
        put(version=stored)
    assert dynamo.put_version(TABLE, {**KEY, "version": 9}, before) is written
    assert ((dynamo.get(TABLE, KEY) or {}).get("version") == 9) is written


def test_an_update_returns_what_it_made(aws: None) -> None:
    put(n=1)
    assert dynamo.update(TABLE, KEY, "SET n = n + :one", {":one": 1})["n"] == 2


def test_a_refused_update_tells_what_stands_there(aws: None) -> None:
    put(n=1)
    with pytest.raises(ConditionFailed) as refusal:
        dynamo.update(TABLE, KEY, "SET n = :two", {":two": 2}, condition="n = :two")
    assert refusal.value.item == {**KEY, "n": 1}


def test_another_error_than_a_failed_condition_passes(aws: None) -> None:
    with pytest.raises(clients.dynamodb().exceptions.ResourceNotFoundException):
        dynamo.put_new("NoTable", KEY)


def test_a_refused_transaction_tells_which_actions_and_writes_nothing(aws: None) -> None:
    put(n=1)
    item = {"TableName": TABLE, "Item": dynamo.to_item({"pk": "a", "sk": "new"})}
    taken = {"TableName": TABLE, "Item": dynamo.to_item(KEY), **dynamo.if_version(0)}
    with pytest.raises(TransactionRefused) as refusal:
        dynamo.transact([{"Put": item}, {"Put": taken}])
    assert refusal.value.failed == [1]
    assert dynamo.get(TABLE, {"pk": "a", "sk": "new"}) is None


def cancelled(stub: Stubber, code: str) -> None:
    stub.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": [{"Code": code}]}
    )


@pytest.fixture
def stub(aws: None, monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """DynamoDB's answers as written down; no time passes between tries."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    client = boto3.client("dynamodb")
    monkeypatch.setattr(clients, "dynamodb", lambda: client)
    return Stubber(client)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_is_tried_again_while_others_are_in_the_way(stub: Stubber, code: str) -> None:
    with stub:
        cancelled(stub, code)
        cancelled(stub, code)
        stub.add_response("transact_write_items", {})
        dynamo.transact([{"Put": {"TableName": TABLE, "Item": dynamo.to_item(KEY)}}])
    stub.assert_no_pending_responses()


def test_a_transaction_that_cannot_succeed_is_not_tried_again(stub: Stubber) -> None:
    cancelled(stub, "ValidationError")
    with stub, pytest.raises(ClientError, match="TransactionCanceled"):
        dynamo.transact([{"Put": {"TableName": TABLE, "Item": dynamo.to_item(KEY)}}])


def test_a_query_goes_through_all_pages(aws: None) -> None:
    for number in range(5):
        clients.dynamodb().put_item(TableName=TABLE, Item=dynamo.to_item({"pk": "a", "sk": str(number)}))
    found = dynamo.query(TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": "a"}, Limit=2)
    assert [item["sk"] for item in found] == ["0", "1", "2", "3", "4"]


def test_more_items_are_read_than_one_call_gives(aws: None) -> None:
    keys = [{"pk": "a", "sk": f"{number:03}"} for number in range(101)]
    for key in keys[::2]:
        clients.dynamodb().put_item(TableName=TABLE, Item=dynamo.to_item(key))
    assert sorted(dynamo.batch_get(TABLE, keys), key=lambda item: str(item["sk"])) == keys[::2]


def test_keys_that_are_left_over_are_asked_for_again(stub: Stubber) -> None:
    item = dynamo.to_item(KEY)
    with stub:
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [item]}}})
        stub.add_response("batch_get_item", {"Responses": {TABLE: [item]}}, {"RequestItems": {TABLE: {"Keys": [item]}}})
        assert list(dynamo.batch_get(TABLE, [KEY])) == [KEY]


def test_keys_that_stay_left_over_are_an_error(stub: Stubber) -> None:
    left = {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [dynamo.to_item(KEY)]}}}
    for _ in range(8):
        stub.add_response("batch_get_item", left, {"RequestItems": ANY})
    with stub, pytest.raises(RuntimeError, match="unprocessed"):
        list(dynamo.batch_get(TABLE, [KEY]))


def test_chunks_are_consecutive_and_the_last_one_may_be_short() -> None:
    assert list(dynamo.chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
