"""Imports and exports that crash: the sweep or Lambda's retries finish them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import boto3
import pytest

from outreach import clock, s3
from outreach.exports import csv_export
from outreach.http.job_status import JobStatus
from outreach.imports import import_execution, import_objects, import_records
from outreach.settings import settings
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import SITE
from tests.integration.imports import file_requests
from tests.support import functions
from tests.support.crash_points import Crash, dying_at
from tests.support.functions import call

ROWS = "name,email\nTom,tom{0}@b.co\nTim,none\n"

AdvanceClock = Callable[[timedelta], None]


@pytest.fixture
def advance_clock(monkeypatch: pytest.MonkeyPatch) -> AdvanceClock:
    """A function that sets the clock forward."""
    now = clock.now

    def advance(by: timedelta) -> None:
        def later() -> datetime:
            return now() + by

        monkeypatch.setattr(clock, "now", later)

    return advance


def end_executions() -> None:
    """Stop the executions that moto leaves running."""
    states = boto3.client("stepfunctions")
    for execution in states.list_executions(stateMachineArn=settings().import_contacts_arn)["executions"]:
        if execution["status"] == "RUNNING":
            states.stop_execution(executionArn=execution["executionArn"])


def upload_dying_at(call_number: int) -> bool:
    """Import a file and crash at an AWS call; return whether the import finished before."""
    try:
        with dying_at(call_number):
            file_requests.upload(ROWS.format(call_number))
    except Crash:
        return False
    return True


@pytest.mark.parametrize("call_number", range(5, 26, 3))
def test_the_sweep_finishes_an_import_that_crashed_anywhere(advance_clock: AdvanceClock, call_number: int) -> None:
    assert not upload_dying_at(call_number)
    import_ids = [import_id for _, import_id in import_records.list_unfinished()]
    end_executions()
    advance_clock(timedelta(minutes=3))
    assert functions.invoke("workers/sweep", {})["failed"] == 0
    for import_id in import_ids:
        has_file = s3.files().head(import_objects.upload_key(SITE, import_id)) is not None
        assert file_requests.record(import_id).body["status"] == ("completed" if has_file else "pending")
        assert not has_file or file_requests.counts(file_requests.record(import_id)) == (1, 0, 0, 1)


def test_the_sweep_does_not_restart_a_running_import(advance_clock: AdvanceClock) -> None:
    assert not upload_dying_at(12)
    ((_, import_id),) = import_records.list_unfinished()
    functions.invoke("workers/sweep", {})
    assert import_records.get(SITE, import_id).restarts == 0, "it has just started"
    advance_clock(timedelta(minutes=3))
    functions.invoke("workers/sweep", {})
    assert import_records.get(SITE, import_id).restarts == 0, "its execution is running"


def test_an_import_whose_field_is_deleted_while_it_runs_fails_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    contact_requests.create_field(name="Shoe size", type="text")
    monkeypatch.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
    with monkeypatch.context() as no_execution:
        no_execution.setattr(import_execution, "start", lambda *_: None)
        import_id = file_requests.upload("name,email,size\nTom,tom@b.co,39\n", columns={"size": "Shoe size"}).body["id"]
    execution = {"site_id": SITE, "import_id": import_id}
    assert functions.invoke("workers/split_import", execution)["outcome"] == "running"
    assert contact_requests.delete_field("Shoe size").status == 204
    assert functions.invoke("workers/import_rows", execution)["outcome"] == "failed"
    assert "/columns/size" in import_records.get(SITE, import_id).errors[0]


@pytest.mark.parametrize("is_upload_missing", [False, True])
def test_an_import_that_never_finishes_fails_after_a_day(
    is_upload_missing: bool, advance_clock: AdvanceClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
    with monkeypatch.context() as no_execution:
        no_execution.setattr(import_execution, "start", lambda *_: None)
        answer = (
            call("contacts/import_contacts", "POST", file_requests.IMPORT, {"size": 5})
            if is_upload_missing
            else file_requests.upload(ROWS)
        )
    advance_clock(timedelta(days=1, minutes=3))
    functions.invoke("workers/sweep", {})
    record = import_records.get(SITE, answer.body["id"])
    assert (record.status, list(import_records.list_unfinished())) == (JobStatus.FAILED, [])
    assert "within a day" in record.errors[0]


@pytest.mark.parametrize("call_number", range(1, 9))
def test_the_next_attempt_writes_an_export_that_crashed_anywhere(call_number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = contact_requests.new_contact("Tom")
    monkeypatch.setattr(functions.load("contacts/export_contacts"), "WAIT_SECONDS", 0)
    with monkeypatch.context() as no_worker:
        no_worker.setattr(csv_export, "write", lambda *_: 0)
        export_id = file_requests.export().body["id"]
    with pytest.raises(Crash), dying_at(call_number):
        csv_export.write(SITE, export_id)
    assert csv_export.status(SITE, export_id) is JobStatus.RUNNING
    assert csv_export.write(SITE, export_id) == 1
    assert contact["id"] in s3.files().get(csv_export.object_key(SITE, export_id)).decode()
