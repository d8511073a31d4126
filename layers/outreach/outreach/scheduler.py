"""One-time schedules of EventBridge Scheduler."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from outreach import aws


def put(schedule: dict[str, Any]) -> None:
    """Create a schedule, or replace the one with the same name.

    Args:
        schedule: the parameters of CreateSchedule.
    """
    scheduler = aws.scheduler()
    try:
        scheduler.create_schedule(**schedule)
    except scheduler.exceptions.ConflictException:
        scheduler.update_schedule(**schedule)


def delete(name: str, group: str) -> None:
    """Delete a schedule, if it exists."""
    scheduler = aws.scheduler()
    with suppress(scheduler.exceptions.ResourceNotFoundException):
        scheduler.delete_schedule(Name=name, GroupName=group)
