"""What the tests refuse because AWS refuses it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from tests.support import limits, permissions

KB = limits.KB


def entries(number: int, size: int = 1, delay: int = 0) -> dict[str, Any]:
    return {"Entries": [{"MessageBody": "x" * size, "DelaySeconds": delay}] * number}


def item(size: int) -> dict[str, Any]:
    return {"Item": {"pk": {"S": "x" * size}}}


AT_THE_LIMIT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("PutItem", item(399 * KB), item(400 * KB)),
    ("UpdateItem", {"ExpressionAttributeValues": item(399 * KB)}, {"ExpressionAttributeValues": item(400 * KB)}),
    ("UpdateItem", {"UpdateExpression": "x" * 4096}, {"UpdateExpression": "x" * 4097}),
    ("TransactWriteItems", {"TransactItems": [{"Put": item(1)}] * 100}, {"TransactItems": [{"Put": item(1)}] * 101}),
    ("TransactWriteItems", {"TransactItems": [{"Put": item(1)}]}, {"TransactItems": [{"Put": item(400 * KB)}]}),
    ("TransactWriteItems", {"TransactItems": [{"Put": item(1)}]}, {"TransactItems": [{"Put": item(390 * KB)}] * 11}),
    ("BatchGetItem", {"RequestItems": {"t": {"Keys": [{}] * 100}}}, {"RequestItems": {"t": {"Keys": [{}] * 101}}}),
    ("SendMessageBatch", entries(10, 25 * KB), entries(10, 26 * KB)),
    ("SendMessageBatch", entries(10), entries(11)),
    ("SendMessageBatch", entries(1, delay=900), entries(1, delay=901)),
    ("StartExecution", {"input": "x" * 256 * KB, "name": "n"}, {"input": "x" * (256 * KB + 1), "name": "n"}),
    ("StartExecution", {"input": "", "name": "n" * 80}, {"input": "", "name": "n" * 81}),
    ("GetParameters", {"Names": ["n"] * 10}, {"Names": ["n"] * 11}),
    ("DeleteObjects", {"Delete": {"Objects": [{}] * 1000}}, {"Delete": {"Objects": [{}] * 1001}}),
]


@pytest.mark.parametrize(("operation", "accepted", "refused"), AT_THE_LIMIT)
def test_a_call_above_a_quota_is_refused(operation: str, accepted: dict[str, Any], refused: dict[str, Any]) -> None:
    limits.check(operation, accepted)
    with pytest.raises(AssertionError, match="AWS refuses"):
        limits.check(operation, refused)


def test_the_calls_of_functions_are_checked(aws: None) -> None:
    queue = boto3.client("sqs")
    oversized: dict[str, Any] = {"QueueUrl": "https://sqs/SendQueue", **entries(11)}
    with permissions.function("workers/send_messages"), pytest.raises(AssertionError, match="11 messages of a batch"):
        queue.send_message_batch(**oversized)


BEYOND_THE_MODEL: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "dynamodb",
        "BatchGetItem",
        {"RequestItems": {f"table{number}": {"Keys": []} for number in range(101)}},
        "101 is more than 100",
    ),
    ("dynamodb", "GetItem", {"TableName": "t", "Key": {"k" * 65_536: {"S": "v"}}}, "65536 is more than 65535"),
    ("scheduler", "DeleteSchedule", {"Name": "a campaign"}, "Name: 'a campaign' does not match"),
    ("stepfunctions", "StartExecution", {"stateMachineArn": "a" * 257}, "stateMachineArn: 257 is more than 256"),
    ("s3", "PutObject", {"ServerSideEncryption": "AES"}, "ServerSideEncryption: 'AES' is none of"),
]


@pytest.mark.parametrize(("service", "operation", "arguments", "fault"), BEYOND_THE_MODEL)
def test_a_call_that_does_not_fit_its_model_is_refused(
    aws: None, service: str, operation: str, arguments: dict[str, Any], fault: str
) -> None:
    model = boto3.client(service).meta.service_model.operation_model(operation).input_shape  # type: ignore[call-overload]
    with pytest.raises(AssertionError, match=fault):
        limits.check_model(model, arguments)
