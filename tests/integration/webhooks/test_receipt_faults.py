"""Receipts that would meet every message alike pause the account; others do not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from outreach import clock
from outreach.messages import message_store
from outreach.messages.models import Claim, ClaimState, Message
from outreach.messages.status import MessageStatus
from outreach.sending import circuit_breaker, receipt_faults
from outreach.sending.circuit_breaker import BreakerState, CircuitBreaker
from tests.integration.webhooks.webhook_requests import post, receipt, signed
from tests.support import carriers
from tests.support.customer_endpoint import Clock
from tests.support.pipeline import SITE

UNREGISTERED = {"twilio": "30034", "telnyx": "40010"}
DAILY_CAP = {"twilio": "30023", "telnyx": "40016"}
UNREACHABLE = {"twilio": "30003", "telnyx": "40001"}
MOST = receipt_faults.WINDOW // 2 + 1


@pytest.fixture(params=carriers.ACCOUNTS)
def name(request: pytest.FixtureRequest, aws: None) -> str:
    receipt_faults._unwritten.cache_clear()
    carriers.put_accounts()
    return str(request.param)


def pause(name: str) -> BreakerState | None:
    return circuit_breaker.state_of(SITE, carriers.ACCOUNTS[name].id, consistent=True)


_numbers = iter(range(10**6))


@pytest.fixture
def real(now: Clock) -> Clock:
    """A clock that stands still at the real time, because Telnyx's signatures have one."""
    now.moment = datetime.now(UTC)
    return now


def report(name: str, status: str, code: str | None = None, **changes: Any) -> None:
    """Deliver the receipt of a new message."""
    account, message_id = carriers.ACCOUNTS[name], f"{next(_numbers):08}-0000-4000-8000-000000000000"
    slot = clock.timestamp(clock.now())
    message = Message(message_id, SITE, "contact", account.id, account.number, "+12125550199", "Hello", slot)
    sent = {"status": MessageStatus.SENT, "claim": Claim(ClaimState.DONE)}
    message_store.create_many([Message(**vars(message) | sent | changes)])
    errors: dict[str, Any] = {"errors": [{"code": code}]} if name == "telnyx" else {"ErrorCode": code}
    sender = changes.get("sender", account.number)
    origin: dict[str, Any] = {"from": {"phone_number": sender}} if name == "telnyx" else {"From": sender}
    body = receipt(name, status, **origin, **(errors if code else {}))
    path = f"/messages/{message_id}"
    assert post(name, path, body, signed(name, path, body)) == 200


def report_many(name: str, count: int, code: str) -> None:
    for _ in range(count):
        report(name, "undelivered", code)


def test_an_account_is_paused_when_most_of_its_last_receipts_report_its_fault(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report_many(name, MOST - 1, UNREGISTERED[name])
    assert pause(name) is None
    report(name, "undelivered", UNREGISTERED[name])
    paused = pause(name)
    assert paused
    assert paused.reason.startswith(UNREGISTERED[name])
    assert capsys.readouterr().out.count('"AccountPaused":[1.0]') == 1


def test_an_account_is_not_paused_when_half_of_its_receipts_are_sound(name: str) -> None:
    for _ in range(MOST + 5):
        report(name, "delivered")
        report(name, "undelivered", UNREGISTERED[name])
    assert pause(name) is None


def test_failures_of_messages_do_not_pause_the_account(name: str) -> None:
    report_many(name, MOST + 5, UNREACHABLE[name])
    assert pause(name) is None


def test_faults_of_another_sender_do_not_pause_the_account(name: str) -> None:
    for _ in range(MOST):
        report(name, "undelivered", UNREGISTERED[name], sender="+15005550001")
    assert pause(name) is None


def test_a_daily_cap_pauses_until_midnight_in_los_angeles(name: str, real: Clock) -> None:
    report_many(name, MOST, DAILY_CAP[name])
    paused = pause(name)
    assert paused
    assert 0 < paused.until - real.seconds <= 86_400
    assert clock.from_epoch(paused.until).strftime("%H:%M:%S") in ("07:00:00", "08:00:00")


def test_only_a_receipt_of_its_own_sender_ends_the_pause_of_a_probed_account(name: str, real: Clock) -> None:
    report_many(name, MOST, UNREGISTERED[name])
    real.advance(circuit_breaker.FIRST_PAUSE_SECONDS + 1)
    breaker = CircuitBreaker(carriers.ACCOUNTS[name])
    assert breaker.allow()
    breaker.record_acceptance()
    report(name, "delivered", sender="+15005550001")
    assert not CircuitBreaker(carriers.ACCOUNTS[name]).allow()
    report(name, "delivered")
    assert CircuitBreaker(carriers.ACCOUNTS[name]).allow()
    report(name, "undelivered", UNREGISTERED[name])
    assert pause(name) is None


def test_a_probe_with_the_same_fault_doubles_the_pause(name: str, real: Clock) -> None:
    report_many(name, MOST, UNREGISTERED[name])
    real.advance(circuit_breaker.FIRST_PAUSE_SECONDS + 1)
    breaker = CircuitBreaker(carriers.ACCOUNTS[name])
    assert breaker.allow()
    breaker.record_acceptance()
    report(name, "undelivered", UNREGISTERED[name])
    paused = pause(name)
    assert paused
    assert (paused.faults, round(paused.until - real.seconds)) == (2, 2 * circuit_breaker.FIRST_PAUSE_SECONDS)
