"""Quiet hours, frequency cap and budgets: off by default, exact when on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError

import pytest

from outreach import clock
from outreach.campaigns import held
from outreach.messages import store as messages
from outreach.messages.models import campaign_message_id
from outreach.messages.status import SkipReason
from outreach.sites.models import FrequencyCap, Site
from tests.support import pipeline
from tests.support.functions import call, invoke
from tests.support.pipeline import SITE, Pump

NUMBERS = [f"+1212555{number}" for number in range(1200, 1206)]
NIGHT = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)  # 23:00 in New York
MORNING = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SITE_DEFAULTS = Site(SITE, private_callbacks=True)


@pytest.fixture
def campaign(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    return str(pipeline.create_campaign()["id"])


def release(record_id: str) -> dict[str, object]:
    answer: dict[str, object] = invoke("workers/release_window", {"site_id": SITE, "record_id": record_id, "windows": 0})
    return answer


def test_a_recipient_in_quiet_hours_waits_for_the_morning_and_is_sent_to_once(
    carrier: str, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00"))
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    tokyo = pipeline.create_contact("+12125551300", timeZone="Asia/Tokyo")
    record_id = pipeline.send(campaign)
    pipeline.freeze(record_id)
    assert release(record_id) == {"outcome": "wait", "seconds": 9 * 3600, "windows": 1}
    Pump().run_until(lambda: pipeline.accepted(carrier) == ["+12125551300"])
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    assert release(record_id)["outcome"] == "released"
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS) + 1)
    assert pipeline.accepted(carrier) == [*NUMBERS, "+12125551300"]
    assert pipeline.record(record_id)["status"] == "completed"
    assert tokyo


def test_a_backlog_past_closing_hour_waits_too(carrier: str, campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00"))
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    monkeypatch.setattr(clock, "now", lambda: MORNING + timedelta(hours=14))
    for _ in range(3):
        Pump().turn()
    assert pipeline.accepted(carrier) == []
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)


def test_cancelling_forgets_what_is_held(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00"))
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id, windows=1)
    assert held.first(SITE, record_id)
    call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:cancel")
    pipeline.fan_out(record_id)
    assert held.first(SITE, record_id) is None
    assert pipeline.counts(record_id)["skippedReasons"] == {"cancelled": len(NUMBERS)}


def test_who_has_had_enough_is_skipped(carrier: str, campaign: str) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, frequency_cap=FrequencyCap(messages=1, days=7)))
    first, second = pipeline.send(campaign), pipeline.send(campaign)
    pipeline.fan_out(first)
    pipeline.fan_out(second)
    Pump().run_until(lambda: pipeline.counts(first)["delivered"] == len(NUMBERS))
    assert pipeline.counts(second)["skippedReasons"] == {"frequency_cap": len(NUMBERS)}
    assert pipeline.accepted(carrier) == NUMBERS


@pytest.fixture
def capped(carrier: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two sends under a cap of one message, and an index that doesn't show yet what is written."""
    pipeline.put_site(replace(SITE_DEFAULTS, frequency_cap=FrequencyCap(messages=1, days=7)))
    monkeypatch.setattr(messages, "ids_of_contact", lambda *_, **__: [])
    pipeline.create_contact(NUMBERS[0])
    campaign_id = pipeline.create_campaign()["id"]
    record_ids = [pipeline.send(campaign_id) for _ in range(2)]
    assert [pipeline.freeze(record_id) for record_id in record_ids] == [1, 1]
    return record_ids


def skips(record_ids: list[str]) -> list[dict[str, int]]:
    return [pipeline.counts(record_id)["skippedReasons"] for record_id in record_ids]


def test_of_two_sends_at_once_one_gets_through(capped: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_read = Barrier(2)

    def find(*_: object, **__: object) -> list[str]:
        with suppress(BrokenBarrierError):  # who lost the race looks once more, alone
            both_have_read.wait(timeout=2)
        both_have_read.abort()
        return []

    monkeypatch.setattr(messages, "ids_of_contact", find)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(release, capped))
    assert sorted(map(len, skips(capped))) == [0, 1]


def test_a_broken_release_keeps_its_promise_for_an_hour(capped: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(messages, "create_many", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            release(capped[0])
    release(capped[1])
    assert skips(capped) == [{}, {"frequency_cap": 1}]
    third = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.freeze(third)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(hours=2))
    release(third)
    assert skips([third]) == [{}]


def test_a_promise_that_became_a_skip_does_not_count(capped: list[str]) -> None:
    release(capped[0])
    (contact_id,) = pipeline.audience_of(capped[0])
    assert messages.skip(messages.get(SITE, campaign_message_id(capped[0], contact_id)), SkipReason.CANCELLED)
    release(capped[1])
    assert skips(capped)[1] == {}


@pytest.mark.parametrize("scope", ["campaign", "site"])
def test_a_send_pauses_at_its_budget_and_says_so(carrier: str, campaign: str, scope: str) -> None:
    if scope == "site":
        pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=4))
    else:
        call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign}", {"maxSegments": 4})
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    shown = pipeline.record(record_id)
    assert (shown["status"], shown["statusReason"]) == ("paused", "cap_reached")
    assert shown["counts"]["queued"] == len(NUMBERS)


def test_a_raised_budget_lets_the_rest_go_without_paying_twice(carrier: str, campaign: str) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=4))
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=len(NUMBERS)))
    resumed = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:resume").body
    assert (resumed["status"], resumed["statusReason"]) == ("running", None)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS
