"""Single messages that no worker processes any more are repaired."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from outreach import clock
from outreach.messages import failed_reasons, message_index, message_store
from outreach.messages.failed_reasons import EXPIRED
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import MessageStatus
from outreach.repair import single_messages, stalled_messages, sweep
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.sending.send_queue import SendJob
from outreach.settings import settings
from tests.support import pipeline
from tests.support.ticket_steps import queued_bodies

NUMBER = "+12125551200"


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    pipeline.put_site()


def message(number: int, *, age: float = 600) -> Message:
    slot = clock.timestamp(clock.from_epoch(clock.now().timestamp() - age))
    base = Message(f"message-{number}", pipeline.SITE, "contact", pipeline.ACCOUNT.id, "+15005550006", NUMBER, "Hi", slot)
    message_store.create_many([base])
    return base


def repair() -> int:
    """Repair the single messages of all accounts, as the sweep does; return how many needed it."""
    return sum(sum(stalled_messages.repair(rows, clock.now().timestamp())) for rows in single_messages.without_outcome())


def queued() -> list[tuple[str, int | None]]:
    jobs = map(SendJob.from_json, queued_bodies(settings().send_queue_url))
    return sorted((recipient.message_id, job.check) for job in jobs for recipient in job.recipients)


def test_an_overdue_message_is_queued_again_once() -> None:
    message(1), message(2), message(3, age=10)
    assert repair() == 2
    assert queued() == [("message-1", None), ("message-2", None)]
    assert repair() == 0


def test_an_account_that_cannot_be_repaired_is_named_and_does_not_keep_others_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = "00000000-0000-4000-8000-000000000000"  # comes first
    message_store.create_many([replace(message(1), id="message-0", account_id=gone)])
    assert sweep.repair_all() == {"attempted": 2, "failed": 1, "left": 0}
    assert [vars(line)["account_id"] for line in caplog.records if line.message == "repair failed"] == [gone]
    assert queued() == [("message-1", None)]


def sweep_for(monkeypatch: pytest.MonkeyPatch, hours: int, *, every: int = 2) -> None:
    """Let the sweep run from now on."""
    began = clock.now()
    for hour in range(0, hours + 1, every):
        monkeypatch.setattr(clock, "now", lambda hour=hour: began + timedelta(hours=hour))
        repair()


def failed_reason() -> str | None:
    stored = message_store.get(pipeline.SITE, "message-1")
    return stored.failed_reason if stored.status is MessageStatus.FAILED else None


def test_a_message_that_no_worker_processes_fails_after_a_day(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    message(1)
    sweep_for(monkeypatch, 22)
    assert failed_reason() is None
    sweep_for(monkeypatch, 2)
    assert failed_reason() == "no_progress: the message has failed for a day (NotProcessed)"
    assert capsys.readouterr().out.count('"WorkGivenUp":[1.0]') == 1
    assert list(message_index.unsettled_ids("9999")) == []


def test_a_message_that_the_worker_cannot_process_fails_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    message(1)
    for _ in range(13):
        assert failed_reason() is None
        message_store.record_error(pipeline.SITE, "message-1", "ValueError")
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda now=now: now + timedelta(hours=2))
        repair()
    assert failed_reason() == "no_progress: the message has failed for a day (ValueError)"


def test_a_message_that_a_worker_claims_between_failures_starts_a_new_row(monkeypatch: pytest.MonkeyPatch) -> None:
    message(1)
    for _ in range(4):
        message_store.record_error(pipeline.SITE, "message-1", "ValueError")
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda now=now: now + timedelta(hours=1))
        repair()
        claimed = message_store.claim(pipeline.SITE, "message-1", number=NUMBER, until=round(clock.now().timestamp()))
        message_store.set_claim(claimed, ClaimState.FREE, until=0)
    assert failed_reason() is None


def test_a_message_waits_for_a_paused_account_for_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    message(1)
    CircuitBreaker(pipeline.ACCOUNT).record_failure("20003: no", 8 * 86_400)
    sweep_for(monkeypatch, 7 * 24 - 2, every=83)
    assert failed_reason() is None
    sweep_for(monkeypatch, 3, every=3)
    assert failed_reason() == EXPIRED


def test_a_message_probes_after_a_pause_when_no_other_one_is_queued() -> None:
    message(1), message(2)
    CircuitBreaker(pipeline.ACCOUNT).record_failure("20003: no", -1)
    repair()
    assert queued() == [("message-1", None)]


def test_an_outcome_that_cannot_be_checked_fails_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    message(1)
    message_store.claim(pipeline.SITE, "message-1", number=NUMBER, until=1)
    sweep_for(monkeypatch, 26)
    assert failed_reason() == failed_reasons.OUTCOME_UNKNOWN


def test_a_message_whose_worker_died_is_reconciled_while_its_account_is_paused() -> None:
    message(1)
    message_store.claim(pipeline.SITE, "message-1", number=NUMBER, until=1)
    CircuitBreaker(pipeline.ACCOUNT).record_failure("20003: no", 3_600)
    assert repair() == 1
    assert message_store.get(pipeline.SITE, "message-1").claim.state is ClaimState.UNKNOWN


def test_a_running_check_is_not_started_again() -> None:
    message(1)
    message_store.claim(pipeline.SITE, "message-1", number=NUMBER, until=1)
    assert [repair() for _ in range(3)] == [1, 1, 0]


def test_a_message_whose_worker_died_is_reconciled() -> None:
    message(1)
    message_store.claim(pipeline.SITE, "message-1", number=NUMBER, until=1)
    assert repair() == 1
    assert message_store.get(pipeline.SITE, "message-1").claim.state is ClaimState.UNKNOWN


@pytest.mark.parametrize("status", [MessageStatus.SENT, MessageStatus.FAILED])
def test_a_message_with_an_outcome_is_not_repaired(status: MessageStatus) -> None:
    message_store.advance(message(1), status)
    assert list(message_index.unsettled_ids("9999")) == []


def test_messages_of_records_are_not_repaired_as_single_messages() -> None:
    message_store.create_many([replace(message(1), id="message-2", record_id="a-record")])
    assert [message_id for _, message_id in message_index.unsettled_ids("9999")] == ["message-1"]
