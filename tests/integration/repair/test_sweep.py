"""One sweep repairs what an index and the list of running executions show to be broken, whatever else is unfinished."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from outreach import clock, dynamo, stepfunctions
from outreach.campaigns import campaign_records, ledger, unfinished_work
from outreach.messages import message_store
from outreach.messages.models import campaign_message_id
from outreach.repair import stalled_messages, sweep
from outreach.sending import send_queue
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import SendingStop, Site
from tests.support import pipeline
from tests.support.functions import Answer, call, invoke
from tests.support.pipeline import ACCOUNT, SITE

HOUR = 3_600
BACKLOG = 1_000
# Messages are overdue two minutes after their slots, which are a second apart.
NOT_OVERDUE, BEFORE_THE_LAST, OVERDUE = 115, 119, 125


@pytest.fixture
def campaign(carrier: str) -> str:
    pipeline.put_site(account=replace(ACCOUNT, messages_per_second=1))
    for number in range(3):
        pipeline.create_contact(f"+1212555120{number}")
    return str(pipeline.create_campaign()["id"])


@pytest.fixture
def record_id(campaign: str) -> str:
    """A record that is released and has no execution any more; its messages are lost."""
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    end_execution(record_id)
    return record_id


@pytest.fixture
def only_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sweep read only records of which something must be wrong, as it does with thousands of others."""
    monkeypatch.setattr(sweep, "_ALLOWANCE_UNITS", 0)


@pytest.fixture
def queued(record_id: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the messages that are queued again."""
    ids: list[str] = []
    monkeypatch.setattr(send_queue, "enqueue", lambda rows, _: ids.extend(row.id for row in rows))
    return ids


def end_execution(record_id: str) -> None:
    arn = stepfunctions.execution_arn(settings().campaign_send_arn, f"{record_id}-1")
    boto3.client("stepfunctions").stop_execution(executionArn=arn)


def last_slot(record_id: str) -> int:
    ids = [campaign_message_id(record_id, contact) for contact in pipeline.audience_of(record_id)]
    slots = [clock.from_timestamp(row.slot).timestamp() for row in message_store.get_many(SITE, ids, consistent=True).values()]
    return math.ceil(max(slots))


def stored_slot() -> int | None:
    (record,) = unfinished_work.read().records
    return record.last_slot


def sweep_after(monkeypatch: pytest.MonkeyPatch, seconds: int, record_id: str) -> dict[str, int]:
    """Run the sweep so many seconds after the record's last slot."""
    moment = clock.from_epoch(last_slot(record_id) + seconds)
    monkeypatch.setattr(clock, "now", lambda: moment)
    return dict(invoke("workers/sweep", {}))


def change_record(record_id: str, expression: str) -> None:
    key = {"pk": f"SITE#{SITE}", "sk": f"RECORD#{record_id}"}
    dynamo.update(settings().campaigns_table, key, expression)


def act(campaign: str, verb: str) -> Answer:
    return call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:{verb}")


def test_a_released_record_says_when_its_last_message_is_due(record_id: str) -> None:
    assert stored_slot() == last_slot(record_id)


def test_the_last_slot_is_unknown_while_recipients_are_released_again(record_id: str, campaign: str) -> None:
    act(campaign, "pause")
    act(campaign, "resume")
    assert stored_slot() is None
    pipeline.fan_out(record_id)
    assert stored_slot() is not None


def test_deferred_recipients_move_the_last_slot(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # In New York, it is 11 p.m. and 10 a.m.
    evening, morning = (clock.from_timestamp(f"2026-01-06T{hour}:00:00.000Z") for hour in ("04", "15"))
    site_store.put_site(Site(SITE, sending_hours="09:00-20:00"))
    monkeypatch.setattr(clock, "now", lambda: evening)
    record_id = pipeline.send(campaign)
    pipeline.freeze(record_id)
    event = {"site_id": SITE, "record_id": record_id, "steps": 0}
    assert invoke("workers/release_recipients", event)["outcome"] == "wait"
    assert stored_slot() is None
    monkeypatch.setattr(clock, "now", lambda: morning)
    assert invoke("workers/release_recipients", event)["outcome"] == "released"
    assert stored_slot() == last_slot(record_id)


@pytest.mark.usefixtures("only_broken")
def test_lost_messages_are_queued_again_two_minutes_after_the_last_slot(
    record_id: str, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sweep_after(monkeypatch, NOT_OVERDUE, record_id) == {"attempted": 0, "failed": 0, "left": 0}
    assert queued == []
    sweep_after(monkeypatch, OVERDUE, record_id)
    assert len(queued) == 3


@pytest.mark.usefixtures("only_broken")
def test_a_record_of_an_earlier_release_is_repaired_whatever_its_slots_are(
    record_id: str, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change_record(record_id, "REMOVE last_slot")
    sweep_after(monkeypatch, BEFORE_THE_LAST, record_id)
    assert len(queued) >= 1


def test_other_records_are_looked_at_as_far_as_the_allowance_goes(
    record_id: str, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sweep_after(monkeypatch, NOT_OVERDUE, record_id)["attempted"] == 1
    assert queued == []
    sweep_after(monkeypatch, BEFORE_THE_LAST, record_id)
    assert 1 <= len(queued) <= 2


@pytest.mark.usefixtures("only_broken")
def test_a_record_that_waits_in_a_backlog_is_not_read_for_an_hour(
    record_id: str, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_queue, "count_due", lambda: BACKLOG)
    assert sweep_after(monkeypatch, HOUR - 10, record_id)["attempted"] == 0
    sweep_after(monkeypatch, HOUR + 10, record_id)
    assert len(queued) == 3


def _stop() -> None:
    site_store.stop_account(site_store.get_account(SITE, ACCOUNT.id), SendingStop(clock.timestamp(clock.now()), "test"))


def _pause() -> None:
    now = int(clock.now().timestamp())
    state = {"faults": 5, "since": now, "paused_until": now + HOUR, "reason": "refused"}
    dynamo.put(settings().sites_table, {"pk": f"SITE#{SITE}", "sk": f"STATE#{ACCOUNT.id}", **state})


@pytest.mark.usefixtures("only_broken")
@pytest.mark.parametrize("hold", [_stop, _pause])
def test_a_record_that_waits_for_its_account_is_not_read(
    record_id: str, queued: list[str], hold: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold()
    assert sweep_after(monkeypatch, OVERDUE, record_id)["attempted"] == 0
    assert queued == []


def test_a_deleted_account_does_not_wait(aws: None) -> None:
    assert not stalled_messages.account_waits(SITE, "deleted")


@pytest.mark.usefixtures("only_broken")
def test_an_execution_that_died_is_replaced_although_another_one_runs(campaign: str) -> None:
    died, running = pipeline.send(campaign), pipeline.send(str(pipeline.create_campaign()["id"]))
    end_execution(died)
    assert invoke("workers/sweep", {}) == {"attempted": 1, "failed": 0, "left": 0}
    assert pipeline.executions() == {f"{died}-1": "ABORTED", f"{died}-2": "RUNNING", f"{running}-1": "RUNNING"}


def test_executions_are_asked_about_one_by_one_if_they_cannot_be_listed(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    died, running = pipeline.send(campaign), pipeline.send(str(pipeline.create_campaign()["id"]))
    end_execution(died)

    def refuse(_: str) -> Any:
        raise RuntimeError("throttled")

    monkeypatch.setattr(stepfunctions, "names_of_running", refuse)
    assert invoke("workers/sweep", {})["failed"] == 1
    assert pipeline.executions() == {f"{died}-1": "ABORTED", f"{died}-2": "RUNNING", f"{running}-1": "RUNNING"}


@pytest.mark.usefixtures("only_broken")
def test_a_repair_that_fails_does_not_prevent_the_others(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [pipeline.send(str(pipeline.create_campaign()["id"])) for _ in range(3)]
    for record_id in records:
        pipeline.fan_out(record_id)
        end_execution(record_id)
    read_pages = ledger.read_pages

    def refuse_one(site_id: str, record_id: str, **options: Any) -> Any:
        if record_id == records[0]:
            raise ValueError("unreadable")
        return read_pages(site_id, record_id, **options)

    monkeypatch.setattr(ledger, "read_pages", refuse_one)
    assert sweep_after(monkeypatch, OVERDUE + 10, records[2]) == {"attempted": 3, "failed": 1, "left": 0}


def test_a_sweep_without_time_says_what_is_left(
    campaign: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        end_execution(pipeline.send(str(pipeline.create_campaign()["id"])))
    calls = iter([True] * 5)  # four kinds of work are found, and one execution restarted
    assert sweep.repair_all(lambda: next(calls, False)) == {"attempted": 1, "failed": 0, "left": 2}
    assert "the sweep ran out of time" in caplog.messages
    assert '"RepairsFailed":[2.0]' in capsys.readouterr().out


def test_the_old_index_is_read_while_the_new_one_is_being_filled(
    record_id: str, campaign: str, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deletion: Any = {"Delete": {"IndexName": "unfinished_by_site"}}
    boto3.client("dynamodb").update_table(TableName=settings().campaigns_table, GlobalSecondaryIndexUpdates=[deletion])
    assert unfinished_work.read().records == unfinished_work.read(SITE).records != []
    assert unfinished_work.read("another").records == []
    sweep_after(monkeypatch, OVERDUE, record_id)
    assert len(queued) == 3
    assert act(campaign, "pause").status == 200


def test_a_scheduled_campaign_is_not_read_before_it_is_due(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = (clock.now() + timedelta(hours=2)).replace(microsecond=0)
    pipeline.create_campaign(scheduledStartTime=at.isoformat())
    assert invoke("workers/sweep", {})["attempted"] == 0
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=1))
    assert invoke("workers/sweep", {})["attempted"] == 1


def test_a_record_completes_although_the_stream_lost_the_last_change(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    places = range(3)
    ledger.apply(SITE, record_id, dict.fromkeys(places, ledger.Cell.SENT))
    sweep_after(monkeypatch, OVERDUE, record_id)
    assert campaign_records.get(SITE, record_id).status == "completed"
