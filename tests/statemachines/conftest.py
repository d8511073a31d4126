"""Runs state machines on moto's interpreter, which is LocalStack's, with the functions that the template assigns to their tasks.

The definition is the deployed one. Only the invocation of functions and the waiting are replaced: waits are recorded and take no
time.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from tests.support.stack import STATE_MACHINE, folder, functions, target
from tests.support.template import ROOT, resources

Task = Callable[[str, dict[str, Any]], Any]

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Run:
    """The final status of an execution, and its billed state transitions, which include retries, the start and the end."""

    status: str
    transitions: int


@dataclass
class Machine:
    """A state machine of the template.

    Attributes:
        task: returns the result of a function, given the name of its folder and the payload.
        calls: the function and the payload of each invocation.
        waits: the seconds of each Wait state.
        pauses: the seconds before each retry.
    """

    arn: str = ""
    task: Task | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def order(self) -> list[str]:
        """The invoked functions, in order."""
        return [function for function, _ in self.calls]

    def run(self, task: Task, **payload: Any) -> Run:
        """Execute the machine and wait for the end."""
        self.task = task
        return self.finish(
            boto3.client("stepfunctions").start_execution(
                stateMachineArn=self.arn, name=str(uuid.uuid4()), input=json.dumps(payload)
            )["executionArn"]
        )

    def finish(self, execution: str, *, seconds: float = _TIMEOUT_SECONDS) -> Run:
        """Wait for the end of an execution."""
        client, deadline, pause = boto3.client("stepfunctions"), time.monotonic() + seconds, threading.Event()
        while (status := client.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            assert time.monotonic() < deadline, "the execution did not end"
            pause.wait(0.01)
        pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
        types = [event["type"] for page in pages for event in page["events"]]
        return Run(status, sum(type_.endswith("StateEntered") for type_ in types) + len(self.pauses) + 2)

    def invoke(self, parameters: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        """Stands in for the interpreter's call to Lambda."""
        function, payload = _folder_name(parameters["FunctionName"]), json.loads(parameters["Payload"])
        self.calls.append((function, payload))
        assert self.task
        try:
            return {"StatusCode": 200, "Payload": self.task(function, payload)}
        except Exception as error:
            failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": failure}


@pytest.fixture
def definition() -> str:
    """The logical id of the machine; test modules of other machines override it."""
    return "CampaignSend"


@pytest.fixture
def machine(aws: None, monkeypatch: pytest.MonkeyPatch, definition: str) -> Iterator[Machine]:
    """The deployed state machine, ready to run."""
    entry = resources(STATE_MACHINE)[definition]
    name = entry["Name"]["Fn::Sub"].replace("${AWS::StackName}", "outreach")
    with running(monkeypatch, name, (ROOT / entry["DefinitionUri"]).read_text()) as machine:
        yield machine


@contextmanager
def running(monkeypatch: pytest.MonkeyPatch, name: str, definition: str) -> Iterator[Machine]:
    """Create a state machine that runs on the interpreter.

    Args:
        definition: its definition, as it is in statemachines/.
    """
    machine = Machine()
    monkeypatch.setitem(default_user_config, "stepfunctions", {"execute_state_machine": True})
    monkeypatch.setattr(lambda_eval_utils, "_invoke_lambda_function", machine.invoke)
    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=machine.pauses.append))
    monkeypatch.setattr(WaitFunction, "_wait_interval", lambda *_, wait_seconds, **__: machine.waits.append(wait_seconds))
    client = boto3.client("stepfunctions")
    created = client.create_state_machine(
        name=name, definition=_with_functions(definition), roleArn="arn:aws:iam::123456789012:role/unit-test"
    )
    machine.arn = created["stateMachineArn"]
    yield machine
    client.delete_state_machine(stateMachineArn=machine.arn)


def _with_functions(definition: str) -> str:
    """Replace the parameters of a definition by the partition and the functions that the template has for them."""
    for entry in resources(STATE_MACHINE).values():
        for name, value in entry["DefinitionSubstitutions"].items():
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:{target(value)}"
            definition = definition.replace(f"${{{name}}}", "aws" if value == {"Ref": "AWS::Partition"} else arn)
    return definition


def _folder_name(function_arn: str) -> str:
    return folder(functions()[function_arn.rsplit(":", 1)[1]]).name
