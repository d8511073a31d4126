"""What surrounds the functions of import and export: objects that arrive start a function, and the state machine its tasks."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from outreach.settings import settings
from tests.support import functions
from tests.support.stack import events, folder
from tests.support.stack import functions as template_functions
from tests.support.template import ROOT


@pytest.fixture(autouse=True)
def _machinery(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    name = settings().import_contacts_arn.rsplit(":", 1)[1]
    boto3.client("stepfunctions").create_state_machine(
        name=name, definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
    )
    make_call = BaseClient._make_api_call

    def call(client: Any, operation: str, arguments: Any) -> Any:
        answer = make_call(client, operation, arguments)
        if operation == "PutObject":
            arrive(arguments["Key"])
        if operation == "StartExecution" and arguments["stateMachineArn"] == settings().import_contacts_arn:
            run(json.loads(arguments["input"]))
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def arrive(key: str) -> None:
    """What EventBridge does: the functions whose pattern has a prefix of the key."""
    for name, rule in events("EventBridgeRule"):
        (prefix,) = rule["Pattern"]["detail"]["object"]["key"]
        if key.startswith(prefix["prefix"]):
            path = folder(template_functions()[name]).relative_to(ROOT / "functions")
            functions.invoke(str(path), {"detail": {"object": {"key": key}}})


def run(execution: dict[str, Any]) -> None:
    """What the state machine does, without its retries (those are tested on an interpreter)."""
    step = functions.invoke("workers/split_import", execution)
    while step["outcome"] == "running":
        step = functions.invoke("workers/import_rows", execution)
