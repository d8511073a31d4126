"""Faults at a carrier: no message is lost or sent twice, and the carrier is not called more often than needed."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from outreach import parameter_store
from outreach.carriers import registry
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.delivery import outcome_recording
from outreach.messages import failed_reasons, message_store
from outreach.sending import circuit_breaker
from outreach.settings import settings
from outreach.sites import secrets, site_store
from tests.support.carriers import Channel, status
from tests.support.pipeline import SITE

NUMBER = "+12125550199"


@pytest.mark.parametrize(
    ("suffix", "final_status", "calls"),
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
def test_a_message_is_attempted_until_it_has_an_outcome(
    channel: Channel, suffix: str, final_status: str, calls: list[str]
) -> None:
    (message_id,) = channel.queue(f"+1212555{suffix}")
    channel.run_until(lambda: status(message_id) == final_status)
    assert channel.calls() == calls


@pytest.mark.parametrize(
    ("suffix", "twilio", "telnyx"),
    [
        # Without idempotency keys, a 500 is only reconciled; with them, the request is repeated.
        ("0105", ("failed", ["500"]), ("delivered", ["500", "accepted"])),
        # The receipt settles the outcome.
        ("0106", ("delivered", ["lost"]), ("delivered", ["lost"])),
    ],
)
def test_an_unknown_outcome_is_reconciled(
    channel: Channel, suffix: str, twilio: tuple[str, list[str]], telnyx: tuple[str, list[str]]
) -> None:
    final_status, calls = {"twilio": twilio, "telnyx": telnyx}[channel.name]
    (message_id,) = channel.queue(f"+1212555{suffix}")
    channel.run_until(lambda: status(message_id) == final_status)
    assert channel.calls() == calls


def test_an_unknown_outcome_is_reconciled_without_receipts(channel: Channel, without_receipts: None) -> None:
    (message_id,) = channel.queue("+12125550106")
    channel.run_until(lambda: status(message_id) == "sent")
    assert channel.calls() == {"twilio": ["lost"], "telnyx": ["lost", "replayed"]}[channel.name]


def test_a_message_fails_when_its_outcome_stays_unknown(channel: Channel) -> None:
    if channel.name == "telnyx":
        pytest.skip("Telnyx always reports the outcome")
    (message_id,) = channel.queue("+12125550105")
    channel.run_until(lambda: status(message_id) == "failed")
    assert message_store.get(SITE, message_id).failed_reason == failed_reasons.OUTCOME_UNKNOWN


def test_an_account_may_resend_messages_with_unknown_outcomes(channel: Channel) -> None:
    site_store.put_account(replace(channel.account, resends_unknown=True))
    (message_id,) = channel.queue("+12125550105")
    channel.run_until(lambda: status(message_id) == "delivered")
    assert channel.calls() == ["500", "accepted"]


def test_an_opt_out_that_the_carrier_reports_is_recorded(channel: Channel) -> None:
    (message_id,) = channel.queue("+12125550102")
    channel.run_until(lambda: status(message_id) == "failed")
    assert opt_outs.opted_out_among(SITE, ["+12125550102"])


def test_a_message_from_another_sender_never_pauses_the_account(channel: Channel) -> None:
    (refused,) = channel.queue(NUMBER, sender="+15005550001")
    channel.run_until(lambda: status(refused) == "failed")
    assert circuit_breaker.state_of(SITE, channel.account.id, consistent=True) is None


def test_a_message_from_another_sender_does_not_end_a_pause(channel: Channel) -> None:
    breaker = circuit_breaker.CircuitBreaker(channel.account)
    breaker.record_failure("20003: authenticate", 1)
    (refused,) = channel.queue(NUMBER, sender="+15005550001")
    channel.run_until(lambda: status(refused) == "failed")
    assert circuit_breaker.state_of(SITE, channel.account.id, consistent=True)


def test_a_number_in_the_carriers_reason_is_not_logged(
    channel: Channel, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (message_id,) = channel.queue("+12125550101")
    channel.run_until(lambda: status(message_id) == "failed")
    logged = str([vars(record) for record in caplog.records]) + capsys.readouterr().out
    assert message_id in logged
    assert "2125550101" not in logged


def test_a_single_message_to_an_opted_out_recipient_fails_without_a_call(channel: Channel) -> None:
    opt_outs.add(SITE, NUMBER, Source.OPERATOR)
    (message_id,) = channel.queue(NUMBER)
    channel.run_until(lambda: status(message_id) == "failed")
    assert (message_store.get(SITE, message_id).failed_reason, channel.calls()) == ("opted_out", [])


def test_duplicate_jobs_call_the_carrier_once(channel: Channel) -> None:
    for _ in range(3):
        (message_id,) = channel.queue(NUMBER)
    channel.run_until(lambda: status(message_id) == "delivered")
    channel.run_until(lambda: True)
    assert channel.calls() == ["accepted"]


def test_a_call_to_an_unreachable_carrier_is_repeated(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWILIO_BASE_URL", "TELNYX_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    settings.cache_clear()
    (message_id,) = channel.queue(NUMBER)
    channel.pump.poll()
    assert status(message_id) == "sending"
    for name in ("TWILIO_BASE_URL", "TELNYX_BASE_URL"):
        monkeypatch.setenv(name, channel.simulator)
    settings.cache_clear()
    channel.run_until(lambda: status(message_id) == "delivered")
    assert channel.calls() == ["accepted"]


def test_a_worker_that_dies_after_its_call_sends_once(
    channel: Channel, without_receipts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = registry.send

    def die(*request: object) -> None:
        send(*request)  # type: ignore[arg-type]
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(registry, "send", die)
        (message_id,) = channel.queue(NUMBER)
        channel.pump.poll()
    assert (status(message_id), channel.calls()) == ("sending", ["accepted"])
    channel.clock.skip(outcome_recording.CLAIM_SECONDS)
    channel.run_until(lambda: status(message_id) == "sent")
    assert channel.calls() == {"twilio": ["accepted"], "telnyx": ["accepted", "replayed"]}[channel.name]


def test_a_job_that_arrives_before_its_slot_waits(channel: Channel) -> None:
    (message_id,) = channel.queue(NUMBER)
    now = channel.clock.now().timestamp()
    message_store.postpone([message_store.get(SITE, message_id)], [now + 300])
    for _ in range(3):
        channel.pump.poll()
    assert (status(message_id), channel.calls()) == ("queued", [])
    channel.clock.skip(300)
    channel.run_until(lambda: status(message_id) in ("sent", "delivered"))


def test_a_message_fails_when_its_carrier_cannot_be_reached_for_a_day(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("TWILIO_BASE_URL", "TELNYX_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    settings.cache_clear()
    (message_id,) = channel.queue(NUMBER)
    channel.run_until(lambda: status(message_id) == "failed", pace=7_000)
    assert (
        message_store.get(SITE, message_id).failed_reason == "no_progress: the message has failed for a day (CarrierUnavailable)"
    )
    assert capsys.readouterr().out.count('"WorkGivenUp":[1.0]') == 1


def test_an_account_without_credentials_pauses_and_keeps_its_messages(channel: Channel) -> None:
    boto3.client("ssm").delete_parameter(Name=secrets.account_path(SITE, channel.account.id))
    parameter_store.clear()
    (message_id,) = channel.queue(NUMBER)
    channel.pump.poll()
    pause = circuit_breaker.state_of(SITE, channel.account.id)
    assert pause is not None
    assert "no credentials" in pause.reason
    assert (status(message_id), channel.calls()) == ("queued", [])
