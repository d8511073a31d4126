"""outreach-admin restore-drill: a table is restored beside itself, compared, and removed again."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from outreach_admin import restore_drill, table_restore

from outreach import dynamo
from outreach.settings import settings
from tests.support import pipeline
from tests.unit.outreach_admin.conftest import Run

WRITER, READER = "a-writer", "a-reader"


@pytest.fixture
def table(run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    """The table of contacts, with three contacts, and a stack with two functions."""
    pipeline.put_site()
    for number in ("+12125551200", "+12125551201", "+12125551202"):
        pipeline.create_contact(number)
    name = settings().contacts_table
    boto3.client("dynamodb").update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    monkeypatch.setattr(restore_drill, "_functions", lambda _stack: [WRITER, READER])
    create_function(WRITER, "dynamodb:PutItem", name)
    create_function(READER, "dynamodb:GetItem", name)
    return name


def create_function(name: str, action: str, table: str) -> None:
    """Create a function whose role may do one thing with a table."""
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    trust = {"Version": "2012-10-17", "Statement": [assume]}
    role = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    arn = boto3.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
    policy: Any = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": arn}]}
    boto3.client("iam").put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
    boto3.client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="app.handler", Code={"ZipFile": b"x"}
    )


def tables() -> set[str]:
    return set(boto3.client("dynamodb").list_tables()["TableNames"])


def test_a_drill_compares_names_the_writers_and_leaves_nothing_behind(run: Run, table: str) -> None:
    before = tables()
    result = run("restore-drill", "contacts").json
    assert (result["table"], result["copy"], result["functions_to_stop"]) == (table, None, [WRITER])
    assert (result["missing"], result["different"]) == (0, 0)
    assert result["same"] >= 3
    assert tables() == before


def test_after_an_accident_the_kept_copy_gives_the_items_back(run: Run, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = run("restore-drill", "contacts", "--keep").json["copy"]
    items = list(dynamo.scan(table, "pk <> :none", {":none": ""}))
    for item in items[:2]:
        dynamo.delete(table, {"pk": item["pk"], "sk": item["sk"]})
    assert run("restore", copy, table, "--dry-run").json == {"same": len(items) - 2, "missing": 2, "different": 0}
    assert run("restore", copy, table).json == {"copied": 2, "kept": len(items) - 2}
    assert run("restore", copy, table, "--dry-run").json == {"same": len(items), "missing": 0, "different": 0}


def test_items_are_compared_in_batches(run: Run, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for each of a million items would take more than an hour."""
    copy = run("restore-drill", "contacts", "--keep").json["copy"]
    monkeypatch.delattr(dynamo, "get")
    assert table_restore.compare(copy, table, None).missing == 0


def test_a_copy_is_removed_although_it_could_not_be_compared(run: Run, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tables()

    def fail(*_: object) -> None:
        raise RuntimeError("cannot be compared")

    monkeypatch.setattr(table_restore, "compare", fail)
    assert run("restore-drill", "contacts").code == 1
    assert tables() == before


def test_an_unknown_table_exits_with_2(run: Run) -> None:
    assert run("restore-drill", "everything").code == 2


def test_the_webhooks_of_carriers_are_never_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped webhook loses opt-outs; a restore replaces no item that it has written."""
    client = boto3.client("cloudformation", region_name="us-east-1")
    names = {"ReceiveTwilio": "AWS::Lambda::Function", "Sweep": "AWS::Lambda::Function", "SendQueue": "AWS::SQS::Queue"}
    found = [{"LogicalResourceId": name, "PhysicalResourceId": f"{name}-1", "ResourceType": kind} for name, kind in names.items()]
    monkeypatch.setattr(client, "list_stack_resources", lambda **_: {"StackResourceSummaries": found})
    monkeypatch.setattr(boto3, "client", lambda _: client)
    assert list(restore_drill._functions("outreach")) == ["Sweep-1"]
