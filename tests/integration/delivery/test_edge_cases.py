"""Edge cases in which other systems lost messages or sent them twice.

Further ones are tested elsewhere: schedules that fire twice (campaigns/test_schedules), a backlog when quiet hours begin
(campaigns/test_limits), a number that two sites share and two simultaneous texts from a new number (ticketing/test_replies).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from outreach import stepfunctions
from outreach.campaigns import campaign_records
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.messages import message_store
from outreach.messages.models import Message, campaign_message_id
from outreach.sending.send_queue import JobRecipient, SendJob
from outreach.sites import site_store
from tests.support import pipeline
from tests.support.carriers import Clock
from tests.support.crash_points import Crash, dying_at
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
    """Release one page."""
    invoke("workers/release_recipients", {"site_id": SITE, "record_id": record_id, "steps": 0})


def rows(record_id: str) -> list[Message]:
    ids = [campaign_message_id(record_id, contact_id) for contact_id in pipeline.audience_of(record_id)]
    return list(message_store.get_many(SITE, ids).values())


def process(record_id: str, messages: Iterable[Message]) -> None:
    """Invoke the send worker directly, without the queue."""
    recipients = tuple(JobRecipient(row.id, row.recipient) for row in messages)
    body = SendJob(SITE, ACCOUNT.id, record_id, recipients).to_json()
    assert invoke("workers/send_messages", {"Records": [{"messageId": "1", "body": body}]}) == {"batchItemFailures": []}


def assert_all_arrives_once(carrier: str, record_id: str) -> None:
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_contact_that_matches_twice_gets_one_message(carrier: str) -> None:
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


def test_a_campaign_that_resumes_uses_the_new_rate(carrier: str, campaign: str, record_id: str, clock: Clock) -> None:
    site_store.put_account(replace(ACCOUNT, messages_per_second=0.01))
    pipeline.fan_out(record_id)
    process(record_id, rows(record_id)[:1])
    act(campaign, "pause")
    site_store.put_account(replace(ACCOUNT, messages_per_second=100))
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    waiting = [row for row in rows(record_id) if row.status == "queued"]
    assert max(row.claim.until for row in waiting) <= clock.now().timestamp() + 1
    assert_all_arrives_once(carrier, record_id)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        pytest.param("BatchExecuteStatement", 1, id="rows"),
        pytest.param("SendMessageBatch", 1, id="queue"),
        pytest.param("UpdateItem", 2, id="cursor"),  # the first one reserves slots
    ],
)
def test_a_campaign_that_crashes_pauses_and_resumes_reaches_all_recipients(
    carrier: str, campaign: str, record_id: str, operation: str, call: int
) -> None:
    pipeline.freeze(record_id)
    with pytest.raises(Crash), dying_at(operation, call):
        release(record_id)
    process(record_id, rows(record_id)[::2])
    act(campaign, "pause")
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    assert_all_arrives_once(carrier, record_id)


def test_an_opt_out_after_the_audience_is_frozen_is_respected(carrier: str, record_id: str) -> None:
    pipeline.freeze(record_id)
    opt_outs.add(SITE, NUMBERS[0], Source.OPERATOR)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert pipeline.counts(record_id)["skippedReasons"] == {"opted_out": 1}
    assert pipeline.accepted(carrier) == NUMBERS[1:]


def test_a_half_delivered_page_that_is_released_again_is_not_sent_twice(
    carrier: str, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.freeze(record_id)
    with monkeypatch.context() as broken:
        broken.setattr(campaign_records, "move_cursor", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            release(record_id)
    process(record_id, rows(record_id)[: len(NUMBERS) // 2])
    assert campaign_records.get(SITE, record_id).released == 0
    pipeline.fan_out(record_id)
    assert_all_arrives_once(carrier, record_id)


def test_a_campaign_completes_only_with_its_last_message(carrier: str, record_id: str) -> None:
    pump = Pump()
    pipeline.fan_out(record_id)
    *most, last = rows(record_id)
    assert pipeline.record(record_id)["status"] == "running"
    process(record_id, most)
    pump.process_changes()
    invoke("workers/sweep", {})
    assert pipeline.record(record_id)["status"] == "running"
    process(record_id, [last])
    pump.process_changes()
    assert pipeline.record(record_id)["status"] == "completed"


def test_the_sweep_processes_changes_that_the_stream_lost(carrier: str, record_id: str, clock: Clock) -> None:
    pipeline.fan_out(record_id)
    process(record_id, rows(record_id))
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)
    clock.skip(300)  # until then the sweep waits for the stream
    invoke("workers/sweep", {})
    assert pipeline.counts(record_id)["queued"] == 0
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_new_execution_ends_the_one_that_the_sweep_did_not_see(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ListExecutions and DescribeExecution are eventually consistent: they may not return an execution that has just started."""
    responses, outcome_of = iter([stepfunctions.NOT_STARTED]), stepfunctions.outcome_of
    monkeypatch.setattr(stepfunctions, "names_of_running", lambda _: frozenset())
    monkeypatch.setattr(stepfunctions, "outcome_of", lambda *names: next(responses, None) or outcome_of(*names))
    invoke("workers/sweep", {})
    assert pipeline.executions() == {f"{record_id}-1": "ABORTED", f"{record_id}-2": "RUNNING"}


def test_repeated_pauses_do_not_delay_messages_further(campaign: str, record_id: str, clock: Clock) -> None:
    site_store.put_account(replace(ACCOUNT, messages_per_second=0.1))
    pipeline.fan_out(record_id)
    for _ in range(5):
        act(campaign, "pause")
        act(campaign, "resume")
        pipeline.fan_out(record_id)
    last = max(row.claim.until for row in rows(record_id))
    assert last <= clock.now().timestamp() + len(NUMBERS) / 0.1


def test_messages_that_the_sweep_queues_repeatedly_are_sent_once(carrier: str, record_id: str, clock: Clock) -> None:
    pipeline.fan_out(record_id)
    for _ in range(3):
        clock.skip(600)
        invoke("workers/sweep", {})
    assert_all_arrives_once(carrier, record_id)
