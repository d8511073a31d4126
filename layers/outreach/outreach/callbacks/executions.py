"""The state machine ``callback_retry`` and its executions: one works on an endpoint at a time, that of its generation."""

from __future__ import annotations

from datetime import datetime

from outreach import clock, stepfunctions
from outreach.callbacks import parking
from outreach.callbacks.parking import Endpoint
from outreach.observability import logger
from outreach.settings import settings

# How late an execution may be before it is asked after.
_LATE_SECONDS = 60


def start(endpoint: Endpoint) -> None:
    """Start the execution of an endpoint's generation, unless somebody has."""
    seconds = max(0, endpoint.wakes_at - int(clock.now().timestamp()))
    first = {"site_id": endpoint.site_id, "endpoint_id": endpoint.id, "generation": endpoint.generation}
    if not stepfunctions.start(
        settings().callback_retry_arn, _name(endpoint), {**first, "step": {"seconds": seconds, "steps": 0}}
    ):
        logger().info("callback retries run already", endpoint_id=endpoint.id, site_id=endpoint.site_id)


def take_over(endpoint: Endpoint, wakes_at: int) -> bool:
    """Go on with a new execution, that of the next generation: a name serves once in 90 days.

    Returns:
        ``False`` when somebody else did, or when there is nothing left to do.
    """
    following = parking.reopen(endpoint, wakes_at)
    if following:
        start(following)
    return following is not None


def repair(now: datetime) -> int:
    """Restart the executions that died, or that sleep through what the index showed too late; returns how many."""
    moment = int(now.timestamp())
    neglected = [endpoint for endpoint in parking.open_endpoints() if _is_neglected(endpoint, moment)]
    for endpoint in neglected:
        logger().warning("restarting callback retries", endpoint_id=endpoint.id, site_id=endpoint.site_id)
    return sum(take_over(endpoint, moment) for endpoint in neglected)


def _is_neglected(endpoint: Endpoint, now: int) -> bool:
    if endpoint.wakes_at <= now:
        return endpoint.wakes_at + _LATE_SECONDS < now and not stepfunctions.is_running(
            settings().callback_retry_arn, _name(endpoint)
        )
    due = None if endpoint.is_down else parking.earliest_due(endpoint.id)
    return due is not None and due + _LATE_SECONDS < now


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.id}-{endpoint.generation}"
