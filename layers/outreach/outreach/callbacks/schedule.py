"""When a callback that failed is tried again (contract, Callbacks)."""

from __future__ import annotations

import math

# Between one try and the next, in seconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

# How long a callback is kept for an endpoint that stays down.
PATIENCE_SECONDS = sum(WAITS)

# A try is late by less than a fifth of its wait.
_SPREAD = 5


def next_try(endpoint_id: str, tries: int, now: float, retry_after: float | None = None) -> int | None:
    """When to try again, never earlier than the schedule or the endpoint says.

    The jitter is a grid whose phase is the endpoint's: endpoints that failed together come apart, while the callbacks of one
    endpoint come together, so that one wake-up serves them all.

    Args:
        endpoint_id: hexadecimal.
        tries: how many have failed, 1 or more.
        now: Unix time.
        retry_after: seconds that the endpoint asked for.

    Returns:
        Unix time in whole seconds, or ``None`` after the last try.
    """
    if tries > len(WAITS):
        return None
    wait = WAITS[tries - 1]
    earliest = math.ceil(now + max(wait, retry_after or 0))
    step = wait // _SPREAD
    return earliest + (int(endpoint_id[:8], 16) - earliest) % step


def next_probe(endpoint_id: str, failures: int, now: float, retry_after: float | None = None) -> int:
    """When to probe an endpoint that is down: by the same schedule, whose last wait repeats itself."""
    moment = next_try(endpoint_id, min(failures, len(WAITS)), now, retry_after)
    assert moment is not None  # noqa: S101 - for the type checker: there is a wait for each of these
    return moment
