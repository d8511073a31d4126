"""Restores a table to a copy, compares the two, and names the functions that must be stopped before items are copied back."""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3

from outreach import aws
from outreach_admin import table_restore
from outreach_admin.table_restore import Differences

# AWS restores in minutes, a large table in hours.
_POLL_SECONDS = 15
_MAX_POLLS = 4 * 60 * 12
_WRITES = (
    *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
    *("dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete", "dynamodb:*", "*"),
)
# Carriers repeat a refused receipt or reply only a few times: while these are stopped, opt-outs are lost (logical ids).
_NEVER_STOPPED = ("ReceiveTwilio", "ReceiveTelnyx")


@dataclass(frozen=True)
class Drill:
    """The result of a drill.

    Attributes:
        copy: the restored table.
        differences: how the table differs from it.
        seconds: how long the restore took.
    """

    copy: str
    differences: Differences
    seconds: int


def run(table: str, at: datetime | None, *, keep: bool) -> Drill:
    """Restore a table to a copy beside it and compare the two. The table itself is only read.

    Args:
        table: the name of the table.
        at: the moment whose items are restored; ``None`` for the latest possible one, some minutes ago.
        keep: whether the copy stays; otherwise it is deleted, even if the comparison fails.
    """
    copy = f"{table}-{int(time.time())}"
    started = time.monotonic()
    moment: Any = {"RestoreDateTime": at} if at else {"UseLatestRestorableTime": True}
    client = aws.dynamodb()
    client.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=copy, **moment)
    wait_until_restored(copy)
    seconds = round(time.monotonic() - started)
    try:
        return Drill(copy, table_restore.compare(copy, table, None), seconds)
    finally:
        if not keep:
            client.delete_table(TableName=copy)


def wait_until_restored(table: str) -> None:
    """Wait until a table can be used."""
    waiter = aws.dynamodb().get_waiter("table_exists")
    waiter.wait(TableName=table, WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": _MAX_POLLS})


def writers(stack: str, table: str) -> list[str]:
    """Return the names of the stack's functions whose roles may write to a table, but for the carriers' webhooks.

    What webhooks write is newer than what is restored, which replaces no item.
    """
    arn = str(aws.dynamodb().describe_table(TableName=table)["Table"]["TableArn"])
    return sorted(name for name in _functions(stack) if any(_writes(statement, arn) for statement in _statements(_role(name))))


def _role(function: str) -> str:
    """Return the name of a function's role, the last part of its ARN."""
    arn: str = boto3.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    return arn.rsplit("/", 1)[1]


def _functions(stack: str) -> Iterator[str]:
    for page in boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::Lambda::Function" and resource["LogicalResourceId"] not in _NEVER_STOPPED:
                yield resource["PhysicalResourceId"]


def _statements(role: str) -> Iterator[dict[str, Any]]:
    iam = boto3.client("iam")
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document: Any = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        if isinstance(document, str):
            document = json.loads(urllib.parse.unquote(document))
        yield from document["Statement"]


def _writes(statement: dict[str, Any], table_arn: str) -> bool:
    actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
    return any(action in _WRITES for action in actions) and table_arn in resources


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
