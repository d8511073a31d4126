"""``make demo`` with fewer contacts and an interruption in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from carrier_simulator.app import LEDGER_FILE
from carrier_simulator.ledger import Ledger
from carrier_simulator.outcomes import outcome_of
from demo.state import State

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
CONTACTS = "100"
RUN_SECONDS = 600
POLL_SECONDS = 0.2
MANY = 100_000

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts demos on free ports with a temporary state directory."""
    ports = {name: str(free_port()) for name in ("PORT", "AWS_LOCAL_PORT", "CARRIER_PORT", "CALLBACK_PORT")}
    environment = os.environ | ports | {"PYTHONPATH": "tools:layers/outreach", "STATE_DIR": str(tmp_path), "IAM": "on"}
    started: list[subprocess.Popen[str]] = []

    def start_demo(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "demo", "--contacts", CONTACTS, *options]
        process = subprocess.Popen(  # noqa: S603 - the project's own module
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start_demo
    for process in started:
        # SIGTERM lets the demo stop its child processes; SIGKILL would leave them running.
        process.terminate()
        process.communicate()


def _accepted(state: Path) -> Counter[str]:
    """The number of messages that the simulated carriers accepted, by recipient."""
    ledger = Ledger(state / "demo" / "carriers" / LEDGER_FILE)
    try:
        return Counter(message.recipient for message in ledger.messages(limit=MANY))
    finally:
        ledger.close()


def _state(folder: Path) -> State:
    state = State.load(folder / "demo")
    assert state is not None
    return state


def test_an_interrupted_demo_continues_and_each_contact_gets_exactly_one_message(start: Start, tmp_path: Path) -> None:
    demo = start("--slow")
    deadline = time.monotonic() + RUN_SECONDS
    while not (tmp_path / "demo" / "carriers" / LEDGER_FILE).exists() or not _accepted(tmp_path):
        assert demo.poll() is None, demo.communicate()[0]
        assert time.monotonic() < deadline, "no message was sent in time"
        time.sleep(POLL_SECONDS)
    demo.send_signal(signal.SIGTERM)
    output, _ = demo.communicate(timeout=RUN_SECONDS)
    assert demo.returncode == 130, output
    before, accepted_before = _state(tmp_path), _accepted(tmp_path)
    assert before.record_id
    assert not before.finished

    demo = start("--slow")
    output, _ = demo.communicate(timeout=RUN_SECONDS)
    assert demo.returncode == 0, output
    after, accepted = _state(tmp_path), _accepted(tmp_path)
    assert after.finished
    assert after.record_id == before.record_id
    assert accepted_before <= accepted
    assert set(accepted.values()) == {1}
    assert not any(outcome_of(recipient).refused for recipient in accepted)
