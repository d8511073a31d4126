"""Runs the carrier simulator inside the test process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from carrier_simulator.app import create_app
from carrier_simulator.settings import Settings


@contextmanager
def simulating(state: Path, **settings: Any) -> Iterator[str]:
    """Serve the simulator on a free port, in its own thread; yields its base URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = web.AppRunner(create_app(Settings(state=state, **settings)), shutdown_timeout=0.1, access_log=None)
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
