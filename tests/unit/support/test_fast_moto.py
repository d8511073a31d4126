"""moto answers with less work as it would without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

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
    assert {"dynamodb", "sqs", "stepfunctions", "s3"} <= compared


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


def _rows_and_changes(table: str) -> tuple[list[Any], list[str]]:
    moto_table = moto_backend("dynamodb").tables[table]
    assert moto_table.stream_shard
    changes = [record.record["eventName"] for record in moto_table.stream_shard.items]
    return boto3.client("dynamodb").scan(TableName=table)["Items"], changes
