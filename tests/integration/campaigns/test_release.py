"""A release decides about what it has slots for, and waits for an account that can't send."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from outreach.campaigns import deciding, records, release
from outreach.campaigns.personalise import Draft
from outreach.campaigns.release import HORIZON_SECONDS
from outreach.sending import accounts, pacing
from outreach.sending.accounts import Gate
from outreach.sites import store as sites
from tests.support import pipeline
from tests.support.callbacks import Clock
from tests.support.functions import call, invoke, load
from tests.support.pipeline import ACCOUNT, SITE

pytestmark = pytest.mark.usefixtures("carrier")

CONTACTS = 8


@pytest.fixture
def campaign() -> str:
    for number in range(CONTACTS):
        pipeline.create_contact(f"+1212555120{number}")
    return str(pipeline.create_campaign()["id"])


@pytest.fixture
def record_id(campaign: str) -> str:
    sent = pipeline.send(campaign)
    pipeline.freeze(sent)
    return sent


def step(record_id: str) -> dict[str, Any]:
    """One window of the release: how it ended, and how many places have been released by then."""
    answer = invoke("workers/release_window", {"site_id": SITE, "record_id": record_id, "windows": 0})
    return {"outcome": answer["outcome"], "seconds": answer["seconds"], "released": records.get(SITE, record_id).released}


def test_it_decides_about_no_more_than_it_has_slots_for(record_id: str, monkeypatch: pytest.MonkeyPatch, now: Clock) -> None:
    sites.put_account(replace(ACCOUNT, messages_per_second=3 / HORIZON_SECONDS))
    monkeypatch.setattr(release, "_LEAST_DECIDED", 1)
    decided: list[int] = []
    decide = deciding.decide

    def note(*arguments: Any) -> Any:
        decisions = decide(*arguments)
        decided.extend(place for place, decision in decisions.items() if isinstance(decision, Draft))
        return decisions

    monkeypatch.setattr(deciding, "decide", note)
    while (window := step(record_id))["outcome"] == "wait":
        now.advance(window["seconds"])
    assert (window["released"], decided) == (CONTACTS, list(range(CONTACTS)))


def test_without_a_slot_it_reads_no_contact(record_id: str, monkeypatch: pytest.MonkeyPatch, now: Clock) -> None:
    pacing.reserve(ACCOUNT, [math.ceil(2 * HORIZON_SECONDS * ACCOUNT.messages_per_second)], now=now.seconds, horizon=math.inf)
    monkeypatch.setattr(deciding, "decide", None)
    assert step(record_id)["outcome"] == "wait"


def test_a_release_that_becomes_long_hands_over_to_a_new_execution(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load("workers/release_window"), "_MAX_WINDOWS", 1)
    sites.put_account(replace(ACCOUNT, messages_per_second=3 / HORIZON_SECONDS))
    assert step(record_id)["outcome"] == "stopped"
    assert pipeline.executions() == {f"{record_id}-1": "ABORTED", f"{record_id}-2": "RUNNING"}


def test_it_waits_while_the_account_is_paused_then_tries_one_and_goes_on_when_that_works(record_id: str, now: Clock) -> None:
    Gate(ACCOUNT).close("20003: no")
    assert step(record_id) == {"outcome": "wait", "seconds": accounts.FIRST_PAUSE_SECONDS, "released": 0}
    now.advance(accounts.FIRST_PAUSE_SECONDS + 1)
    assert step(record_id) == {"outcome": "wait", "seconds": accounts.PROBE_SECONDS, "released": 1}
    Gate(ACCOUNT).open()
    assert step(record_id)["released"] == CONTACTS


def test_a_long_pause_is_looked_at_every_few_minutes(record_id: str, now: Clock) -> None:
    Gate(ACCOUNT).close("40333: no", seconds=80_000)
    assert step(record_id) == {"outcome": "wait", "seconds": 300, "released": 0}


def test_it_pauses_when_the_account_has_been_down_for_a_week(campaign: str, record_id: str, now: Clock) -> None:
    Gate(ACCOUNT).close("20003: no")
    now.advance(accounts.PATIENCE_SECONDS + 1)
    assert step(record_id)["released"] == 1, "a fault of last week is not one of today"
    gate = Gate(ACCOUNT)
    assert gate.enter() is None
    gate.close("20003: no")
    assert step(record_id)["outcome"] == "stopped"
    shown = pipeline.record(record_id)
    assert (shown["status"], shown["statusReason"], shown["counts"]["queued"]) == ("paused", "account_down", CONTACTS)
    accounts.resume(SITE, ACCOUNT.id)
    call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:resume")
    assert step(record_id)["released"] == CONTACTS
