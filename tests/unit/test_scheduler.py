"""One-time schedules of EventBridge Scheduler."""

from __future__ import annotations

from typing import Any

import pytest

from outreach import aws as clients
from outreach import scheduler

pytestmark = pytest.mark.usefixtures("aws")

TARGET = {"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:x", "RoleArn": "arn:aws:iam::123456789012:role/x"}


def schedule(moment: str) -> dict[str, Any]:
    return {
        "Name": "name",
        "GroupName": "default",
        "ScheduleExpression": f"at({moment})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": TARGET,
    }


def expressions() -> list[str]:
    client = clients.scheduler()
    names = [entry["Name"] for entry in client.list_schedules(GroupName="default")["Schedules"]]
    return [client.get_schedule(Name=name, GroupName="default")["ScheduleExpression"] for name in names]


def test_a_schedule_replaces_the_one_with_the_same_name() -> None:
    scheduler.put(schedule("2030-01-01T00:00:00"))
    scheduler.put(schedule("2030-01-02T00:00:00"))
    assert expressions() == ["at(2030-01-02T00:00:00)"]


def test_a_deleted_schedule_may_be_deleted_again() -> None:
    scheduler.put(schedule("2030-01-01T00:00:00"))
    scheduler.delete("name", "default")
    scheduler.delete("name", "default")
    assert expressions() == []
