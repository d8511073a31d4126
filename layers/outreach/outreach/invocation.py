"""Bounds of one Lambda invocation and of one state machine execution."""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext

# An execution's history ends at 25,000 events (Step Functions quotas); a step takes about ten.
_MAX_STEPS = 1_000


def time_left(context: LambdaContext, reserve_seconds: int) -> Callable[[], bool]:
    """Make a function that returns whether the invocation has time for another unit of work.

    Args:
        reserve_seconds: more than the slowest unit of work takes.
    """
    return lambda: bool(context.get_remaining_time_in_millis() > reserve_seconds * 1_000)


def must_hand_over(steps: int) -> bool:
    """Return whether an execution has taken so many steps that a new execution must continue its work."""
    return steps >= _MAX_STEPS
