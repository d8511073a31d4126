"""How long a repeated call waits."""

from __future__ import annotations

import random
import time


def wait(attempt: int, seconds: float) -> None:
    """Wait a random time of at most ``seconds * 2**attempt``, and of at most one second (exponential backoff, full jitter).

    Args:
        attempt: how many attempts there were before the one that has just failed.
        seconds: the longest wait after the first attempt.
    """
    time.sleep(random.uniform(0, min(1.0, seconds * 2**attempt)))  # noqa: S311 - not used for security
