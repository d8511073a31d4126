"""What other systems stumbled over.

Elsewhere: schedules that fire twice (campaigns/test_schedules), a backlog past closing hour (campaigns/test_limits), a number
that two sites share and two texts of a new number at once (ticketing/test_replies).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import pytest

from outreach import stepfunctions
from outreach.campaigns import records
from outreach.contacts import optouts
from outreach.messages import store
from outreach.messages.models import Message, campaign_message_id
from outreach.sending.queue import Due, Recipient
from outreach.sites import store as sites
from tests.support import pipeline
from tests.support.carriers import Clock
from tests.support.crashes import Crash, dying_at
from tests.support.functions import call, invoke
from tests.support.pipeline import ACCOUNT, SITE, Pump

NUMBERS = [f"+1212555{number}" for number in range(1200, 1206)]


@pytest.fixture
def campaign(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    return str(pipeline.create_campaign()["id"])


@pytest.fixture
def record_id(campaign: str) -> str:
    return pipeline.send(campaign)


def act(campaign_id: str, verb: str) -> None:
    answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:{verb}")
    assert answer.status == 200, answer.body


def release(record_id: str) -> None:
    """One window."""
    invoke("workers/release_window", {"site_id": SITE, "record_id": record_id, "windows": 0})


def rows(record_id: str) -> list[Message]:
    ids = [campaign_message_id(record_id, contact_id) for contact_id in pipeline.audience_of(record_id)]
    return list(store.get_many(SITE, ids).values())


def work_off(record_id: str, due: Iterable[Message]) -> None:
    """Let the worker send these, past the queue."""
    recipients = tuple(Recipient(row.id, row.recipient) for row in due)
    body = Due(SITE, ACCOUNT.id, record_id, recipients).text()
    assert invoke("workers/send_messages", {"Records": [{"messageId": "1", "body": body}]}) == {"batchItemFailures": []}


def assert_all_arrives_once(carrier: str, record_id: str) -> None:
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_contact_that_is_matched_twice_gets_one_message(carrier: str) -> None:
    identities = [{"type": "SMS", "value": number} for number in NUMBERS[:2]]
    body = {"name": "Ada", "contactIdentities": identities, "customFields": {"city": "Oslo"}}
    assert call("contacts/create_contact", "POST", "/contact/contacts", body).status == 201
    conditions = [
        {"fieldName": "city", "operator": "is", "value": "Oslo", "order": 1},
        {"fieldName": "SMS", "operator": "contains", "value": "1212", "order": 2},
    ]
    campaign = pipeline.create_campaign(contactFilterConditionMetType="any", contactFilterConditions=conditions)
    record_id = pipeline.send(campaign["id"])
    pipeline.freeze(record_id)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert (pipeline.counts(record_id)["audience"], pipeline.accepted(carrier)) == (1, NUMBERS[:1])


def test_after_a_pause_and_a_change_of_the_rate_the_rest_goes_at_the_new_one(
    carrier: str, campaign: str, record_id: str, clock: Clock
) -> None:
    sites.put_account(replace(ACCOUNT, messages_per_second=0.01))
    pipeline.fan_out(record_id)
    work_off(record_id, rows(record_id)[:1])
    act(campaign, "pause")
    sites.put_account(replace(ACCOUNT, messages_per_second=100))
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    waiting = [row for row in rows(record_id) if row.status == "queued"]
    assert max(row.claim.until for row in waiting) <= clock.now().timestamp() + 1
    assert_all_arrives_once(carrier, record_id)


@pytest.mark.parametrize("at", [16, 19, 20], ids=["rows", "queue", "cursor"])
def test_a_send_that_crashed_paused_and_was_resumed_loses_nobody(carrier: str, campaign: str, record_id: str, at: int) -> None:
    pipeline.freeze(record_id)
    with suppress(Crash), dying_at(at):
        release(record_id)
    work_off(record_id, rows(record_id)[::2])
    act(campaign, "pause")
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    assert_all_arrives_once(carrier, record_id)


def test_who_opts_out_after_the_audience_was_frozen_gets_nothing(carrier: str, record_id: str) -> None:
    pipeline.freeze(record_id)
    optouts.add(SITE, NUMBERS[0], "STOP")
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert pipeline.counts(record_id)["skippedReasons"] == {"opted_out": 1}
    assert pipeline.accepted(carrier) == NUMBERS[1:]


def test_a_page_that_is_released_again_when_half_of_it_is_delivered_sends_nothing_twice(
    carrier: str, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.freeze(record_id)
    with monkeypatch.context() as broken:
        broken.setattr(records, "move_cursor", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            release(record_id)
    work_off(record_id, rows(record_id)[: len(NUMBERS) // 2])
    assert records.get(SITE, record_id).released == 0
    pipeline.fan_out(record_id)
    assert_all_arrives_once(carrier, record_id)


def test_a_send_is_not_finished_before_its_last_message_is(carrier: str, record_id: str) -> None:
    pump = Pump()
    pipeline.fan_out(record_id)
    *most, last = rows(record_id)
    assert pipeline.record(record_id)["status"] == "running"
    work_off(record_id, most)
    pump.follow()
    invoke("workers/sweep", {})
    assert pipeline.record(record_id)["status"] == "running"
    work_off(record_id, [last])
    pump.follow()
    assert pipeline.record(record_id)["status"] == "completed"


def test_changes_that_nobody_followed_are_found_by_the_sweep(carrier: str, record_id: str) -> None:
    pipeline.fan_out(record_id)
    work_off(record_id, rows(record_id))
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)
    invoke("workers/sweep", {})
    assert pipeline.counts(record_id)["queued"] == 0
    assert pipeline.record(record_id)["status"] == "completed"


def test_an_execution_that_is_seen_too_late_ends_when_another_takes_over(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DescribeExecution is eventually consistent: an execution that has just begun may not be there yet."""
    looks, is_running = iter([False]), stepfunctions.is_running
    monkeypatch.setattr(stepfunctions, "is_running", lambda *names: next(looks, True) and is_running(*names))
    invoke("workers/sweep", {})
    assert pipeline.executions() == {f"{record_id}-1": "ABORTED", f"{record_id}-2": "RUNNING"}


def test_pausing_and_resuming_again_and_again_does_not_push_messages_away(campaign: str, record_id: str, clock: Clock) -> None:
    sites.put_account(replace(ACCOUNT, messages_per_second=0.1))
    pipeline.fan_out(record_id)
    for _ in range(5):
        act(campaign, "pause")
        act(campaign, "resume")
        pipeline.fan_out(record_id)
    last = max(row.claim.until for row in rows(record_id))
    assert last <= clock.now().timestamp() + len(NUMBERS) / 0.1


def test_a_message_that_the_sweep_takes_for_late_again_and_again_is_sent(carrier: str, record_id: str, clock: Clock) -> None:
    pipeline.fan_out(record_id)
    for _ in range(3):
        clock.skip(600)
        invoke("workers/sweep", {})
    assert_all_arrives_once(carrier, record_id)
