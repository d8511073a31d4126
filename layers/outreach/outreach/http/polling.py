"""Waiting for background work within a request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# How long a request waits before it responds with 202 (docs/api.md, "Lists" and "Import"). API Gateway's limit is 29 s.
WAIT_SECONDS = 20.0

_POLL_SECONDS = 0.25


def wait_for(read: Callable[[], T], is_done: Callable[[T], bool], seconds: float) -> T:
    """Call ``read`` until its result is done, or the time is over; return the last result."""
    deadline = time.monotonic() + seconds
    while not is_done(state := read()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return state
