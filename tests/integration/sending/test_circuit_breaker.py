"""An account that the carrier rejects is paused: its messages wait instead of failing, and only probes call the carrier."""

from __future__ import annotations

import json

import pytest

from outreach.messages import message_store
from outreach.messages.failed_reasons import EXPIRED
from outreach.sending import circuit_breaker
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.settings import settings
from tests.support import http_server
from tests.support.carriers import CREDENTIALS, Channel, status
from tests.support.customer_endpoint import Clock
from tests.support.pipeline import ACCOUNT, SITE

NUMBERS = [f"+1212555{number}" for number in range(1200, 1212)]
# The number of concurrent calls when the first of them meets the fault.
CONCURRENT_CALLS = 32
SPENDING_LIMIT = json.dumps({"errors": [{"code": "40333", "title": "Spend limit reached"}]}).encode()


def seconds_open(now: Clock, until: float | None) -> float:
    assert until is not None
    return until - now.seconds


def test_messages_wait_for_correct_credentials(channel: Channel, capsys: pytest.CaptureFixture[str]) -> None:
    channel.use_credentials(dict.fromkeys(CREDENTIALS[channel.name], "wrong"))
    ids = channel.queue(*NUMBERS)
    channel.pump.poll()
    assert {status(message_id) for message_id in ids} <= {"queued", "sending"}
    assert capsys.readouterr().out.count('"AccountPaused":[1.0]') == 1
    calls = len(channel.calls())
    assert calls <= CONCURRENT_CALLS
    channel.clock.skip(circuit_breaker.FIRST_PAUSE_SECONDS)
    channel.run_until(lambda: len(channel.calls()) > calls, pace=0)
    channel.pump.poll()
    assert len(channel.calls()) == calls + 1
    channel.use_credentials(CREDENTIALS[channel.name])
    channel.clock.skip(2 * circuit_breaker.FIRST_PAUSE_SECONDS)
    channel.run_until(lambda: {status(message_id) for message_id in ids} == {"delivered"}, pace=1)
    assert channel.calls()[calls + 1 :] == ["accepted"] * len(NUMBERS)


def test_a_spending_limit_stops_the_account_until_midnight(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    if channel.name == "twilio":
        pytest.skip("Twilio has no such error")
    with http_server.serving(http_server.reply(429, SPENDING_LIMIT)) as carrier:
        monkeypatch.setenv("TELNYX_BASE_URL", carrier.url)
        settings.cache_clear()
        ids = channel.queue(NUMBERS[0])
        channel.pump.poll()
        now = channel.clock.now()
        to_midnight = 86_400 - (now.hour * 3600 + now.minute * 60 + now.second)
        channel.clock.skip(to_midnight - 60)
        channel.pump.poll()
        assert (len(carrier.requests), status(ids[0])) == (1, "sending")
        channel.clock.skip(62)
        channel.run_until(lambda: len(carrier.requests) == 2, pace=0)


def test_pauses_grow_up_to_a_limit(now: Clock) -> None:
    pauses = []
    for _ in range(7):
        breaker = CircuitBreaker(ACCOUNT)
        assert breaker.allow()
        pauses.append(seconds_open(now, breaker.record_failure("20003: no")))
        now.advance(pauses[-1] + 1)
    assert pauses == [60, 120, 240, 480, 960, 1800, 1800]


def test_a_half_open_breaker_allows_one_message(now: Clock) -> None:
    CircuitBreaker(ACCOUNT).record_failure("20003: no")
    now.advance(circuit_breaker.FIRST_PAUSE_SECONDS + 1)
    first, second, third = CircuitBreaker(ACCOUNT), CircuitBreaker(ACCOUNT), CircuitBreaker(ACCOUNT)
    assert first.allow()
    assert [breaker.allow() for breaker in (first, second, third)] == [False] * 3
    waits = [seconds_open(now, breaker.open_until()) for breaker in (first, second, third)]
    assert waits == [circuit_breaker.PROBE_SECONDS] * 3
    first.record_success()
    assert [breaker.allow() for breaker in (first, CircuitBreaker(ACCOUNT))] == [True, True]


def test_concurrent_calls_with_the_same_fault_count_once(now: Clock) -> None:
    one, other = CircuitBreaker(ACCOUNT), CircuitBreaker(ACCOUNT)
    until = one.record_failure("20003: no")
    assert (one.record_failure("20003: no"), other.record_failure("20003: no")) == (until, until)


def test_a_closed_breaker_writes_nothing(aws: None) -> None:
    breaker = CircuitBreaker(ACCOUNT)
    assert breaker.allow()
    breaker.record_success()
    assert circuit_breaker.state_of(ACCOUNT.site_id, ACCOUNT.id) is None


def test_unknown_outcomes_are_not_checked_while_the_account_is_paused(channel: Channel, without_receipts: None) -> None:
    (message_id,) = channel.queue("+12125550106")
    channel.pump.poll()
    breaker = CircuitBreaker(channel.account)
    breaker.record_failure("no")
    for _ in range(4):
        channel.pump.poll()
    assert (status(message_id), channel.calls()) == ("sending", ["lost"])
    breaker.record_success()
    channel.run_until(lambda: status(message_id) == "sent")


def test_messages_fail_after_waiting_a_week_for_their_account(channel: Channel) -> None:
    CircuitBreaker(channel.account).record_failure("20003: no", seconds=2 * circuit_breaker.MAX_WAIT_SECONDS)
    (old,) = channel.queue(NUMBERS[0])
    channel.clock.skip(circuit_breaker.MAX_WAIT_SECONDS - 60)
    channel.pump.poll()
    assert status(old) == "queued"
    channel.clock.skip(60)
    _, young = channel.queue(*NUMBERS[:2])
    channel.run_until(lambda: status(old) == "failed", pace=0)
    assert message_store.get(SITE, old).failed_reason == EXPIRED
    assert (status(young), channel.calls()) == ("queued", [])


def test_an_operator_can_end_a_pause(channel: Channel) -> None:
    CircuitBreaker(channel.account).record_failure("40333: no", seconds=80_000)
    (message_id,) = channel.queue(NUMBERS[0])
    channel.pump.poll()
    circuit_breaker.resume(SITE, channel.account.id)
    channel.run_until(lambda: status(message_id) == "delivered")
