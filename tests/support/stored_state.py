"""The whole state of a mocked account as JSON: items, objects, secrets, and what is under way in queues and executions."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import boto3

from outreach.settings import settings
from tests.support.template import BUCKET, QUEUE, TABLE, moto_backend, resources

State = dict[str, Any]


def capture() -> State:
    """Return the state: items as DynamoDB writes them, messages as their bodies, executions and schedules as their inputs."""
    return {
        "tables": {name: _items(name) for name in resources(TABLE)},
        "objects": {name: _objects(name.lower()) for name in resources(BUCKET)},
        "parameters": {name: entry[-1].value.removeprefix("kms:alias/aws/ssm:") for name, entry in _parameters().items()},
        "queues": {name: _bodies(name) for name in resources(QUEUE) if _bodies(name)},
        "executions": {machine.name: [run.execution_input for run in machine.executions] for machine in _machines()},
        "schedules": [schedule.target["Input"] for schedule in _schedules()],
    }


def restore(state: Mapping[str, Any]) -> None:
    """Put the items, objects, secrets and queue messages of a state into an account that has none yet."""
    for table, items in state["tables"].items():
        for start in range(0, len(items), 25):
            requests: list[Any] = [{"PutRequest": {"Item": _with_bytes(item)}} for item in items[start : start + 25]]
            boto3.client("dynamodb").batch_write_item(RequestItems={table: requests})
    for bucket, objects in state["objects"].items():
        for key, content in objects.items():
            boto3.client("s3").put_object(Bucket=bucket.lower(), Key=key, Body=base64.b64decode(content))
    for name, value in state["parameters"].items():
        boto3.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
    for queue, bodies in state["queues"].items():
        url = boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        for body in bodies:
            boto3.client("sqs").send_message(QueueUrl=url, MessageBody=body, MessageGroupId=settings().secrets_prefix)


def _items(table: str) -> list[Any]:
    items: list[Any] = boto3.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(map(_with_text, items), key=lambda item: (item["pk"]["S"], item.get("sk", {}).get("S", "")))


def _with_text(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}


def _with_bytes(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()}


def _objects(bucket: str) -> dict[str, str]:
    client = boto3.client("s3")
    keys = sorted(entry["Key"] for entry in client.list_objects_v2(Bucket=bucket).get("Contents", []))
    return {key: base64.b64encode(client.get_object(Bucket=bucket, Key=key)["Body"].read()).decode() for key in keys}


def _parameters() -> dict[str, Any]:
    return dict(moto_backend("ssm")._parameters)


def _bodies(queue: str) -> list[str]:
    """The bodies of all messages of a queue, visible or not."""
    return sorted(message.body for message in moto_backend("sqs").queues[queue]._messages)


def _machines() -> list[Any]:
    return list(moto_backend("stepfunctions").state_machines)


def _schedules() -> list[Any]:
    return [schedule for group in moto_backend("scheduler").schedule_groups.values() for schedule in group.schedules.values()]
