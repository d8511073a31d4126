"""The simulator's process: a kill loses no data, and a signal stops it quickly."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.unit.carrier_simulator.clients import RefusedError, TelnyxCarrier, TwilioCarrier
from tests.unit.carrier_simulator.ledger_helpers import accepted, outcomes
from tests.unit.carrier_simulator.receiver import Receiver

THROTTLED = "+14155550104"
TOOLS = Path(__file__).parents[3] / "tools"
COMMAND = [sys.executable, "-m", "carrier_simulator"]


@contextmanager
def process(state: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the simulator as a process; yields the process and its base URL, and kills it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["--port", str(port), "--state", str(state), "--latency-ms", "0", *options]
    with subprocess.Popen([*COMMAND, *arguments], cwd=TOOLS, stdout=subprocess.PIPE) as simulator:  # noqa: S603 (our own command)
        try:
            assert simulator.stdout
            assert str(port) in simulator.stdout.readline().decode()
            yield simulator, f"http://127.0.0.1:{port}"
        finally:
            simulator.kill()


def test_a_kill_loses_no_messages_receipts_or_counts(tmp_path: Path, receiver: Receiver) -> None:
    with process(tmp_path, "--receipt-delay-ms", "1000") as (_, url):
        first = TwilioCarrier(url).send("+14155550199", callback_url=receiver.url + "/status")
        with pytest.raises(RefusedError):
            TwilioCarrier(url).send(THROTTLED)
        assert receiver.hooks == []
    with process(tmp_path) as (_, url):
        carrier = TwilioCarrier(url)
        assert {carrier.read(hook).sid for hook in receiver.wait_for(2)} == {first}
        with pytest.raises(RefusedError):
            carrier.send(THROTTLED)
        second = carrier.send(THROTTLED)
        assert outcomes(url, THROTTLED) == ["429", "429", "accepted"]
        assert [message["sid"] for message in accepted(url)] == [first, second]


def test_idempotency_keys_survive_a_kill(tmp_path: Path) -> None:
    with process(tmp_path) as (_, url):
        sid = TelnyxCarrier(url).send("+14155550199", idempotency_key="once")
    with process(tmp_path) as (_, url):
        assert TelnyxCarrier(url).send("+14155550199", idempotency_key="once") == sid


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_simulator_while_a_response_is_pending(tmp_path: Path, stop: signal.Signals) -> None:
    with process(tmp_path, "--lost-response", "60", "--receipt-delay-ms", "60000") as (simulator, url):
        client = threading.Thread(target=_send_with_lost_response, args=(url,))
        client.start()
        deadline = time.monotonic() + 5
        while not accepted(url):
            assert time.monotonic() < deadline
        started = time.monotonic()
        simulator.send_signal(stop)
        assert simulator.wait(5) == 0
        assert time.monotonic() - started < 2
        client.join()


def test_help_lists_every_option() -> None:
    printed = subprocess.run([*COMMAND, "--help"], cwd=TOOLS, capture_output=True, check=True, text=True).stdout  # noqa: S603
    for option in ("port", "state", "accounts", "webhook-base", "latency-ms", "receipt-delay-ms", "lost-response"):
        assert f"--{option}" in printed


def _send_with_lost_response(url: str) -> None:
    with pytest.raises(requests.ConnectionError):
        TwilioCarrier(url, timeout=10).send("+14155550106")
