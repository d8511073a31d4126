"""DynamoDB in terms of plain dicts."""

from __future__ import annotations

import base64
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import ANY, Stubber

from outreach import aws as clients
from outreach import dynamo
from outreach.dynamo import ConditionFailed, TransactionRefused, Update, WriteConflict
from tests.support.crash_points import Calls, Fault

TABLE = "SitesTable"
KEY = {"pk": "a", "sk": "b"}


def put(**values: Any) -> None:
    clients.dynamodb().put_item(TableName=TABLE, Item=dynamo.to_item({**KEY, **values}))


def test_an_item_is_read_as_it_was_written(aws: None) -> None:
    values = {"i": 7, "f": "1.5", "t": "ä", "y": True, "b": b"\x00\xff", "m": {"n": [1, "x", {"z": 2}]}, "e": []}
    put(**values, none=None)
    assert dynamo.get(TABLE, KEY, consistent=True) == {**KEY, **values}


def test_each_operation_returns_binaries_as_they_were_written(aws: None) -> None:
    item = {**KEY, "b": b"\x00\xff"}
    dynamo.put(TABLE, item)
    of_key = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": "a"}}
    assert [dynamo.get(TABLE, KEY), *dynamo.batch_get(TABLE, [KEY])] == [item, item]
    assert [*dynamo.query(TABLE, **of_key), *dynamo.scan(TABLE, "pk = :pk", {":pk": "a"})] == [item, item]
    assert dynamo.update(TABLE, KEY, Update().set("n", 1)) == {**item, "n": 1}


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("-9007199254740993", -9007199254740993), ("1E+3", 1000), ("2.0", 2), ("1.5", 1.5)]
)
def test_whole_numbers_are_integers_however_they_are_stored(text: str, number: float) -> None:
    found = dynamo.from_item({"n": {"N": text}})["n"]
    assert (found, type(found)) == (number, type(number))


def test_a_value_of_a_type_that_is_never_written_is_an_error() -> None:
    with pytest.raises(ValueError, match="SS"):
        dynamo.from_item({"s": {"SS": ["a"]}})


def test_the_clients_of_tests_check_parameters_which_those_of_functions_do_not(aws: None) -> None:
    with pytest.raises(ParamValidationError):
        clients.dynamodb().get_item(TableName=TABLE, Key={"pk": "a"})
    assert clients._CONFIG.parameter_validation is False  # type: ignore[attr-defined]


def test_a_missing_item_is_none(aws: None) -> None:
    assert dynamo.get(TABLE, KEY) is None


def test_put_new_writes_an_item_only_once(aws: None) -> None:
    assert dynamo.put_new(TABLE, {**KEY, "n": 1})
    assert not dynamo.put_new(TABLE, {**KEY, "n": 2})
    assert (dynamo.get(TABLE, KEY) or {})["n"] == 1


def test_put_new_many_writes_each_item_only_once(aws: None) -> None:
    """More items than a batch takes, of which some exist, with values of all types."""
    items = [{**KEY, "sk": f"item {number}", "values": ["a", 1, {"b": True}], "text": f"It's {number}"} for number in range(60)]
    for number in (0, 24, 25, 59):
        dynamo.put(TABLE, {**KEY, "sk": f"item {number}", "is_old": True})
    assert [number for number, is_new in enumerate(dynamo.put_new_many(TABLE, items)) if not is_new] == [0, 24, 25, 59]
    assert dynamo.put_new_many(TABLE, items) == [False] * 60
    assert dynamo.get(TABLE, {**KEY, "sk": "item 1"}) == items[1]
    assert dynamo.get(TABLE, {**KEY, "sk": "item 0"}) == {**KEY, "sk": "item 0", "is_old": True}
    assert dynamo.put_new_many(TABLE, []) == []


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.CONTENDED])
def test_put_new_many_writes_what_a_batch_leaves_out(aws: None, fault: Fault) -> None:
    items = [{**KEY, "sk": f"item {number}"} for number in range(10)]
    dynamo.put(TABLE, items[0])
    dynamo.put(TABLE, items[1])
    calls = Calls(lambda step: fault if step == 1 else None)
    with calls.invocation():
        assert dynamo.put_new_many(TABLE, items) == [False] * 2 + [True] * 8
    assert calls.injected == 1
    assert all(dynamo.get(TABLE, item) for item in items)


@pytest.mark.parametrize(
    ("stored", "before", "is_written"), [(None, 0, True), (1, 0, False), (None, 1, False), (1, 1, True), (2, 1, False)]
)
def test_put_version_replaces_only_the_previous_version(aws: None, stored: int | None, before: int, is_written: bool) -> None:
    if stored:
        put(version=stored)
    assert dynamo.put_version(TABLE, {**KEY, "version": 9}, before) is is_written
    assert ((dynamo.get(TABLE, KEY) or {}).get("version") == 9) is is_written


def test_an_update_returns_the_new_item(aws: None) -> None:
    put(n=1)
    assert dynamo.update(TABLE, KEY, "SET n = n + :one", {":one": 1})["n"] == 2


def test_a_refused_update_returns_the_existing_item(aws: None) -> None:
    dynamo.put(TABLE, {**KEY, "n": 1, "b": b"\x00\xff"})
    with pytest.raises(ConditionFailed) as refusal:
        dynamo.update(TABLE, KEY, "SET n = :two", {":two": 2}, condition="n = :two")
    assert refusal.value.item == {**KEY, "n": 1, "b": b"\x00\xff"}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (Update().set("n", 5).set("new", "x"), {"n": 5, "new": "x"}),
        (Update().set_if_missing("n", 5).set_if_missing("new", 5), {"new": 5}),
        (Update().add("n").add("n2", 3, start=10), {"n": 2, "n2": 13}),
        (Update().set("map.status", "new").remove("text", "missing"), {"map": {"status": "new"}, "text": None}),
        (Update().remove("text"), {"text": None}),
    ],
)
def test_an_update_is_built_from_changes_of_attributes(aws: None, change: Update, changed: dict[str, Any]) -> None:
    before = {"n": 1, "text": "x", "map": {"status": "old"}}
    put(**before)
    expected = {name: value for name, value in (KEY | before | changed).items() if value is not None}
    assert dynamo.update(TABLE, KEY, change) == expected


def test_an_empty_update_has_no_expression() -> None:
    assert (Update().expression, Update().values) == ("", {})


def test_an_update_may_return_nothing(aws: None) -> None:
    assert dynamo.update(TABLE, KEY, Update().set("n", 1), returns="NONE") == {}
    assert dynamo.get(TABLE, KEY) == {**KEY, "n": 1}


@pytest.mark.parametrize(("stored", "is_written"), [(1, True), (2, False), (None, False)])
def test_update_if_writes_only_if_the_condition_holds(aws: None, stored: int | None, is_written: bool) -> None:
    put(size=stored)
    change = Update().set("size", 9)
    assert dynamo.update_if(TABLE, KEY, change, {":size": 1}, condition="#size = :size") is is_written
    assert (dynamo.get(TABLE, KEY) or {}).get("size") == (9 if is_written else stored)


@pytest.mark.parametrize(("stored", "is_written"), [(1, True), (2, False), (None, False)])
def test_put_if_writes_only_if_the_condition_holds(aws: None, stored: int | None, is_written: bool) -> None:
    put(size=stored)
    assert dynamo.put_if(TABLE, {**KEY, "size": 9}, "#size = :size", {":size": 1}) is is_written
    assert (dynamo.get(TABLE, KEY) or {}).get("size") == (9 if is_written else stored)


@pytest.mark.parametrize(("stored", "is_deleted"), [(1, True), (2, False)])
def test_delete_if_deletes_only_if_the_condition_holds(aws: None, stored: int, is_deleted: bool) -> None:
    put(size=stored)
    assert dynamo.delete_if(TABLE, KEY, "#size = :size", {":size": 1}) is is_deleted
    assert (dynamo.get(TABLE, KEY) is None) is is_deleted


def test_delete_returns_whether_the_item_existed(aws: None) -> None:
    put()
    assert [dynamo.delete(TABLE, KEY), dynamo.delete(TABLE, KEY)] == [True, False]


@pytest.fixture
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.usefixtures("_without_waits")
def test_an_attempt_is_repeated_until_it_has_no_conflict() -> None:
    outcomes = iter([WriteConflict(), WriteConflict(), "written"])

    def attempt() -> object:
        if isinstance(outcome := next(outcomes), WriteConflict):
            raise outcome
        return outcome

    assert dynamo.retry_on_conflict(attempt, attempts=3, error=RuntimeError()) == "written"


@pytest.mark.usefixtures("_without_waits")
def test_the_last_attempt_with_a_conflict_raises_the_given_error() -> None:
    attempts = []

    def attempt() -> None:
        attempts.append(1)
        raise WriteConflict

    with pytest.raises(RuntimeError, match="contended"):
        dynamo.retry_on_conflict(attempt, attempts=3, error=RuntimeError("contended"))
    assert len(attempts) == 3


def test_an_attempt_with_another_error_is_not_repeated() -> None:
    def attempt() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        dynamo.retry_on_conflict(attempt, error=RuntimeError())


def test_an_error_other_than_a_failed_condition_is_raised(aws: None) -> None:
    with pytest.raises(clients.dynamodb().exceptions.ResourceNotFoundException):
        dynamo.put_new("NoTable", KEY)


def test_a_refused_transaction_names_the_actions_and_writes_nothing(aws: None) -> None:
    put(n=1)
    item = {"TableName": TABLE, "Item": dynamo.to_item({"pk": "a", "sk": "new"})}
    existing = {"TableName": TABLE, "Item": dynamo.to_item(KEY), **dynamo.if_version(0)}
    with pytest.raises(TransactionRefused) as refusal:
        dynamo.transact([{"Put": item}, {"Put": existing}])
    assert refusal.value.failed == [1]
    assert dynamo.get(TABLE, {"pk": "a", "sk": "new"}) is None


def add_cancellation(stub: Stubber, code: str) -> None:
    stub.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": [{"Code": code}]}
    )


@pytest.fixture
def stub(aws: None, monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """Predefined responses of DynamoDB, without waits between attempts."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    client = boto3.client("dynamodb")
    monkeypatch.setattr(clients, "dynamodb", lambda: client)
    return Stubber(client)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_is_retried_while_others_conflict(stub: Stubber, code: str) -> None:
    with stub:
        add_cancellation(stub, code)
        add_cancellation(stub, code)
        stub.add_response("transact_write_items", {})
        dynamo.transact([{"Put": {"TableName": TABLE, "Item": dynamo.to_item(KEY)}}])
    stub.assert_no_pending_responses()


def test_a_transaction_that_cannot_succeed_is_not_retried(stub: Stubber) -> None:
    add_cancellation(stub, "ValidationError")
    with stub, pytest.raises(ClientError, match="TransactionCanceled"):
        dynamo.transact([{"Put": {"TableName": TABLE, "Item": dynamo.to_item(KEY)}}])


def test_a_query_reads_all_pages(aws: None) -> None:
    for number in range(5):
        clients.dynamodb().put_item(TableName=TABLE, Item=dynamo.to_item({"pk": "a", "sk": str(number)}))
    items = dynamo.query(TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": "a"}, Limit=2)
    assert [item["sk"] for item in items] == ["0", "1", "2", "3", "4"]


def test_a_raw_query_yields_pages_in_dynamodbs_json(aws: None) -> None:
    put(n=1)
    request = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": "a"}}
    assert list(dynamo.query_raw(TABLE, **request)) == [[{"pk": {"S": "a"}, "sk": {"S": "b"}, "n": {"N": "1"}}]]


def test_a_scan_finds_the_items_of_a_whole_table(aws: None) -> None:
    items = [{"pk": str(number), "sk": "b", "n": number} for number in range(3)]
    for item in items:
        dynamo.put(TABLE, item)
    found = dynamo.scan(TABLE, "n > :n", {":n": 0})
    assert sorted(found, key=lambda item: int(item["n"])) == items[1:]


def test_batch_get_reads_more_items_than_one_call_returns(aws: None) -> None:
    keys = [{"pk": "a", "sk": f"{number:03}"} for number in range(101)]
    for key in keys[::2]:
        clients.dynamodb().put_item(TableName=TABLE, Item=dynamo.to_item(key))
    assert sorted(dynamo.batch_get(TABLE, keys), key=lambda item: str(item["sk"])) == keys[::2]


def test_unprocessed_keys_are_requested_again(stub: Stubber) -> None:
    item = dynamo.to_item(KEY)
    with stub:
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [item]}}})
        stub.add_response("batch_get_item", {"Responses": {TABLE: [item]}}, {"RequestItems": {TABLE: {"Keys": [item]}}})
        assert list(dynamo.batch_get(TABLE, [KEY])) == [KEY]


def test_keys_that_stay_unprocessed_are_an_error(stub: Stubber) -> None:
    response = {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [dynamo.to_item(KEY)]}}}
    for _ in range(8):
        stub.add_response("batch_get_item", response, {"RequestItems": ANY})
    with stub, pytest.raises(RuntimeError, match="unprocessed"):
        list(dynamo.batch_get(TABLE, [KEY]))


def test_chunks_are_consecutive_and_the_last_one_may_be_short() -> None:
    assert list(dynamo.chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]


def test_binaries_of_a_streams_event_are_decoded_because_they_are_base64_in_json() -> None:
    binary = {"B": base64.b64encode(b"\x00\x01").decode()}
    image = {"a": binary, "b": {"L": [binary, {"N": "1"}]}, "c": {"M": {"d": binary, "e": {"S": "AAE="}}}}
    assert dynamo.from_item(image) == {"a": b"\x00\x01", "b": [b"\x00\x01", 1], "c": {"d": b"\x00\x01", "e": "AAE="}}
