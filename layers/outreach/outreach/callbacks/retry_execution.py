"""The executions of the state machine ``callback_retry``: one per generation of an endpoint with a backlog."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from outreach import clock, stepfunctions
from outreach.callbacks import endpoint_backlog, retry_end
from outreach.callbacks.endpoint_backlog import Endpoint
from outreach.observability import logger
from outreach.repeated_failures import NOT_PROCESSED, report_given_up
from outreach.settings import settings

# An execution this late is checked and, if it has failed, replaced.
_OVERDUE_SECONDS = 60
# The most callbacks of one endpoint that one sweep gives up, which takes some seconds.
_MAX_GIVEN_UP_PER_SWEEP = 10_000


def start(endpoint: Endpoint) -> None:
    """Start the execution of an endpoint's generation, unless it was started already."""
    seconds = max(0, endpoint.wakes_at - int(clock.now().timestamp()))
    payload = {
        "site_id": endpoint.site_id,
        "endpoint_id": endpoint.id,
        "generation": endpoint.generation,
        "step": {"seconds": seconds, "steps": 0},
    }
    if not stepfunctions.start(settings().callback_retry_arn, _name(endpoint), payload):
        logger().info("callback retries are running already", endpoint_id=endpoint.id, site_id=endpoint.site_id)


def start_next_generation(endpoint: Endpoint, wakes_at: int) -> bool:
    """Continue in a new execution, that of the next generation: AWS allows an execution's name once in 90 days.

    Returns:
        ``False`` if another worker did so, or if the endpoint has no backlog.
    """
    successor = endpoint_backlog.advance_generation(endpoint, wakes_at)
    if successor:
        start(successor)
    return successor is not None


def repair(endpoint: Endpoint, now: datetime) -> bool:
    """Replace the execution of an endpoint if it failed, or if it would wake up too late for a due callback.

    After repeated failures of executions, the due callbacks are given up: their endpoint is not at fault, so waiting does not
    help.

    Returns:
        Whether the execution was replaced.
    """
    seconds = int(now.timestamp())
    failure = _failure(endpoint, seconds)
    if failure:
        _count_failure(endpoint, failure, seconds)
    elif not _wakes_too_late(endpoint, seconds):
        return False
    logger().warning("restarting callback retries", endpoint_id=endpoint.id, site_id=endpoint.site_id, has_failed=bool(failure))
    return start_next_generation(endpoint, seconds)


def _failure(endpoint: Endpoint, now: int) -> str | None:
    """Return how the execution of an endpoint ended before its time; ``None`` if it did not."""
    is_late = endpoint.wakes_at + _OVERDUE_SECONDS < now
    return stepfunctions.outcome_of(settings().callback_retry_arn, _name(endpoint)) if is_late else None


def _wakes_too_late(endpoint: Endpoint, now: int) -> bool:
    due = None if endpoint.is_down or endpoint.wakes_at <= now else endpoint_backlog.earliest_attempt_at(endpoint.id)
    return due is not None and due + _OVERDUE_SECONDS < now


def _count_failure(endpoint: Endpoint, outcome: str, now: int) -> None:
    """Count a failed execution; after too many, give up the due callbacks and start a new streak."""
    reason = NOT_PROCESSED if outcome == stepfunctions.NOT_STARTED else outcome
    failures = endpoint.execution_failures.after("", reason)
    if not failures.are_too_many:
        endpoint_backlog.set_execution_failures(endpoint, failures)
        return
    described = f"no_progress: {failures.describe('the retries')}"
    retry_end.give_up(endpoint, islice(endpoint_backlog.due_subjects(endpoint.id, now), _MAX_GIVEN_UP_PER_SWEEP), described)
    endpoint_backlog.set_execution_failures(endpoint, None)
    report_given_up("callbacks", described, endpoint_id=endpoint.id, site_id=endpoint.site_id)


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.id}-{endpoint.generation}"
