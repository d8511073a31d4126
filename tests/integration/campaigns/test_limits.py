"""Quiet hours, frequency caps and segment budgets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError

import pytest

from outreach import clock
from outreach.campaigns.release import deferred_recipients, eligibility, release_batch
from outreach.messages import message_index, message_store
from outreach.messages.models import campaign_message_id
from outreach.messages.status import SkipReason
from outreach.sending import quota
from outreach.sites import site_store
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
    answer: dict[str, object] = invoke("workers/release_recipients", {"site_id": SITE, "record_id": record_id, "steps": 0})
    return answer


def test_a_recipient_in_quiet_hours_gets_one_message_in_the_morning(
    carrier: str, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00"))
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    tokyo = pipeline.create_contact("+12125551300", timeZone="Asia/Tokyo")
    record_id = pipeline.send(campaign)
    pipeline.freeze(record_id)
    assert release(record_id) == {"outcome": "wait", "seconds": 9 * 3600, "steps": 1}
    Pump().run_until(lambda: pipeline.accepted(carrier) == ["+12125551300"])
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    assert release(record_id)["outcome"] == "released"
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS) + 1)
    assert pipeline.accepted(carrier) == [*NUMBERS, "+12125551300"]
    assert pipeline.record(record_id)["status"] == "completed"
    assert tokyo


def test_a_slow_account_loses_no_deferred_recipient(carrier: str, campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00"))
    monkeypatch.setattr(release_batch, "_MIN_EVALUATED", 1)  # as on a page that the account cannot fill in one step
    site_store.put_account(replace(pipeline.ACCOUNT, messages_per_second=0.001))
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    site_store.put_account(pipeline.ACCOUNT)
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS


def test_a_backlog_waits_when_quiet_hours_begin(carrier: str, campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00"))
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    monkeypatch.setattr(clock, "now", lambda: MORNING + timedelta(hours=14))
    for _ in range(3):
        Pump().poll()
    assert pipeline.accepted(carrier) == []
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)


def test_cancelling_clears_deferred_recipients(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00"))
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id, max_steps=1)
    assert deferred_recipients.first(SITE, record_id)
    call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:cancel")
    pipeline.fan_out(record_id)
    assert deferred_recipients.first(SITE, record_id) is None
    assert pipeline.counts(record_id)["skippedReasons"] == {"cancelled": len(NUMBERS)}


def test_a_contact_that_has_reached_the_cap_is_skipped(carrier: str, campaign: str) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, frequency_cap=FrequencyCap(messages=1, days=7)))
    first, second = pipeline.send(campaign), pipeline.send(campaign)
    pipeline.fan_out(first)
    pipeline.fan_out(second)
    Pump().run_until(lambda: pipeline.counts(first)["delivered"] == len(NUMBERS))
    assert pipeline.counts(second)["skippedReasons"] == {"frequency_cap": len(NUMBERS)}
    assert pipeline.accepted(carrier) == NUMBERS


def test_the_messages_of_merged_contacts_count_against_the_cap(carrier: str, campaign: str) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, frequency_cap=FrequencyCap(messages=1, days=7)))
    first = pipeline.send(campaign)
    pipeline.fan_out(first)
    Pump().run_until(lambda: pipeline.counts(first)["delivered"] == len(NUMBERS))
    survivor = pipeline.create_contact("+12125551299")
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": pipeline.audience_of(first)[0]})
    reached = {"frequency_cap": len(NUMBERS)}
    assert call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:preview").body["skippedReasons"] == reached
    second = pipeline.send(campaign)
    pipeline.fan_out(second)
    assert pipeline.counts(second)["skippedReasons"] == reached
    assert pipeline.accepted(carrier) == NUMBERS


@pytest.fixture
def two_sends_under_a_cap(carrier: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two sends under a cap of one message, with an index that does not show new messages yet."""
    pipeline.put_site(replace(SITE_DEFAULTS, frequency_cap=FrequencyCap(messages=1, days=7)))
    monkeypatch.setattr(message_index, "ids_of_contact", lambda *_, **__: [])
    pipeline.create_contact(NUMBERS[0])
    campaign_id = pipeline.create_campaign()["id"]
    record_ids = [pipeline.send(campaign_id) for _ in range(2)]
    assert [pipeline.freeze(record_id) for record_id in record_ids] == [1, 1]
    return record_ids


def skips(record_ids: list[str]) -> list[dict[str, int]]:
    return [pipeline.counts(record_id)["skippedReasons"] for record_id in record_ids]


def test_one_of_two_concurrent_sends_reaches_the_contact(
    two_sends_under_a_cap: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    barrier = Barrier(2)

    def ids_of_contact(*_: object, **__: object) -> list[str]:
        with suppress(BrokenBarrierError):  # The send that lost the race reads again, alone.
            barrier.wait(timeout=2)
        barrier.abort()
        return []

    monkeypatch.setattr(message_index, "ids_of_contact", ids_of_contact)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(release, two_sends_under_a_cap))
    assert sorted(map(len, skips(two_sends_under_a_cap))) == [0, 1]


def test_the_reservation_of_a_crashed_release_lasts_an_hour(
    two_sends_under_a_cap: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(message_store, "create_many", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            release(two_sends_under_a_cap[0])
    release(two_sends_under_a_cap[1])
    assert skips(two_sends_under_a_cap) == [{}, {"frequency_cap": 1}]
    third = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.freeze(third)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(hours=2))
    release(third)
    assert skips([third]) == [{}]


def test_a_reservation_for_a_skipped_message_does_not_count(two_sends_under_a_cap: list[str]) -> None:
    release(two_sends_under_a_cap[0])
    (contact_id,) = pipeline.audience_of(two_sends_under_a_cap[0])
    assert message_store.skip(
        message_store.get(SITE, campaign_message_id(two_sends_under_a_cap[0], contact_id)), SkipReason.CANCELLED
    )
    release(two_sends_under_a_cap[1])
    assert skips(two_sends_under_a_cap)[1] == {}


def with_budget(campaign: str, scope: str) -> str:
    """Give the campaign or its site a budget for four of the six messages; return the campaign."""
    if scope == "site":
        pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=4))
    else:
        call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign}", {"maxSegments": 4})
    return campaign


@pytest.mark.parametrize("scope", ["campaign", "site"])
def test_a_send_sends_what_its_budget_allows_and_pauses_then(carrier: str, campaign: str, scope: str) -> None:
    record_id = pipeline.send(with_budget(campaign, scope))
    pipeline.fan_out(record_id)
    assert pipeline.record(record_id)["status"] == "running", "a pause would keep the four messages from being sent"
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 4)
    release(record_id)
    response = pipeline.record(record_id)
    assert (response["status"], response["statusReason"]) == ("paused", "cap_reached")
    assert (response["counts"]["queued"], len(pipeline.accepted(carrier))) == (len(NUMBERS) - 4, 4)


@pytest.mark.parametrize("scope", ["campaign", "site"])
def test_a_send_whose_budget_is_used_up_decides_about_nobody_until_its_messages_are_sent(
    campaign: str, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_id = pipeline.send(with_budget(campaign, scope))
    pipeline.fan_out(record_id)
    monkeypatch.setattr(eligibility, "evaluate", lambda *_: pytest.fail("contacts are read"))
    assert release(record_id)["outcome"] == "wait"


def test_messages_within_a_used_up_budget_are_released_again_after_a_pause(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(with_budget(campaign, "campaign"))
    pipeline.fan_out(record_id)
    for verb in ("pause", "resume"):
        call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:{verb}")
        Pump().poll()
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 4)
    assert release(record_id)["outcome"] == "stopped"


@pytest.mark.parametrize(("later", "used"), [(timedelta(), 0), (timedelta(days=1), 1)])
def test_a_cancelled_send_returns_what_it_has_not_sent_to_the_quota_of_its_day(
    campaign: str, later: timedelta, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = replace(SITE_DEFAULTS, daily_segments=100)
    pipeline.put_site(site)
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    assert quota.used_today(site) == len(NUMBERS)
    monkeypatch.setattr(clock, "now", lambda: MORNING + later)
    quota.reserve(SITE, [1] * used, site.daily_segments)
    call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:cancel")
    for _ in range(2):
        release(record_id)
    assert quota.used_today(site) == used


def test_after_a_budget_increase_released_messages_are_not_counted_again(carrier: str, campaign: str) -> None:
    pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=4))
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:pause")
    pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=len(NUMBERS)))
    resumed = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:resume").body
    assert (resumed["status"], resumed["statusReason"]) == ("running", None)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS
