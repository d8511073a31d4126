"""Gives up callbacks that are parked at an endpoint, and logs the reason as an attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from outreach import clock
from outreach.callbacks import delivery_state, endpoint_backlog
from outreach.callbacks.delivery_state import Attempt, AttemptOutcome
from outreach.callbacks.endpoint_backlog import Endpoint, StateChange

_CONCURRENT_CLAIMS = 25


def give_up(
    endpoint: Endpoint, keys: Iterator[tuple[str, str]], reason: str, has_time: Callable[[], bool] = lambda: True
) -> None:
    """Give up callbacks, except those that another worker is delivering.

    Args:
        endpoint: where they are parked.
        keys: the site id and the subject id of each.
        reason: why, for the attempt log.
        has_time: whether another batch fits into the invocation.
    """
    while has_time() and (batch := list(islice(keys, endpoint_backlog.MAX_CHANGES))):
        with ThreadPoolExecutor(_CONCURRENT_CLAIMS) as pool:
            changes = [change for change in pool.map(partial(_give_up, endpoint, reason), batch) if change]
        endpoint_backlog.unpark(endpoint.site_id, endpoint.id, changes)


def _give_up(endpoint: Endpoint, reason: str, key: tuple[str, str]) -> StateChange | None:
    try:
        state = delivery_state.claim_parked(*key, endpoint.id)
    except delivery_state.AlreadyClaimed:
        return None
    attempt = Attempt(clock.timestamp(clock.now()), AttemptOutcome.GIVEN_UP, reason=reason)
    return StateChange(state, delivery_state.without_retries(state, attempt)) if state else None
