"""moto answers with less work as it would without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import Node  # type: ignore[attr-defined] # it has no types
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import UpdateExpressionValidator
from moto.dynamodb.responses import DynamoHandler

from outreach.settings import settings
from tests.support import fast_moto, pipeline
from tests.support.template import moto_backend


def test_answers_of_moto_are_read_by_the_same_names_as_without_memory(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: set[str] = set()

    def compare(picker: XFormedAttributePicker, context: AttributePickerContext) -> Iterator[str]:
        expected = list(fast_moto._possible_keys(picker, context))
        for _ in ("computed", "remembered"):
            assert list(fast_moto._remembered_keys(picker, context)) == expected
        assert context.service_model
        compared.add(context.service_model.service_name)
        return iter(expected)

    monkeypatch.setattr(fast_moto, "_remembered", {})
    monkeypatch.setattr(XFormedAttributePicker, "get_possible_keys", compare)
    pipeline.put_site()
    pipeline.create_contact("+12125551234", "Ada")
    pipeline.create_campaign()
    boto3.client("s3").list_buckets()
    boto3.client("sqs").list_queues()
    boto3.client("stepfunctions").list_state_machines()
    boto3.client("dynamodb").list_tables()
    _put_and_get({"B": b"binary"})
    assert {"dynamodb", "sqs", "stepfunctions", "s3"} <= compared


def test_dynamodb_answers_as_without_shortcuts(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    short = list(_answers("short"))
    monkeypatch.setattr(Endpoint, "make_request", fast_moto._make_any_request)
    monkeypatch.setattr(BotocoreStubber, "process_request", fast_moto._process_any_request)
    monkeypatch.setattr(DynamoHandler, "serialized", fast_moto._serialize_anything)
    monkeypatch.setattr(UpdateExpressionParser, "make", fast_moto._parse_any_update)
    monkeypatch.setattr(UpdateExpressionValidator, "get_ast_processors", fast_moto._all_processors)
    monkeypatch.delattr(Node, "__deepcopy__")
    assert short == list(_answers("short"))


def test_a_clause_that_stands_twice_is_refused_each_time(aws: None) -> None:
    for _ in range(2):
        with pytest.raises(ClientError, match='The "SET" section can only be used once'):
            _update("SET answer = :new SET other = :new")


def test_a_cancelled_transaction_leaves_tables_and_streams_as_they_were(aws: None) -> None:
    dynamodb, table = boto3.client("dynamodb"), settings().messages_table
    item: dict[str, Any] = {"pk": {"S": "a"}, "answer": {"M": {"text": {"S": "first"}}}}
    dynamodb.put_item(TableName=table, Item=item)
    before = _rows_and_changes(table)
    change: Any = {
        "TableName": table,
        "Key": {"pk": item["pk"]},
        "UpdateExpression": "SET answer.#text = :new",
        "ExpressionAttributeNames": {"#text": "text"},
        "ExpressionAttributeValues": {":new": {"S": "second"}},
    }
    refused: Any = {"TableName": table, "Item": {**item, "pk": {"S": "new"}}, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.transact_write_items(TransactItems=[{"Update": change}, {"Put": refused}])
    assert _rows_and_changes(table) == before
    assert before[1] == ["INSERT"]


def test_a_transaction_leaves_no_copies_behind(aws: None) -> None:
    put: Any = {"Put": {"TableName": settings().messages_table, "Item": {"pk": {"S": "a"}}}}
    boto3.client("dynamodb").transact_write_items(TransactItems=[put])
    models: list[Any] = [Table, Item]
    assert not any(model.instances_tracked for model in models)
    assert not fast_moto._copies


def _answers(pk: str) -> Iterator[Any]:
    """What DynamoDB answers to each kind of call, without the ids of the requests."""
    dynamodb, table = boto3.client("dynamodb"), settings().messages_table
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": pk}})
    yield _put_and_get({"B": b"binary"})
    yield _put_and_get({"M": {"list": {"L": [{"N": "1"}, {"NULL": True}]}, "set": {"SS": ["a", "b"]}, "flag": {"BOOL": False}}})
    for expression in ("SET answer.#n = :new", "SET #n = if_not_exists(#n, :new)", "REMOVE answer.#n", "ADD counted :one", "SET"):
        for returned in ("ALL_NEW", "UPDATED_OLD", "NONE"):
            yield _without_ids(lambda: _update(expression, ReturnValues=returned))  # noqa: B023 - called at once
    yield _without_ids(lambda: _update("SET answer = :new", ConditionExpression="attribute_not_exists(pk)"))
    yield _without_ids(lambda: dynamodb.scan(TableName=table, ReturnConsumedCapacity="TOTAL"))
    yield _without_ids(lambda: dynamodb.query(TableName="none", KeyConditionExpression="pk = pk"))
    put: Any = {"Put": {"TableName": table, "Item": {"pk": {"S": pk}}, "ConditionExpression": "attribute_not_exists(pk)"}}
    yield _without_ids(lambda: dynamodb.transact_write_items(TransactItems=[put]))


def _put_and_get(value: Any) -> Any:
    dynamodb, table = boto3.client("dynamodb"), settings().messages_table
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "short"}, "answer": value})
    return _without_ids(lambda: dynamodb.get_item(TableName=table, Key={"pk": {"S": "short"}}))


def _update(expression: str, **options: Any) -> Any:
    names = {"#n": "name"} if "#n" in expression else {}
    values = {name: value for name, value in ((":new", {"S": "new"}), (":one", {"N": "1"})) if name in expression}
    if names:
        options["ExpressionAttributeNames"] = names
    if values:
        options["ExpressionAttributeValues"] = values
    key: Any = {"TableName": settings().messages_table, "Key": {"pk": {"S": "short"}}}
    return boto3.client("dynamodb").update_item(**key, UpdateExpression=expression, **options)


def _without_ids(call: Callable[[], Any]) -> Any:
    """The answer, or the error, as far as it is the same for each request."""
    try:
        answer = call()
    except ClientError as error:
        answer = error.response
    metadata = answer.pop("ResponseMetadata")
    return answer, metadata["HTTPStatusCode"], metadata["RetryAttempts"]


def _rows_and_changes(table: str) -> tuple[list[Any], list[str]]:
    moto_table = moto_backend("dynamodb").tables[table]
    assert moto_table.stream_shard
    changes = [record.record["eventName"] for record in moto_table.stream_shard.items]
    return boto3.client("dynamodb").scan(TableName=table)["Items"], changes
