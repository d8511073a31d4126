from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from carrier_simulator.app import create_app
from carrier_simulator.settings import Settings

from tests.unit.carrier_simulator.clients import Carrier, TelnyxCarrier, TwilioCarrier
from tests.unit.carrier_simulator.receiver import Receiver, receiving

CARRIERS: dict[str, Callable[[str], Carrier]] = {"twilio": TwilioCarrier, "telnyx": TelnyxCarrier}
QUICK: dict[str, Any] = {"latency": 0, "receipt_delay": 0.01, "receipt_retry_delay": 0.01, "lost_answer": 0.3}

Serve = Callable[..., str]


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Run the simulator on a free port, in a thread of its own; its base URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = web.AppRunner(create_app(settings), shutdown_timeout=0.1, access_log=None)
    try:
        asyncio.run_coroutine_threadsafe(_start(runner), loop).result()
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(runner: web.AppRunner) -> None:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()


@pytest.fixture
def server(tmp_path: Path) -> Callable[..., AbstractContextManager[str]]:
    """Serve the simulator for the length of a ``with``; settings as keywords, the state is the test's own."""
    return lambda **changes: serving(Settings(state=tmp_path, **QUICK | changes))


@pytest.fixture
def serve(server: Callable[..., AbstractContextManager[str]]) -> Iterator[Serve]:
    """Serve the simulator until the test ends."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(server(**changes))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def simulator(serve: Serve, receiver: Receiver) -> str:
    """The base URL of a quick simulator whose inbound messages go to ``receiver``."""
    return serve(webhook_base=receiver.url)


@pytest.fixture(params=CARRIERS)
def carrier(request: pytest.FixtureRequest, simulator: str) -> Carrier:
    """Each carrier in turn."""
    return CARRIERS[request.param](simulator)
