"""The operator's stop button: nothing is sent while it is pressed, and everything once after it is released."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from outreach_admin import admin

from outreach import aws, clock
from outreach.campaigns import campaign_records, lifecycle, sending_stop
from outreach.campaigns.release import release_loop
from outreach.campaigns.release.release_step import ReleaseProgress
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import SendingStop
from tests.support import pipeline
from tests.support.functions import call, invoke
from tests.support.pipeline import ACCOUNT, SITE, Pump

NUMBERS = [f"+1212555{number}" for number in range(1200, 1208)]


@pytest.fixture
def record_id(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    return pipeline.send(pipeline.create_campaign()["id"])


def stop() -> None:
    sending_stop.stop([ACCOUNT], "a wrong text")


def start() -> list[str]:
    return [record.id for record in sending_stop.start(site_store.list_accounts(SITE))[1]]


def drain() -> None:
    """Give every job of the queue to the worker."""
    for _ in range(5):
        Pump().poll()


def queue_length() -> int:
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = aws.sqs().get_queue_attributes(QueueUrl=settings().send_queue_url, AttributeNames=names)["Attributes"]
    return sum(map(int, attributes.values()))


def test_released_messages_wait_and_are_sent_once_after_the_start(carrier: str, record_id: str) -> None:
    pipeline.fan_out(record_id)
    stop()
    drain()
    assert (pipeline.accepted(carrier), queue_length()) == ([], 0)
    assert pipeline.record(record_id)["status"] == "running"
    assert start() == [record_id]
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert pipeline.accepted(carrier) == NUMBERS


def test_a_release_waits_and_goes_on_after_the_start(carrier: str, record_id: str) -> None:
    stop()
    pipeline.freeze(record_id)
    assert release_loop.step(SITE, record_id).progress is ReleaseProgress.WAIT
    assert queue_length() == 0
    start()
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS


def test_the_sweep_queues_nothing_during_a_stop_and_everything_after_it(
    carrier: str, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.fan_out(record_id)
    message = {"channelAccountId": ACCOUNT.id, "contactId": pipeline.audience_of(record_id)[0], "message": "Hello"}
    single = call("outreach/create_message", "POST", "/outreach/messages", message | {"direction": "out"}).body["to"]
    stop()
    drain()
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=10))
    invoke("workers/sweep", {})
    assert queue_length() == 0
    for account in site_store.list_accounts(SITE):
        assert site_store.start_account(account)  # without the new release: the process ends here
    invoke("workers/sweep", {})
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == sorted([*NUMBERS, single])


def test_an_outbound_message_is_refused_and_not_kept(carrier: str) -> None:
    stop()
    body = {"channelAccountId": ACCOUNT.id, "to": NUMBERS[0], "message": "Hello"}
    answer = call("unichannel/create_outbound_message", "POST", "/outboundunichannel/messages", body)
    assert (answer.status, answer.body["code"]) == (503, "sending_stopped")
    start()
    drain()
    assert pipeline.accepted(carrier) == []


def test_a_paused_send_stays_paused(record_id: str) -> None:
    stop()
    lifecycle.act_on_record("pause", campaign_records.get(SITE, record_id))
    assert start() == []
    assert pipeline.record(record_id)["status"] == "paused"


def test_a_repeated_stop_keeps_its_time_and_takes_a_new_reason(aws: None) -> None:
    pipeline.put_site()
    stop()
    first = site_store.get_account(SITE, ACCOUNT.id).stop
    assert first
    assert sending_stop.stop([ACCOUNT], "") == ([], [])
    assert sending_stop.stop([ACCOUNT], "another one") == ([], [ACCOUNT])
    assert sending_stop.stop([ACCOUNT], "another one") == ([], [])
    assert site_store.get_account(SITE, ACCOUNT.id).stop == SendingStop(first.since, "another one")


def test_a_new_reason_stops_nothing_that_was_started_meanwhile(aws: None) -> None:
    pipeline.put_site()
    assert not site_store.change_stop_reason(ACCOUNT, "another one")
    assert site_store.get_account(SITE, ACCOUNT.id).stop is None


def test_a_stop_stays_with_its_time_and_reason_until_the_start(aws: None) -> None:
    pipeline.put_site()
    stop()
    first = site_store.get_account(SITE, ACCOUNT.id).stop
    assert first
    assert first.reason == "a wrong text"
    admin.put_channel_account(ACCOUNT, None)
    assert site_store.get_account(SITE, ACCOUNT.id).stop == first
    assert [account.id for account in sending_stop.start([ACCOUNT])[0]] == [ACCOUNT.id]
    assert site_store.get_account(SITE, ACCOUNT.id).stop is None
    assert sending_stop.start([ACCOUNT]) == ([], [])
