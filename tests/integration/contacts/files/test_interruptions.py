"""Imports and exports whose process dies: what the sweep, and Lambda's own repetition, make of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import boto3
import pytest

from outreach import clock
from outreach.contacts.files import executions, exporting, objects, records
from outreach.contacts.files.status import Status
from outreach.settings import settings
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import SITE
from tests.integration.contacts.files import requests as files
from tests.support import functions
from tests.support.crashes import Crash, dying_at
from tests.support.functions import call

ROWS = "name,email\nTom,tom{0}@b.co\nTim,none\n"

Later = Callable[[timedelta], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Put our clock forward."""
    now = clock.now

    def forward(by: timedelta) -> None:
        def later() -> datetime:
            return now() + by

        monkeypatch.setattr(clock, "now", later)

    return forward


def end_executions() -> None:
    """What the executions that nobody answers come to."""
    states = boto3.client("stepfunctions")
    for execution in states.list_executions(stateMachineArn=settings().import_contacts_arn)["executions"]:
        if execution["status"] == "RUNNING":
            states.stop_execution(executionArn=execution["executionArn"])


def upload_dying_at(call_number: int) -> bool:
    """Whether an import came to its end before that AWS call."""
    try:
        with dying_at(call_number):
            files.upload(ROWS.format(call_number))
    except Crash:
        return False
    return True


@pytest.mark.parametrize("call_number", range(5, 26, 3))
def test_an_import_that_dies_anywhere_is_finished_by_the_sweep(later: Later, call_number: int) -> None:
    assert not upload_dying_at(call_number)
    begun = [import_id for _, import_id in records.unfinished()]
    end_executions()
    later(timedelta(minutes=3))
    assert functions.invoke("workers/sweep", {})["failed"] == 0
    for import_id in begun:
        has_file = objects.head(objects.upload_key(SITE, import_id)) is not None
        assert files.record(import_id).body["status"] == ("completed" if has_file else "pending")
        assert not has_file or files.counts(files.record(import_id)) == (1, 0, 0, 1)


def test_an_import_at_work_is_left_alone(later: Later) -> None:
    assert not upload_dying_at(12)
    ((_, import_id),) = records.unfinished()
    functions.invoke("workers/sweep", {})
    assert records.get(SITE, import_id).restarts == 0, "it has only just begun"
    later(timedelta(minutes=3))
    functions.invoke("workers/sweep", {})
    assert records.get(SITE, import_id).restarts == 0, "its execution runs"


@pytest.mark.parametrize("announced", [False, True])
def test_an_import_that_never_comes_to_its_end_fails_after_a_day(
    announced: bool, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
    with monkeypatch.context() as lost:
        lost.setattr(executions, "start", lambda *_: None)
        answer = call("contacts/import_contacts", "POST", files.IMPORT, {"size": 5}) if announced else files.upload(ROWS)
    later(timedelta(days=1, minutes=3))
    functions.invoke("workers/sweep", {})
    record = records.get(SITE, answer.body["id"])
    assert (record.status, list(records.unfinished())) == (Status.FAILED, [])
    assert "within a day" in record.errors[0]


@pytest.mark.parametrize("call_number", range(1, 9))
def test_an_export_that_dies_anywhere_is_written_by_the_next_try(call_number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = api.created("Tom")
    monkeypatch.setattr(functions.load("contacts/export_contacts"), "WAIT_SECONDS", 0)
    with monkeypatch.context() as lost:
        lost.setattr(exporting, "write", lambda *_: 0)
        export_id = files.export().body["id"]
    with pytest.raises(Crash), dying_at(call_number):
        exporting.write(SITE, export_id)
    assert exporting.status(SITE, export_id) is Status.RUNNING
    assert exporting.write(SITE, export_id) == 1
    assert contact["id"] in objects.get(objects.export_key(SITE, export_id)).decode()
