"""A release evaluates only contacts that have slots, and waits for an account that cannot send."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from outreach.campaigns import campaign_records, ledger
from outreach.campaigns.ledger import Cell
from outreach.campaigns.release import eligibility, release_batch
from outreach.campaigns.release.account_capacity import HORIZON_SECONDS
from outreach.campaigns.release.rendering import RenderedMessage
from outreach.sending import circuit_breaker, pacing
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.sites import site_store
from tests.support import pipeline
from tests.support.customer_endpoint import Clock
from tests.support.functions import call, invoke
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
    """Run one step of the release. Adds the number of released places to its result."""
    answer = invoke("workers/release_recipients", {"site_id": SITE, "record_id": record_id, "steps": 0})
    return {
        "outcome": answer["outcome"],
        "seconds": answer["seconds"],
        "released": campaign_records.get(SITE, record_id).released,
    }


def test_a_release_evaluates_only_contacts_that_have_slots(record_id: str, monkeypatch: pytest.MonkeyPatch, now: Clock) -> None:
    site_store.put_account(replace(ACCOUNT, messages_per_second=3 / HORIZON_SECONDS))
    monkeypatch.setattr(release_batch, "_MIN_EVALUATED", 1)
    evaluated: list[int] = []
    evaluate = eligibility.evaluate

    def spy(*arguments: Any) -> Any:
        decisions = evaluate(*arguments)
        evaluated.extend(place for place, decision in decisions.items() if isinstance(decision, RenderedMessage))
        return decisions

    monkeypatch.setattr(eligibility, "evaluate", spy)
    while (result := step(record_id))["outcome"] == "wait":
        now.advance(result["seconds"])
    assert (result["released"], evaluated) == (CONTACTS, list(range(CONTACTS)))


def test_a_release_without_slots_reads_no_contacts(record_id: str, monkeypatch: pytest.MonkeyPatch, now: Clock) -> None:
    pacing.reserve(ACCOUNT, [math.ceil(2 * HORIZON_SECONDS * ACCOUNT.messages_per_second)], now=now.seconds, horizon=math.inf)
    monkeypatch.setattr(eligibility, "evaluate", None)
    assert step(record_id)["outcome"] == "wait"


def test_a_long_release_continues_in_a_new_execution(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.invocation._MAX_STEPS", 1)
    site_store.put_account(replace(ACCOUNT, messages_per_second=3 / HORIZON_SECONDS))
    assert step(record_id)["outcome"] == "stopped"
    assert pipeline.executions() == {f"{record_id}-1": "ABORTED", f"{record_id}-2": "RUNNING"}


def test_a_release_waits_for_an_open_circuit_breaker_then_probes_with_one_message(record_id: str, now: Clock) -> None:
    CircuitBreaker(ACCOUNT).record_failure("20003: no")
    assert step(record_id) == {"outcome": "wait", "seconds": circuit_breaker.FIRST_PAUSE_SECONDS, "released": 0}
    now.advance(circuit_breaker.FIRST_PAUSE_SECONDS + 1)
    assert step(record_id) == {"outcome": "wait", "seconds": circuit_breaker.PROBE_SECONDS, "released": 1}
    CircuitBreaker(ACCOUNT).record_success()
    assert step(record_id)["released"] == CONTACTS


def test_a_long_account_pause_is_checked_every_five_minutes(record_id: str, now: Clock) -> None:
    CircuitBreaker(ACCOUNT).record_failure("40333: no", seconds=80_000)
    assert step(record_id) == {"outcome": "wait", "seconds": 300, "released": 0}


def test_a_record_pauses_when_its_account_has_failed_for_a_week(campaign: str, record_id: str, now: Clock) -> None:
    CircuitBreaker(ACCOUNT).record_failure("20003: no")
    now.advance(circuit_breaker.MAX_WAIT_SECONDS + 1)
    assert step(record_id)["released"] == 1, "an old pause that is over allows a probe"
    breaker = CircuitBreaker(ACCOUNT)
    assert breaker.allow()
    breaker.record_failure("20003: no")
    assert step(record_id)["outcome"] == "stopped"
    response = pipeline.record(record_id)
    assert (response["status"], response["statusReason"], response["counts"]["queued"]) == ("paused", "account_down", CONTACTS)
    circuit_breaker.resume(SITE, ACCOUNT.id)
    call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:resume")
    assert step(record_id)["released"] == CONTACTS


@pytest.mark.parametrize("failing", ["rendering.render", "_defer"])
def test_an_unexpected_error_fails_only_its_recipient(record_id: str, failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site_store.put_site(replace(site_store.get_site(SITE), sending_hours="08:00-20:00"))
    monkeypatch.setattr(eligibility, "_defer", lambda message, *_: message)
    module, _, name = failing.rpartition(".")
    target = getattr(eligibility, module) if module else eligibility
    decide, calls = getattr(target, name), count()

    def raise_unexpected(*arguments: Any) -> Any:
        if next(calls) == 1:
            raise RuntimeError("nobody expected this")
        return decide(*arguments)

    monkeypatch.setattr(target, name, raise_unexpected)
    step(record_id)
    cells = ledger.cells(SITE, record_id, 0, CONTACTS)
    assert Counter(map(Cell, cells)) == {Cell.QUEUED: CONTACTS - 1, Cell.FAILED: 1}
