from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.simulator import simulating
from tests.unit.carrier_simulator.clients import Carrier, TelnyxCarrier, TwilioCarrier
from tests.unit.carrier_simulator.receiver import Receiver, serve_receiver

CARRIERS: dict[str, Callable[[str], Carrier]] = {"twilio": TwilioCarrier, "telnyx": TelnyxCarrier}
FAST: dict[str, Any] = {"latency": 0, "receipt_delay": 0.01, "receipt_retry_delay": 0.01, "lost_response": 0.3}

Serve = Callable[..., str]


@pytest.fixture
def server(tmp_path: Path) -> Callable[..., AbstractContextManager[str]]:
    """Serve the simulator in a ``with`` block. Keywords change its settings."""
    return lambda **changes: simulating(tmp_path, **FAST | changes)


@pytest.fixture
def serve(server: Callable[..., AbstractContextManager[str]]) -> Iterator[Serve]:
    """Serve the simulator until the test ends."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(server(**changes))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serve_receiver() as receiver:
        yield receiver


@pytest.fixture
def simulator(serve: Serve, receiver: Receiver) -> str:
    """Base URL of a simulator with short delays that posts inbound messages to ``receiver``."""
    return serve(webhook_base=receiver.url)


@pytest.fixture(params=CARRIERS)
def carrier(request: pytest.FixtureRequest, simulator: str) -> Carrier:
    """A client of each carrier in turn."""
    return CARRIERS[request.param](simulator)
