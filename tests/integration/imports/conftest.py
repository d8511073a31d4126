"""Fixtures that replace EventBridge and Step Functions for imports and exports."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from outreach.settings import settings
from tests.integration.contacts.conftest import _sites as _sites
from tests.integration.contacts.conftest import deliver_stream as deliver_stream
from tests.support import functions
from tests.support.stack import events, folder
from tests.support.stack import functions as template_functions
from tests.support.template import ROOT


@pytest.fixture(autouse=True)
def _event_driven_functions(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    name = settings().import_contacts_arn.rsplit(":", 1)[1]
    boto3.client("stepfunctions").create_state_machine(
        name=name, definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
    )
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, arguments: Any) -> Any:
        response = make_call(client, operation, arguments)
        if operation == "PutObject":
            notify_created_object(arguments["Key"])
        if operation == "StartExecution" and arguments["stateMachineArn"] == settings().import_contacts_arn:
            run_execution(json.loads(arguments["input"]))
        return response

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def notify_created_object(key: str) -> None:
    """Invoke the functions whose EventBridge rule matches the key of a new object."""
    for name, rule in events("EventBridgeRule"):
        (prefix,) = rule["Pattern"]["detail"]["object"]["key"]
        if key.startswith(prefix["prefix"]):
            path = folder(template_functions()[name]).relative_to(ROOT / "functions")
            functions.invoke(str(path), {"detail": {"object": {"key": key}}})


def run_execution(execution: dict[str, Any]) -> None:
    """Run the tasks of the state machine, without its retries (``tests/statemachines`` tests those)."""
    step = functions.invoke("workers/split_import", execution)
    while step["outcome"] == "running":
        step = functions.invoke("workers/import_rows", execution)
