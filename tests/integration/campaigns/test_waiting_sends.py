"""Sends go on at once when an operator ends or changes what they wait for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from outreach import clock
from outreach.campaigns import campaign_records, lifecycle, sending_stop, waiting_sends
from outreach.campaigns.release import deferred_recipients
from outreach.sending import circuit_breaker, pacing
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.sites import site_store
from tests.support import pipeline
from tests.support.pipeline import ACCOUNT, SITE, Pump

NUMBERS = [f"+1212555{number}" for number in range(1200, 1204)]
NIGHT = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)  # 23:00 in New York
DAY = datetime(2026, 3, 9, 20, 0, tzinfo=UTC)


@pytest.fixture
def record_id(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    return pipeline.send(pipeline.create_campaign()["id"])


@pytest.fixture
def deferred(record_id: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A send whose recipients have quiet hours until 08:00."""
    put_hours("08:00-21:00")
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    pipeline.fan_out(record_id, max_steps=1)
    return record_id


def put_hours(hours: str | None) -> None:
    site_store.put_site(replace(site_store.get_site(SITE), sending_hours=hours))


def wait_until_delivered(record_id: str) -> None:
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))


def test_messages_that_wait_for_their_account_go_on_after_the_end_of_its_pause(carrier: str, record_id: str) -> None:
    pipeline.fan_out(record_id)
    CircuitBreaker(ACCOUNT).record_failure("20003: no", seconds=80_000)
    Pump().poll()  # the messages are queued again, with the longest delay
    circuit_breaker.resume(SITE, ACCOUNT.id)
    assert [record.id for record in waiting_sends.go_on([ACCOUNT])] == [record_id]
    wait_until_delivered(record_id)
    assert pipeline.accepted(carrier) == NUMBERS


def test_the_end_of_a_pause_does_not_start_an_account_that_an_operator_has_stopped(record_id: str) -> None:
    sending_stop.stop([ACCOUNT], "a wrong text")
    assert waiting_sends.go_on(site_store.list_accounts(SITE)) == []


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_send_that_somebody_stops_meanwhile_does_not_go_on(record_id: str, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.fan_out(record_id)
    running = waiting_sends.running_sends([ACCOUNT])
    stopped = lifecycle.act_on_record(verb, running[0])
    monkeypatch.setattr(waiting_sends, "running_sends", lambda _: running)
    assert waiting_sends.go_on([ACCOUNT]) == []
    assert pipeline.record(record_id)["status"] == stopped.status


def test_deferred_recipients_are_released_when_the_hours_are_widened(carrier: str, deferred: str) -> None:
    put_hours("08:00-23:30")
    assert [record.id for record in waiting_sends.apply_sending_hours(SITE)] == [deferred]
    wait_until_delivered(deferred)
    assert pipeline.accepted(carrier) == NUMBERS


def test_deferred_recipients_wait_longer_when_the_hours_are_narrowed(deferred: str) -> None:
    put_hours("10:00-21:00")
    waiting_sends.apply_sending_hours(SITE)
    pipeline.fan_out(deferred, max_steps=2)
    first = deferred_recipients.first(SITE, deferred)
    assert first
    assert first.release_time == NIGHT + timedelta(hours=11)
    assert pipeline.counts(deferred)["queued"] == len(NUMBERS)


def test_messages_that_were_deferred_and_are_due_again_take_one_slot_each(
    record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = replace(ACCOUNT, messages_per_second=1)
    site_store.put_account(account)
    monkeypatch.setattr(clock, "now", lambda: DAY)
    pipeline.fan_out(record_id)
    for hours in ("08:00-12:00", "08:00-21:00"):
        put_hours(hours)
        waiting_sends.apply_sending_hours(SITE)
        pipeline.fan_out(record_id, max_steps=2)
    assert pacing.read(account).next_slot == DAY.timestamp() + len(NUMBERS)


def test_a_paused_send_stays_paused_and_follows_the_new_hours_when_it_is_resumed(deferred: str) -> None:
    lifecycle.act_on_record("pause", campaign_records.get(SITE, deferred))
    put_hours(None)
    assert waiting_sends.apply_sending_hours(SITE) == []
    assert pipeline.record(deferred)["status"] == "paused"
    lifecycle.act_on_record("resume", campaign_records.get(SITE, deferred))
    pipeline.fan_out(deferred, max_steps=2)
    assert deferred_recipients.first(SITE, deferred) is None


def test_messages_that_were_too_late_go_on_when_the_hours_are_widened(
    carrier: str, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_hours("08:00-21:00")
    monkeypatch.setattr(clock, "now", lambda: DAY)
    pipeline.fan_out(record_id)
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    Pump().poll()
    put_hours("08:00-23:30")
    waiting_sends.apply_sending_hours(SITE)
    wait_until_delivered(record_id)
    assert pipeline.accepted(carrier) == NUMBERS
