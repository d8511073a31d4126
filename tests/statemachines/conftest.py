"""State machines on moto's interpreter (LocalStack's), their tasks wired as the template wires them, time noted and not spent.

The definition runs as it is deployed. Only two things are replaced: what invokes a function, and what waits.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
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

_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Run:
    """How an execution ended, and what it will cost: ``transitions`` counts retries, the start and the end, too."""

    status: str
    transitions: int


@dataclass
class Machine:
    """A state machine of the template.

    Attributes:
        arn: of the machine.
        task: answers for a function, by the name of its folder.
        calls: every invocation: function and payload.
        waits: seconds of each Wait state.
        pauses: seconds before each retry.
    """

    arn: str = ""
    task: Task | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def order(self) -> list[str]:
        """The functions in the order of their invocations."""
        return [function for function, _ in self.calls]

    def run(self, task: Task, **payload: Any) -> Run:
        """Execute the machine from the start to its end."""
        self.task = task
        return self.finish(
            boto3.client("stepfunctions").start_execution(
                stateMachineArn=self.arn, name=str(uuid.uuid4()), input=json.dumps(payload)
            )["executionArn"]
        )

    def finish(self, execution: str, *, seconds: float = _PATIENCE_SECONDS) -> Run:
        """Wait for the end of an execution."""
        states, deadline, pause = boto3.client("stepfunctions"), time.monotonic() + seconds, threading.Event()
        while (status := states.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            assert time.monotonic() < deadline, "the execution did not end"
            pause.wait(0.01)
        pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
        kinds = [event["type"] for page in pages for event in page["events"]]
        return Run(status, sum(kind.endswith("StateEntered") for kind in kinds) + len(self.pauses) + 2)

    def invoke(self, parameters: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        """What the interpreter calls instead of Lambda."""
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
    """Which machine: its logical id. A module that tests another one says so."""
    return "CampaignSend"


@pytest.fixture
def machine(aws: None, monkeypatch: pytest.MonkeyPatch, definition: str) -> Iterator[Machine]:
    """The deployed definition, ready to be executed."""
    interpreted = Machine()
    monkeypatch.setitem(default_user_config, "stepfunctions", {"execute_state_machine": True})
    monkeypatch.setattr(lambda_eval_utils, "_invoke_lambda_function", interpreted.invoke)
    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=interpreted.pauses.append))
    monkeypatch.setattr(WaitFunction, "_wait_interval", lambda *_, wait_seconds, **__: interpreted.waits.append(wait_seconds))
    states = boto3.client("stepfunctions")
    entry = resources(STATE_MACHINE)[definition]
    name = entry["Name"]["Fn::Sub"].replace("${AWS::StackName}", "outreach")
    created = states.create_state_machine(
        name=name, definition=_definition(entry), roleArn="arn:aws:iam::123456789012:role/unit-test"
    )
    interpreted.arn = created["stateMachineArn"]
    yield interpreted
    states.delete_state_machine(stateMachineArn=interpreted.arn)


def _definition(entry: dict[str, Any]) -> str:
    text: str = (ROOT / entry["DefinitionUri"]).read_text()
    for name, value in entry["DefinitionSubstitutions"].items():
        text = text.replace(f"${{{name}}}", f"arn:aws:lambda:us-east-1:123456789012:function:{target(value)}")
    return text


def _folder_name(function_arn: str) -> str:
    return folder(functions()[function_arn.rsplit(":", 1)[1]]).name
