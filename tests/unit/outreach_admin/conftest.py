"""Runs the command line on a mocked AWS."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
import typer
from outreach_admin import cli, deployment

from outreach import aws
from outreach.settings import settings


@pytest.fixture(scope="package", autouse=True)
def _commands_made_once() -> Iterator[None]:
    """Keep the parser of the command line, because making it takes longer than most commands."""
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr("typer.main.get_command", cache(typer.main.get_command))
        yield


@dataclass(frozen=True)
class Result:
    """Exit status and output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]

TOKEN = "a-token-that-is-never-printed"
SECRET = "whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"
ACCOUNT_ID = "647277e8-06a5-4eec-ba66-1cdd617dc778"
TWILIO = ["account", "put", "10000", "--carrier", "twilio", "--number", "+15005550006", "--carrier-account", "AC1"]
TELNYX = ["account", "put", "10000", "--carrier", "telnyxsms", "--number", "+15005550008", "--carrier-account", "1"]


@pytest.fixture
def run(aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with ``--json`` and with ``stdin`` as standard input."""
    # The fixture `aws` has already set the environment of the stack.
    monkeypatch.setattr(deployment, "enter", lambda _stack: None)

    def run_command(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()  # drops what the test has logged before
        with pytest.raises(SystemExit) as exit_:
            cli.main(["--json", *arguments])
        return Result(int(exit_.value.code or 0), *capsys.readouterr())

    return run_command


def create_state_machine() -> None:
    """Create the state machine of sends."""
    aws.stepfunctions().create_state_machine(
        name=settings().campaign_send_arn.rsplit(":", 1)[1], definition="{}", roleArn="arn:aws:iam::123456789012:role/unit-test"
    )


@pytest.fixture
def site(run: Run) -> str:
    assert run("site", "put", "10000").code == 0
    return "10000"


def stored_secret(path: str) -> Any:
    """Return a secret of the parameter store."""
    parameter = boto3.client("ssm").get_parameter(Name=path, WithDecryption=True)["Parameter"]
    assert parameter["Type"] == "SecureString"
    return json.loads(parameter["Value"])
