"""Ends a run of tests that does not end by itself, and names the tests that were running.

A test that hangs is ended by ``faulthandler_timeout`` (pyproject.toml), and a process that dies by ``--max-worker-restart=0``.
This is for what remains: a scheduler that waits for ever for a process that is gone.
"""

from __future__ import annotations

import os
import sys
import threading

import pytest

# `make test` takes some minutes; a busy machine may take ten times as long.
SESSION_SECONDS = 5400

_exit = os._exit
_running: dict[str, None] = {}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the clock, but not in the processes that xdist starts."""
    if not hasattr(session.config, "workerinput"):
        timer = threading.Timer(SESSION_SECONDS, end)
        timer.daemon = True
        timer.start()


def pytest_runtest_logstart(nodeid: str) -> None:
    """Note which test begins; xdist reports those of its processes."""
    _running[nodeid] = None


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Note which test has ended."""
    _running.pop(nodeid, None)


def end() -> None:
    """End this process; those of xdist end with it, because their input does."""
    names = "\n".join(f"  {nodeid}" for nodeid in _running) or "  none"
    _print(f"\nThe tests have not ended within {SESSION_SECONDS} s. These were running:\n{names}")
    _exit(1)


def _print(text: str) -> None:
    print(text, file=sys.__stderr__, flush=True)  # past pytest's capture
