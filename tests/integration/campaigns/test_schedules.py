"""A scheduled start is made once, at its time, whatever fires twice, late or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from outreach import clock
from outreach.campaigns import campaigns, records
from outreach.campaigns.bodies import CampaignBody
from outreach.settings import settings
from tests.support import permissions, pipeline
from tests.support.functions import Answer, call, invoke
from tests.support.pipeline import SITE

pytestmark = pytest.mark.usefixtures("carrier")

FAR = timedelta(hours=2)
RETRIED = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def create(delay: timedelta = FAR) -> tuple[str, datetime]:
    at = (clock.now() + delay).replace(microsecond=0)
    return str(pipeline.create_campaign(scheduledStartTime=at.isoformat())["id"]), at


def update(campaign_id: str, **changes: Any) -> Answer:
    return call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign_id}", changes)


def schedules() -> dict[str, str]:
    scheduler = boto3.client("scheduler")
    names = [entry["Name"] for entry in scheduler.list_schedules(GroupName=settings().schedule_group)["Schedules"]]
    return {name: scheduler.get_schedule(Name=name, GroupName=settings().schedule_group)["ScheduleExpression"] for name in names}


def executions() -> list[str]:
    found = boto3.client("stepfunctions").list_executions(stateMachineArn=settings().scheduled_start_arn)["executions"]
    return sorted(execution["name"] for execution in found)


def records_of(campaign_id: str) -> list[str]:
    return [record.id for record in records.list_of_campaign(SITE, campaign_id)]


def fire(campaign_id: str, version: int = 1) -> str:
    event = {"site_id": SITE, "campaign_id": campaign_id, "version": version, "at": ""}
    return str(invoke("workers/start_scheduled_campaign", event)["outcome"])


def test_a_time_in_the_future_makes_a_schedule_that_fires_ahead() -> None:
    campaign_id, at = create()
    ahead = at - timedelta(seconds=90)
    assert schedules() == {campaign_id: f"at({ahead:%Y-%m-%dT%H:%M:%S})"}


def test_a_time_that_is_near_starts_the_execution_at_once() -> None:
    campaign_id, _ = create(timedelta(seconds=20))
    assert schedules() == {}
    assert executions() == [f"{campaign_id}-1"]


def test_a_time_that_is_moved_near_starts_the_execution_at_once() -> None:
    campaign_id, _ = create()
    update(campaign_id, scheduledStartTime=(clock.now() + timedelta(seconds=20)).isoformat())
    assert schedules() == {}
    assert executions() == [f"{campaign_id}-2"]


def test_a_create_that_is_repeated_has_one_schedule() -> None:
    at = (clock.now() + FAR).replace(microsecond=0)
    body = CampaignBody(
        name="test", channel="sms", channel_account_id=pipeline.ACCOUNT.id, message="Hello", scheduled_start_time=at
    )
    with permissions.function("outreach/create_campaign"):
        for _ in range(2):
            campaigns.create(SITE, body, RETRIED)
    assert list(schedules()) == [RETRIED]


def test_a_time_in_the_past_is_refused() -> None:
    body = {"name": "late", "channel": "sms", "channelAccountId": pipeline.ACCOUNT.id, "message": "x"}
    answer = call("outreach/create_campaign", "POST", "/outreach/campaigns", body | {"scheduledStartTime": "2020-01-01"})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/scheduledStartTime")


def test_moving_the_time_moves_the_schedule_and_outdates_the_old_start() -> None:
    campaign_id, at = create()
    later = at + timedelta(hours=1)
    update(campaign_id, scheduledStartTime=later.isoformat())
    assert schedules() == {campaign_id: f"at({later - timedelta(seconds=90):%Y-%m-%dT%H:%M:%S})"}
    assert fire(campaign_id, version=1) == "moved"
    assert records_of(campaign_id) == []


@pytest.mark.parametrize("nothing", ["", None])
def test_clearing_the_time_removes_the_schedule(nothing: str | None) -> None:
    campaign_id, _ = create()
    assert update(campaign_id, scheduledStartTime=nothing).body["scheduledStartTime"] is None
    assert schedules() == {}
    assert fire(campaign_id) == "moved"


def test_an_edit_of_something_else_leaves_the_schedule_alone() -> None:
    campaign_id, _ = create()
    before = schedules()
    update(campaign_id, name="renamed")
    assert schedules() == before
    assert fire(campaign_id) == "sent"


def test_deleting_the_campaign_removes_the_schedule() -> None:
    campaign_id, _ = create()
    assert call("outreach/delete_campaign", "DELETE", f"/outreach/campaigns/{campaign_id}").status == 204
    assert schedules() == {}
    assert fire(campaign_id) == "gone"


def test_a_schedule_that_fires_twice_starts_one_execution_and_one_send() -> None:
    campaign_id, at = create()
    event = {"site_id": SITE, "campaign_id": campaign_id, "version": 1, "at": clock.timestamp(at)}
    for _ in range(2):
        invoke("workers/begin_scheduled_start", event)
        fire(campaign_id)
    assert executions() == [f"{campaign_id}-1"]
    assert len(records_of(campaign_id)) == 1
    assert records.get(SITE, records_of(campaign_id)[0]).source == "scheduled"


def test_a_missed_start_is_found_by_the_sweep_once(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id, at = create()
    invoke("workers/sweep", {})
    assert records_of(campaign_id) == []
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=1))
    invoke("workers/sweep", {})
    invoke("workers/sweep", {})
    assert len(records_of(campaign_id)) == 1


def test_sending_by_hand_does_not_use_up_the_schedule() -> None:
    campaign_id, _ = create()
    pipeline.send(campaign_id)
    assert fire(campaign_id) == "sent"
    assert len(records_of(campaign_id)) == 2
