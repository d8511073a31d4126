"""A send that fails three times in a row for the same reason pauses and says why; an outage of AWS alone does not stop it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest

from outreach import aws, clock, stepfunctions
from outreach.campaigns import campaign_records, ledger, unfinished_work
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import Answer, call, invoke
from tests.support.pipeline import SITE


@pytest.fixture
def campaign(carrier: str) -> str:
    pipeline.create_contact("+12125551200")
    return str(pipeline.create_campaign()["id"])


@pytest.fixture
def record_id(campaign: str) -> str:
    return pipeline.send(campaign)


def fail(record_id: str, error: str = "NoSuchKey") -> None:
    """Let the record's execution fail as Step Functions reports it, then run the sweep."""
    executions = boto3.client("stepfunctions").list_executions(stateMachineArn=settings().campaign_send_arn)["executions"]
    newest = max(executions, key=lambda execution: int(execution["name"].rsplit("-", 1)[1]))
    FAILED[newest["executionArn"]] = error
    invoke("workers/sweep", {})


FAILED: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _failing_executions(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAILED.clear()
    describe, names_of_running = aws.stepfunctions().describe_execution, stepfunctions.names_of_running

    def describe_failed(executionArn: str) -> Any:  # noqa: N803 - AWS's name
        answer = describe(executionArn=executionArn)
        return {**answer, "status": "FAILED", "error": FAILED[executionArn]} if executionArn in FAILED else answer

    def names_without_failed(machine_arn: str) -> frozenset[str]:
        return names_of_running(machine_arn) - {arn.rsplit(":", 1)[1] for arn in FAILED}

    monkeypatch.setattr(aws.stepfunctions(), "describe_execution", describe_failed)
    monkeypatch.setattr(stepfunctions, "names_of_running", names_without_failed)


def act(campaign: str, verb: str) -> Answer:
    return call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign}:{verb}")


def status(record_id: str) -> tuple[str, str | None]:
    record = pipeline.record(record_id)
    return record["status"], record["statusReason"]


@pytest.fixture(params=["not frozen", "frozen"])
def stalled(request: pytest.FixtureRequest, record_id: str) -> str:
    """A record that has failed three times in a row for the same reason."""
    if request.param == "frozen":
        pipeline.freeze(record_id)
    for _ in range(3):
        fail(record_id)
    return record_id


def test_a_send_that_keeps_failing_pauses_and_says_why(stalled: str) -> None:
    assert status(stalled) == ("paused", "no_progress: the send failed 3 times in a row (NoSuchKey)")
    executions = pipeline.executions()
    invoke("workers/sweep", {})
    assert pipeline.executions() == executions


def test_a_restart_asks_for_the_state_of_the_execution_twice(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once to find the failure, and once more before it is replaced. AWS answers 10 to 15 such requests a second."""
    described, describe = [], aws.stepfunctions().describe_execution
    monkeypatch.setattr(aws.stepfunctions(), "describe_execution", lambda **names: described.append(names) or describe(**names))
    fail(record_id)
    assert pipeline.executions().keys() == {f"{record_id}-1", f"{record_id}-2"}
    assert len(described) == 2


def test_a_send_that_pauses_itself_raises_the_alarm_once(record_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        fail(record_id)
    assert capsys.readouterr().out.count('"WorkGivenUp":[1.0]') == 1


def test_a_stalled_send_can_be_resumed(stalled: str, campaign: str) -> None:
    assert (act(campaign, "resume").status, pipeline.record(stalled)["statusReason"]) == (200, None)
    fail(stalled)
    assert status(stalled)[0] in ("pending", "running")
    pipeline.fan_out(stalled)
    assert pipeline.counts(stalled)["queued"] == 1


def test_a_stalled_send_can_be_cancelled(stalled: str, campaign: str) -> None:
    act(campaign, "cancel")
    pipeline.fan_out(stalled)
    invoke("workers/sweep", {})
    assert status(stalled) == ("cancelled", None)
    assert unfinished_work.read().records == []


def test_a_send_that_makes_progress_between_failures_continues(record_id: str) -> None:
    for advance in (pipeline.freeze, lambda _: None, pipeline.fan_out):
        fail(record_id)
        advance(record_id)
    assert status(record_id) == ("running", None)


def test_a_send_that_fails_for_other_reasons_each_time_is_restarted_ten_times_at_most(record_id: str) -> None:
    for number in range(9):
        fail(record_id, f"Error{number}")
    assert status(record_id) == ("pending", None)
    fail(record_id, "Error9")
    assert status(record_id) == ("paused", "no_progress: the send failed 10 times in a row (Error9)")


def test_an_outage_of_aws_does_not_stop_a_send(record_id: str) -> None:
    for _ in range(20):
        fail(record_id, "ThrottlingException")
    assert status(record_id) == ("pending", None)


def test_an_outage_that_lasts_a_day_pauses_the_send(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began = clock.now()
    for hour in range(24):
        monkeypatch.setattr(clock, "now", lambda hour=hour: began + timedelta(hours=hour))
        fail(record_id, "ThrottlingException")
        assert status(record_id) == ("pending", None)
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=24))
    fail(record_id, "ThrottlingException")
    assert status(record_id) == ("paused", "no_progress: the send has failed for a day (ThrottlingException)")


def test_failures_with_a_long_wait_between_them_are_no_row(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began = clock.now()
    for day in range(5):
        monkeypatch.setattr(clock, "now", lambda day=day: began + timedelta(days=day))
        fail(record_id)
    assert status(record_id) == ("pending", None)


def test_failures_of_repairs_with_a_success_between_them_are_no_row(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.fan_out(record_id)
    for _ in range(4):
        with monkeypatch.context() as broken:
            broken.setattr(ledger, "read_pages", _refuse)
            assert invoke("workers/sweep", {})["failed"] == 1
        assert invoke("workers/sweep", {})["failed"] == 0
    assert status(record_id) == ("running", None)


def test_a_paused_record_that_cannot_be_repaired_keeps_its_reason(
    record_id: str, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.fan_out(record_id)
    act(campaign, "pause")
    monkeypatch.setattr(ledger, "read_pages", _refuse)
    for _ in range(4):
        invoke("workers/sweep", {})
    assert campaign_records.get(SITE, record_id).status_reason is None


def test_a_cancellation_that_keeps_failing_ends(record_id: str, campaign: str) -> None:
    pipeline.fan_out(record_id)
    act(campaign, "cancel")
    for _ in range(3):
        fail(record_id)
    assert status(record_id) == ("cancelled", "no_progress: the send failed 3 times in a row (NoSuchKey)")
    assert unfinished_work.read().records == []


def test_a_record_that_cannot_be_repaired_pauses(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.fan_out(record_id)

    with monkeypatch.context() as broken:
        broken.setattr(ledger, "read_pages", _refuse)
        for _ in range(3):
            assert invoke("workers/sweep", {})["failed"] == 1
    assert campaign_records.get(SITE, record_id).status_reason == "no_progress: the send failed 3 times in a row (ValueError)"


def _refuse(*_: Any) -> Any:
    raise ValueError("unreadable")
