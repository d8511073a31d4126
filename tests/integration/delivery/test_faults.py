"""What can go wrong at a carrier: nothing is lost, nothing is sent twice, and the carrier is called no more often than needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreach.contacts import optouts
from outreach.delivery import lost_answers
from outreach.messages import store
from outreach.sending import carriers as outgoing
from outreach.settings import settings
from outreach.sites import store as sites
from tests.support.carriers import Channel, status
from tests.support.pipeline import SITE

NUMBER = "+12125550199"


@pytest.mark.parametrize(
    ("ending", "ends", "calls"),
    [
        ("0199", "delivered", ["accepted"]),
        ("0101", "failed", ["refused"]),
        ("0102", "failed", ["refused"]),
        ("0103", "undelivered", ["accepted"]),
        ("0104", "delivered", ["429", "429", "accepted"]),
        ("0107", "delivered", ["accepted"]),
        ("0108", "delivered", ["accepted"]),
    ],
)
def test_the_carrier_is_asked_until_it_has_decided(channel: Channel, ending: str, ends: str, calls: list[str]) -> None:
    (message_id,) = channel.queue(f"+1212555{ending}")
    channel.run_until(lambda: status(message_id) == ends)
    assert channel.calls() == calls


@pytest.mark.parametrize(
    ("ending", "twilio", "telnyx"),
    [
        # Without idempotency a 500 can only be looked into; with it, asking again is safe.
        ("0105", ("failed", ["500"]), ("delivered", ["500", "accepted"])),
        # The receipt is the evidence.
        ("0106", ("delivered", ["lost"]), ("delivered", ["lost"])),
    ],
)
def test_an_unknown_outcome_is_found_out_about(
    channel: Channel, ending: str, twilio: tuple[str, list[str]], telnyx: tuple[str, list[str]]
) -> None:
    ends, calls = {"twilio": twilio, "telnyx": telnyx}[channel.name]
    (message_id,) = channel.queue(f"+1212555{ending}")
    channel.run_until(lambda: status(message_id) == ends)
    assert channel.calls() == calls


def test_a_lost_answer_is_found_out_about_without_receipts(channel: Channel, without_receipts: None) -> None:
    (message_id,) = channel.queue("+12125550106")
    channel.run_until(lambda: status(message_id) == "sent")
    assert channel.calls() == {"twilio": ["lost"], "telnyx": ["lost", "replayed"]}[channel.name]


def test_what_cannot_be_found_out_says_so(channel: Channel) -> None:
    if channel.name == "telnyx":
        pytest.skip("Telnyx always tells")
    (message_id,) = channel.queue("+12125550105")
    channel.run_until(lambda: status(message_id) == "failed")
    assert store.get(SITE, message_id).failed_reason == lost_answers.OUTCOME_UNKNOWN


def test_an_account_may_ask_to_send_again_what_cannot_be_found_out(channel: Channel) -> None:
    sites.put_account(replace(channel.account, resends_unknown=True))
    (message_id,) = channel.queue("+12125550105")
    channel.run_until(lambda: status(message_id) == "delivered")
    assert channel.calls() == ["500", "accepted"]


def test_a_recipient_who_has_opted_out_is_never_asked_again(channel: Channel) -> None:
    (message_id,) = channel.queue("+12125550102")
    channel.run_until(lambda: status(message_id) == "failed")
    assert optouts.opted_out(SITE, ["+12125550102"])


def test_a_number_that_a_carrier_names_in_its_reason_is_not_logged(
    channel: Channel, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (message_id,) = channel.queue("+12125550101")
    channel.run_until(lambda: status(message_id) == "failed")
    logged = str([vars(record) for record in caplog.records]) + capsys.readouterr().out
    assert message_id in logged
    assert "2125550101" not in logged


def test_a_single_message_to_somebody_who_has_opted_out_fails_without_a_call(channel: Channel) -> None:
    optouts.add(SITE, NUMBER, "test")
    (message_id,) = channel.queue(NUMBER)
    channel.run_until(lambda: status(message_id) == "failed")
    assert (store.get(SITE, message_id).failed_reason, channel.calls()) == ("opted_out", [])


def test_copies_of_a_message_are_one_call(channel: Channel) -> None:
    for _ in range(3):
        (message_id,) = channel.queue(NUMBER)
    channel.run_until(lambda: status(message_id) == "delivered")
    channel.run_until(lambda: True)
    assert channel.calls() == ["accepted"]


def test_a_carrier_that_cannot_be_reached_is_asked_again(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWILIO_BASE_URL", "TELNYX_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    settings.cache_clear()
    (message_id,) = channel.queue(NUMBER)
    channel.pump.turn()
    assert status(message_id) == "sending"
    for name in ("TWILIO_BASE_URL", "TELNYX_BASE_URL"):
        monkeypatch.setenv(name, channel.simulator)
    settings.cache_clear()
    channel.run_until(lambda: status(message_id) == "delivered")
    assert channel.calls() == ["accepted"]


def test_a_worker_that_dies_after_its_call_has_sent_once(
    channel: Channel, without_receipts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = outgoing.send

    def die(*request: object) -> None:
        send(*request)  # type: ignore[arg-type]
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(outgoing, "send", die)
        (message_id,) = channel.queue(NUMBER)
        channel.pump.turn()
    assert (status(message_id), channel.calls()) == ("sending", ["accepted"])
    channel.clock.skip(lost_answers.LEASE_SECONDS)
    channel.run_until(lambda: status(message_id) == "sent")
    assert channel.calls() == {"twilio": ["accepted"], "telnyx": ["accepted", "replayed"]}[channel.name]


def test_a_copy_that_comes_before_its_time_is_put_off(channel: Channel) -> None:
    (message_id,) = channel.queue(NUMBER)
    now = channel.clock.now().timestamp()
    store.postpone([store.get(SITE, message_id)], [now + 300])
    for _ in range(3):
        channel.pump.turn()
    assert (status(message_id), channel.calls()) == ("queued", [])
    channel.clock.skip(300)
    channel.run_until(lambda: status(message_id) in ("sent", "delivered"))
