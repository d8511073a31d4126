"""Waiting for what goes on elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.25


def wait_for(look: Callable[[], T], is_done: Callable[[T], bool], seconds: float) -> T:
    """What ``look`` sees when it is done, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_done(seen := look()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return seen
