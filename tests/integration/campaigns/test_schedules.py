"""A scheduled campaign starts once, even if its schedule fires twice, late or never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from outreach import clock
from outreach.campaigns import campaign_records, campaign_service, unfinished_work
from outreach.campaigns import schedules as campaign_schedules
from outreach.campaigns.models import Campaign
from outreach.campaigns.schemas import CampaignBody
from outreach.settings import settings
from tests.support import permissions, pipeline
from tests.support.functions import Answer, call, invoke
from tests.support.pipeline import SITE

pytestmark = pytest.mark.usefixtures("carrier")

TWO_HOURS = timedelta(hours=2)
CAMPAIGN_ID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def create(delay: timedelta = TWO_HOURS) -> tuple[str, datetime]:
    at = (clock.now() + delay).replace(microsecond=0)
    return str(pipeline.create_campaign(scheduledStartTime=at.isoformat())["id"]), at


def update(campaign_id: str, **changes: Any) -> Answer:
    return call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign_id}", changes)


def schedules() -> dict[str, str]:
    scheduler = boto3.client("scheduler")
    names = [entry["Name"] for entry in scheduler.list_schedules(GroupName=settings().schedule_group)["Schedules"]]
    return {name: scheduler.get_schedule(Name=name, GroupName=settings().schedule_group)["ScheduleExpression"] for name in names}


def executions() -> list[str]:
    listed = boto3.client("stepfunctions").list_executions(stateMachineArn=settings().scheduled_start_arn)["executions"]
    return sorted(execution["name"] for execution in listed)


def records_of(campaign_id: str) -> list[str]:
    return [record.id for record in campaign_records.list_by_campaign(SITE, campaign_id)]


def fire(campaign_id: str, version: int = 1) -> str:
    event = {"site_id": SITE, "campaign_id": campaign_id, "version": version, "at": ""}
    return str(invoke("workers/start_scheduled_campaign", event)["outcome"])


def test_a_distant_start_has_a_schedule_that_fires_early() -> None:
    campaign_id, at = create()
    early = at - timedelta(seconds=90)
    assert schedules() == {campaign_id: f"at({early:%Y-%m-%dT%H:%M:%S})"}


def test_a_near_start_has_an_execution_at_once() -> None:
    campaign_id, _ = create(timedelta(seconds=20))
    assert schedules() == {}
    assert executions() == [f"{campaign_id}-1"]


def test_a_start_moved_to_a_near_time_has_an_execution_at_once() -> None:
    campaign_id, _ = create()
    update(campaign_id, scheduledStartTime=(clock.now() + timedelta(seconds=20)).isoformat())
    assert schedules() == {}
    assert executions() == [f"{campaign_id}-2"]


def test_a_repeated_create_makes_one_schedule() -> None:
    at = (clock.now() + TWO_HOURS).replace(microsecond=0)
    body = CampaignBody(
        name="test", channel="sms", channel_account_id=pipeline.ACCOUNT.id, message="Hello", scheduled_start_time=at
    )
    with permissions.function("outreach/create_campaign"):
        for _ in range(2):
            campaign_service.create(SITE, body, CAMPAIGN_ID)
    assert list(schedules()) == [CAMPAIGN_ID]


@pytest.mark.parametrize("at", ["2020-01-01", "2200-01-01", "9999-12-31T23:59:59Z"])
def test_a_start_in_the_past_or_in_another_age_is_refused(at: str) -> None:
    body = {"name": "late", "channel": "sms", "channelAccountId": pipeline.ACCOUNT.id, "message": "x"}
    answer = call("outreach/create_campaign", "POST", "/outreach/campaigns", body | {"scheduledStartTime": at})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/scheduledStartTime")
    assert schedules() == {}


def test_a_start_at_the_end_of_all_time_is_not_overdue() -> None:
    assert not campaign_schedules.may_be_overdue(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


def test_moving_a_start_moves_its_schedule_and_outdates_the_old_start() -> None:
    campaign_id, at = create()
    later = at + timedelta(hours=1)
    update(campaign_id, scheduledStartTime=later.isoformat())
    assert schedules() == {campaign_id: f"at({later - timedelta(seconds=90):%Y-%m-%dT%H:%M:%S})"}
    assert fire(campaign_id, version=1) == "moved"
    assert records_of(campaign_id) == []


def test_the_schedule_is_that_of_the_last_of_two_changes_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id, at = create()
    write = campaign_schedules._write_schedule

    def write_late(campaign: Campaign) -> None:
        monkeypatch.setattr(campaign_schedules, "_write_schedule", write)
        assert update(campaign_id, scheduledStartTime=(at + 2 * TWO_HOURS).isoformat()).status == 200
        write(campaign)

    monkeypatch.setattr(campaign_schedules, "_write_schedule", write_late)
    update(campaign_id, scheduledStartTime=(at + TWO_HOURS).isoformat())
    assert schedules() == {campaign_id: f"at({at + 2 * TWO_HOURS - timedelta(seconds=90):%Y-%m-%dT%H:%M:%S})"}


@pytest.mark.parametrize("no_time", ["", None])
def test_clearing_the_start_removes_its_schedule(no_time: str | None) -> None:
    campaign_id, _ = create()
    assert update(campaign_id, scheduledStartTime=no_time).body["scheduledStartTime"] is None
    assert schedules() == {}
    assert fire(campaign_id) == "moved"


def test_other_changes_keep_the_schedule() -> None:
    campaign_id, _ = create()
    before = schedules()
    update(campaign_id, name="renamed")
    assert schedules() == before
    assert fire(campaign_id) == "sent"


def test_the_same_time_in_more_digits_than_are_kept_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    at = (clock.now() + TWO_HOURS).strftime("%Y-%m-%d %H:%M:%S.1234567")
    campaign_id = str(pipeline.create_campaign(scheduledStartTime=at)["id"])
    assert fire(campaign_id) == "sent"
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + 2 * TWO_HOURS)
    assert update(campaign_id, name="renamed", scheduledStartTime=at).status == 200


def test_deleting_a_campaign_removes_its_schedule() -> None:
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
    assert campaign_records.get(SITE, records_of(campaign_id)[0]).source == "scheduled"


def test_the_sweep_starts_an_overdue_campaign_once(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id, at = create()
    invoke("workers/sweep", {})
    assert records_of(campaign_id) == []
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=1))
    invoke("workers/sweep", {})
    invoke("workers/sweep", {})
    assert len(records_of(campaign_id)) == 1


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> str:
    """A campaign whose scheduled start has failed three times in a row for the same reason."""
    campaign_id, at = create()

    def refuse(*_: Any) -> Any:
        raise ValueError("unreadable")

    with monkeypatch.context() as broken:
        broken.setattr(clock, "now", lambda: at + timedelta(minutes=1))
        broken.setattr(campaign_records, "create", refuse)
        assert [invoke("workers/sweep", {})["failed"] for _ in range(4)] == [1, 1, 1, 0]
    return campaign_id


def read(campaign_id: str) -> Answer:
    return call("outreach/get_campaign", "GET", f"/outreach/campaigns/{campaign_id}")


def test_a_start_that_keeps_failing_is_given_up_and_says_why(stalled: str) -> None:
    reason = read(stalled).body["scheduleStatusReason"]
    assert reason == "no_progress: the scheduled start failed 3 times in a row (ValueError)"
    assert unfinished_work.read().starts == []


def test_a_start_that_is_given_up_raises_the_alarm(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("stalled")
    assert capsys.readouterr().out.count('"WorkGivenUp":[1.0]') == 1


def test_a_start_that_was_given_up_can_be_scheduled_again(stalled: str) -> None:
    assert update(stalled, name="renamed").body["scheduleStatusReason"] is not None
    answer = update(stalled, scheduledStartTime=(clock.now() + 2 * TWO_HOURS).isoformat())
    assert (answer.body["scheduleStatusReason"], fire(stalled, version=2)) == (None, "sent")


def test_a_campaign_that_cannot_be_read_is_given_up_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id, at = create()
    boto3.client("dynamodb").update_item(
        TableName=settings().campaigns_table,
        Key={"pk": {"S": f"SITE#{SITE}"}, "sk": {"S": f"CAMPAIGN#{campaign_id}"}},
        UpdateExpression="SET contact_filter = :broken",
        ExpressionAttributeValues={":broken": {"S": "?"}},
    )
    assert invoke("workers/sweep", {})["failed"] == 0
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=1))
    for _ in range(3):
        assert invoke("workers/sweep", {})["failed"] == 1
    assert unfinished_work.read().starts == []


def test_a_manual_send_keeps_the_schedule() -> None:
    campaign_id, _ = create()
    pipeline.send(campaign_id)
    assert fire(campaign_id) == "sent"
    assert len(records_of(campaign_id)) == 2
