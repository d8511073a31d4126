"""The retry schedule of failed callbacks (docs/api.md, "Callbacks")."""

from __future__ import annotations

import math

# Seconds between consecutive attempts: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
DELAYS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

# How long a callback waits for an endpoint that stays down.
TOTAL_SECONDS = sum(DELAYS)

# Jitter makes an attempt late by less than a fifth of its delay.
_JITTER_FRACTION = 5


def next_attempt(endpoint_id: str, failed_attempts: int, now: float, retry_after: float | None = None) -> int | None:
    """Return when to retry a callback: never earlier than the schedule or the endpoint allows.

    Times are rounded up to a grid, offset by the endpoint's id. Endpoints that failed at the same moment are therefore retried
    at different times, while the callbacks of one endpoint are retried together, in one wake-up of its execution.

    Args:
        endpoint_id: hexadecimal.
        failed_attempts: 1 or more.
        now: Unix time.
        retry_after: the seconds to wait that the endpoint asked for.

    Returns:
        Unix time in whole seconds; ``None`` after the last attempt.
    """
    if failed_attempts > len(DELAYS):
        return None
    delay = DELAYS[failed_attempts - 1]
    earliest = math.ceil(now + max(delay, retry_after or 0))
    grid = delay // _JITTER_FRACTION
    return earliest + (int(endpoint_id[:8], 16) - earliest) % grid


def next_probe(endpoint_id: str, failures: int, now: float, retry_after: float | None = None) -> int:
    """Return when to probe an endpoint that is down, by the same schedule; its last delay repeats."""
    moment = next_attempt(endpoint_id, min(failures, len(DELAYS)), now, retry_after)
    assert moment is not None  # noqa: S101 - for the type checker: the schedule has a delay for each of these failures
    return moment
