"""Release N reads what release N-1 wrote, and finishes its queue messages and executions (docs/contributing.md).

``states/`` has what the code of each release wrote and left under way, and what it answered to reading requests then. The newest
state is of the newest release. ``RECORD_STATE=1`` writes the state of this checkout, under its version.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest

from outreach import __version__
from outreach.callbacks import callback_request
from outreach.callbacks.callback_request import Delivered
from outreach.campaigns import campaign_records, unfinished_work
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.http.job_status import JobStatus
from outreach.imports import import_records
from outreach.sending import send_queue
from outreach.settings import settings
from tests.statemachines.conftest import Machine, running
from tests.support import customer_endpoint, sample_data, stored_state
from tests.support.functions import invoke
from tests.support.http_server import Server
from tests.support.pipeline import SITE, Pump
from tests.support.stack import consumers
from tests.support.template import QUEUE
from tests.upgrade import scenario

STATES = Path(__file__).parent / "states"
RELEASES = [path.stem for path in sorted(STATES.glob("*.json"))]
ROUNDS = 12


@pytest.fixture
def carrier(now: customer_endpoint.Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with sample_data.external_services(monkeypatch) as server:
        yield server


@pytest.fixture(params=RELEASES)
def state(request: pytest.FixtureRequest, carrier: Server, now: customer_endpoint.Clock) -> stored_state.State:
    """The state of an older release, restored, at the time at which it was recorded."""
    recorded: stored_state.State = json.loads((STATES / f"{request.param}.json").read_text())
    now.moment = datetime.fromisoformat(recorded["time"])
    stored_state.restore(recorded)
    return recorded


def test_a_site_at_work_has_something_of_everything(
    carrier: Server, now: customer_endpoint.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.begin(monkeypatch)
    recorded = {"time": now.moment.isoformat(), **stored_state.capture(), "definitions": scenario.definitions()}
    recorded |= {"sent": messages_sent(carrier), "answers": {url: scenario.answer(url) for url in scenario.requests()}}
    empty = {name for kind in ("tables", "objects", "executions") for name, entries in recorded[kind].items() if not entries}
    assert empty <= {"RequestsTable"}
    assert recorded["schedules"]
    assert set(recorded["queues"]) == {queue for _, queue, _ in consumers(QUEUE)}
    if os.environ.get("RECORD_STATE"):
        (STATES / f"{__version__}.json").write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


def messages_sent(carrier: Server) -> list[str]:
    """The ids of the messages that the carrier was asked to send; each has an address of its own for receipts."""
    forms = [parse_qs(request.body.decode()) for request in carrier.requests if request.method == "POST"]
    return sorted(form["StatusCallback"][0] for form in forms if "StatusCallback" in form)


def test_there_is_a_state_of_a_release() -> None:
    assert RELEASES


def test_what_the_older_release_has_written_is_served_as_before(state: stored_state.State) -> None:
    new = {url: scenario.answer(url) for url in state["answers"]}
    assert scenario.differences(state["answers"], new) == []


def test_what_the_older_release_has_begun_is_finished_and_no_message_is_sent_twice(
    state: stored_state.State, carrier: Server, now: customer_endpoint.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    callbacks: list[bytes] = []
    monkeypatch.setattr(callback_request, "post", lambda _site_id, _url, body, *_, **__: callbacks.append(body) or Delivered(200))
    monkeypatch.setattr(send_queue, "_MAX_DELAY_SECONDS", 0)  # the queue's own clock does not move
    finish_executions(state, now, monkeypatch)
    with running_today(now, monkeypatch) as machines:
        boto3.client("scheduler").create_schedule_group(Name=settings().schedule_group)
        for entry in state["schedules"]:
            invoke("workers/begin_scheduled_start", json.loads(entry))
        pump = Pump()
        for _ in range(ROUNDS):
            wait_for_executions(machines)
            pump.poll()
            now.advance(600)
            invoke("workers/sweep", {})
        wait_for_executions(machines)
    assert {(record.campaign_name, record.status) for record in unfinished()} == {("paused", RecordStatus.PAUSED)}
    assert stored_state.capture()["queues"] == {}
    assert import_records.get(SITE, sample_data.FILE).status is JobStatus.COMPLETED
    assert callbacks
    assert set(Counter([*state["sent"], *messages_sent(carrier)]).values()) == {1}


def unfinished() -> list[CampaignRecord]:
    return [campaign_records.get(record.site_id, record.id) for record in unfinished_work.read().records]


def finish_executions(state: stored_state.State, now: customer_endpoint.Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run executions to their end: with the definitions of the older release, and the functions of this one."""
    for name, inputs in state["executions"].items():
        with running(monkeypatch, f"older-{name}", state["definitions"][name]) as machine:
            machine.waits = Passing(now)
            for entry in inputs:
                assert machine.run(task, **json.loads(entry)).status == "SUCCEEDED", name


@contextmanager
def running_today(now: customer_endpoint.Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Machine]]:
    """The state machines of this release, which functions start."""
    with ExitStack() as stack:
        machines = [stack.enter_context(running(monkeypatch, *entry)) for entry in scenario.definitions().items()]
        for machine in machines:
            machine.task, machine.waits = task, Passing(now)
        yield machines


def wait_for_executions(machines: list[Machine]) -> None:
    for machine in machines:
        for execution in boto3.client("stepfunctions").list_executions(stateMachineArn=machine.arn)["executions"]:
            machine.finish(execution["executionArn"])


def task(function: str, payload: dict[str, Any]) -> Any:
    return invoke(f"workers/{function}", payload)


class Passing(list[int]):
    """Lets the time pass for which a state machine waits."""

    def __init__(self, now: customer_endpoint.Clock) -> None:
        super().__init__()
        self.now = now

    def append(self, seconds: int) -> None:
        super().append(seconds)
        self.now.advance(seconds)
