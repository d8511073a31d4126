"""The command line on a mocked AWS."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from outreach_admin import cli, deployment


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with ``--json``; ``stdin`` is what is piped in."""
    # The fixture `aws` has entered its stack already.
    monkeypatch.setattr(deployment, "enter", lambda _stack: None)

    def run_command(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as end:
            cli.main(["--json", *arguments])
        return Result(int(end.value.code or 0), *capsys.readouterr())

    return run_command
