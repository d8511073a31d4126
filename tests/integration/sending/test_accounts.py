"""An account that the carrier refuses is paused, and its messages wait: none fails, and hardly any call is made in vain."""

from __future__ import annotations

import json

import pytest

from outreach.delivery.attempt import EXPIRED
from outreach.messages import store
from outreach.sending import accounts
from outreach.sending.accounts import Gate
from outreach.settings import settings
from tests.support import http_server
from tests.support.callbacks import Clock
from tests.support.carriers import CREDENTIALS, Channel, status
from tests.support.pipeline import ACCOUNT, SITE

NUMBERS = [f"+1212555{number}" for number in range(1200, 1212)]
# Calls that are under way at once when the first of them meets the fault.
AT_ONCE = 32
SPENDING_LIMIT = json.dumps({"errors": [{"code": "40333", "title": "Spend limit reached"}]}).encode()


def seconds_closed(now: Clock, until: float | None) -> float:
    assert until is not None
    return until - now.seconds


def test_a_campaign_outlasts_wrong_credentials(channel: Channel, capsys: pytest.CaptureFixture[str]) -> None:
    channel.use_credentials(dict.fromkeys(CREDENTIALS[channel.name], "wrong"))
    ids = channel.queue(*NUMBERS)
    channel.pump.turn()
    assert {status(message_id) for message_id in ids} <= {"queued", "sending"}
    assert capsys.readouterr().out.count('"AccountPaused":[1.0]') == 1
    met = len(channel.calls())
    assert met <= AT_ONCE
    channel.clock.skip(accounts.FIRST_PAUSE_SECONDS)
    channel.run_until(lambda: len(channel.calls()) > met, pace=0)
    channel.pump.turn()
    assert len(channel.calls()) == met + 1
    channel.use_credentials(CREDENTIALS[channel.name])
    channel.clock.skip(2 * accounts.FIRST_PAUSE_SECONDS)
    channel.run_until(lambda: {status(message_id) for message_id in ids} == {"delivered"}, pace=1)
    assert channel.calls()[met + 1 :] == ["accepted"] * len(NUMBERS)


def test_a_spending_limit_stops_the_account_until_midnight(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    if channel.name == "twilio":
        pytest.skip("Twilio has no such error")
    with http_server.serving(http_server.reply(429, SPENDING_LIMIT)) as carrier:
        monkeypatch.setenv("TELNYX_BASE_URL", carrier.url)
        settings.cache_clear()
        ids = channel.queue(NUMBERS[0])
        channel.pump.turn()
        now = channel.clock.now()
        to_midnight = 86_400 - (now.hour * 3600 + now.minute * 60 + now.second)
        channel.clock.skip(to_midnight - 60)
        channel.pump.turn()
        assert (len(carrier.requests), status(ids[0])) == (1, "sending")
        channel.clock.skip(62)
        channel.run_until(lambda: len(carrier.requests) == 2, pace=0)


def test_pauses_grow_up_to_a_limit(now: Clock) -> None:
    pauses = []
    for _ in range(7):
        gate = Gate(ACCOUNT)
        assert gate.enter() is None
        pauses.append(seconds_closed(now, gate.close("20003: no")))
        now.advance(pauses[-1] + 1)
    assert pauses == [60, 120, 240, 480, 960, 1800, 1800]


def test_after_a_pause_only_one_may_try(now: Clock) -> None:
    Gate(ACCOUNT).close("20003: no")
    now.advance(accounts.FIRST_PAUSE_SECONDS + 1)
    first, second, third = Gate(ACCOUNT), Gate(ACCOUNT), Gate(ACCOUNT)
    assert first.enter() is None
    assert [seconds_closed(now, gate.enter()) for gate in (first, second, third)] == [accounts.PROBE_SECONDS] * 3
    first.open()
    assert [gate.enter() for gate in (first, Gate(ACCOUNT))] == [None, None]


def test_calls_that_met_the_same_fault_are_one_fault(now: Clock) -> None:
    one, other = Gate(ACCOUNT), Gate(ACCOUNT)
    until = one.close("20003: no")
    assert (one.close("20003: no"), other.close("20003: no")) == (until, until)


def test_an_account_that_works_costs_no_write(aws: None) -> None:
    gate = Gate(ACCOUNT)
    assert gate.enter() is None
    gate.open()
    assert accounts.pause_of(ACCOUNT.site_id, ACCOUNT.id) is None


def test_nobody_looks_for_lost_answers_while_the_account_is_paused(channel: Channel, without_receipts: None) -> None:
    (message_id,) = channel.queue("+12125550106")
    channel.pump.turn()
    gate = Gate(channel.account)
    gate.close("no")
    for _ in range(4):
        channel.pump.turn()
    assert (status(message_id), channel.calls()) == ("sending", ["lost"])
    gate.open()
    channel.run_until(lambda: status(message_id) == "sent")


def test_what_has_waited_a_week_for_its_account_fails_and_what_is_younger_waits_on(channel: Channel) -> None:
    Gate(channel.account).close("20003: no", seconds=2 * accounts.PATIENCE_SECONDS)
    (old,) = channel.queue(NUMBERS[0])
    channel.clock.skip(accounts.PATIENCE_SECONDS - 60)
    channel.pump.turn()
    assert status(old) == "queued"
    channel.clock.skip(60)
    _, young = channel.queue(*NUMBERS[:2])
    channel.run_until(lambda: status(old) == "failed", pace=0)
    assert store.get(SITE, old).failed_reason == EXPIRED
    assert (status(young), channel.calls()) == ("queued", [])


def test_an_operator_ends_a_pause(channel: Channel) -> None:
    Gate(channel.account).close("40333: no", seconds=80_000)
    (message_id,) = channel.queue(NUMBERS[0])
    channel.pump.turn()
    accounts.resume(SITE, channel.account.id)
    channel.run_until(lambda: status(message_id) == "delivered")
