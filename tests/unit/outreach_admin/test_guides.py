"""The commands of the guides that administer a stack: bash reads them as they are written, and they run in this process."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import boto3
import pytest
from local_stack.settings import STACK_NAME, Settings
from outreach_admin import admin, deployment, restore_drill

from outreach.campaigns import campaign_records
from outreach.settings import settings
from outreach.sites import site_store
from tests.support import guides, pipeline, template
from tests.support.guides import IN_THE_PROCESS, Place
from tests.support.pipeline import SITE
from tests.unit.outreach_admin.conftest import Run

RECORD = "5c3c1a5e-9d4f-4f0b-8a39-0d6f0f2f7d11"
TELNYX = json.dumps({"api_key": "key", "public_key": "A" * 43 + "="})
# Prints the arguments of each call instead of running it.
READER = "outreach-admin() { printf '%s\\x1f' \"$@\"; printf '\\x1e'; }"


class Guide:
    """Runs blocks of commands, and notes which stack they name."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        self._run, self._monkeypatch = run, monkeypatch
        self.stacks: set[str] = set()
        monkeypatch.setattr(deployment, "enter", self.stacks.add)

    def run(self, place: Place, *values: tuple[str, str], given: str = "") -> list[Any]:
        """Run a block, in which ``values`` take the places of the guide's examples; return what each command prints."""
        for name, value in exported(Place("operations", "")).items():
            self._monkeypatch.setenv(name, value)
        script = guides.commands(place)
        for example, value in values:
            assert example in script
            script = script.replace(example, value)
        calls = guides.run(f"{READER}\n{script}", {"PATH": os.environ["PATH"]}).split("\x1e")[:-1]
        results = [self._run(*call.split("\x1f")[:-1], stdin=given) for call in calls]
        assert [result.err for result in results if result.code] == []
        return [result.json for result in results]


def exported(place: Place) -> dict[str, str]:
    """The variables that a block exports."""
    lines = guides.run(f"{guides.commands(place)}\nenv -0", {}).split("\0")
    return {name: value for name, _, value in (line.partition("=") for line in lines) if name.startswith(("AWS_", "OUTREACH_"))}


@pytest.fixture
def guide(run: Run, monkeypatch: pytest.MonkeyPatch) -> Guide:
    return Guide(run, monkeypatch)


@pytest.fixture
def record_id(guide: Guide, capsys: pytest.CaptureFixture[str]) -> str:
    """The record of a send to one contact."""
    role, name = "arn:aws:iam::123456789012:role/unit-test", settings().campaign_send_arn.rsplit(":", 1)[1]
    boto3.client("stepfunctions").create_state_machine(name=name, definition="{}", roleArn=role)
    pipeline.put_site()
    pipeline.create_contact("+12125551200")
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    capsys.readouterr()  # the functions print metrics
    return record_id


def test_the_local_stack_has_the_address_and_credentials_of_the_guide() -> None:
    local = Settings().aws_environment() | {"OUTREACH_STACK": STACK_NAME}
    named = exported(Place("operations", "", 1))
    assert named == {name: local[name] for name in named}


def test_all_sites_and_one_are_stopped_and_started(guide: Guide, record_id: str) -> None:
    every, one, status, start = guide.run(Place("operations", "Stop sending", 0))
    assert (every["stopped"], one["stopped"], start["started"]) == (1, 0, 1)
    assert [entry["status"] for entry in status] == ["stopped"]
    assert guide.stacks == {"outreach-prod"}


def test_one_send_is_paused_resumed_and_cancelled(guide: Guide, record_id: str) -> None:
    sends, *done = guide.run(Place("operations", "Stop sending", 1), (RECORD, record_id))
    assert [entry["record"] for entry in sends] == [record_id]
    assert [entry["status"] for entry in done] == ["paused", "running", "running", "cancelled"]
    assert campaign_records.get(SITE, record_id).status == "cancelled"


def test_dead_letters_are_counted_and_moved(guide: Guide) -> None:
    template.set_redrive_policy("SendQueue")
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="SendDeadLetterQueue")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    assert [entry["moved"] for entry in guide.run(Place("operations", "Dead letters"))] == [0, 1]


def test_a_table_is_restored_and_its_items_are_copied_back(guide: Guide, record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = settings().contacts_table
    boto3.client("dynamodb").update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    monkeypatch.setattr(restore_drill, "_functions", lambda _stack: [])
    (drill,) = guide.run(Place("operations", "Restoring data", 0))
    (kept,) = guide.run(Place("operations", "Restoring data", 1))
    assert (drill["copy"], kept["table"]) == (None, table)
    copied, compared = guide.run(Place("operations", "Restoring data", 2), ("<copy>", kept["copy"]), ("<table>", table))
    assert (copied["copied"], compared["missing"]) == (0, 0)


def test_a_deleted_table_comes_back(guide: Guide, record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, dynamodb = settings().contacts_table, boto3.client("dynamodb")
    dynamodb.create_backup(TableName=table, BackupName="as DynamoDB makes it")
    dynamodb.delete_table(TableName=table)
    (restored,) = guide.run(Place("operations", "A deleted table, queue or key", 0))
    assert (restored["table"], ":table/ContactsTable/stream/" in restored["stream"]) == (table, True)
    assert pipeline.record(record_id)["counts"]["audience"] == 1


def test_a_deleted_queue_comes_back(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "physical_id", lambda _client, _stack, logical_id: f"https://sqs/1/{logical_id}")
    boto3.client("sqs").delete_queue(QueueUrl=settings().send_queue_url)
    (restored,) = guide.run(Place("operations", "A deleted table, queue or key", 3))
    assert restored["made"] == ["SendQueue"]


def test_a_leaked_key_is_replaced(guide: Guide, record_id: str) -> None:
    leaked = admin.new_api_key()
    key_id = admin.put_api_key(SITE, "shop", leaked)
    listed, new, revoked = guide.run(Place("operations", "A leaked key or secret"), ("3f2a9c81d0b4", key_id))
    assert (key_id in [key["id"] for key in listed], revoked["revoked"]) == (True, True)
    assert (site_store.find_key(new["key"]) is None, site_store.find_key(leaked) is None) == (False, True)


def test_a_person_gets_a_key_for_the_console(guide: Guide, record_id: str) -> None:
    (created,) = guide.run(Place("deploy", "2. A site and its key", 2))
    key = site_store.find_key(created["key"])
    assert key
    assert (key.name, "outreach:send" in key.scopes) == ("Ada's console", True)


def test_an_account_at_telnyx_is_made(guide: Guide, record_id: str) -> None:
    profile = ("PROFILE_ID", "4001017c-8e05-4fe8-8d5b-d3c5c3a1f1e1")
    (made,) = guide.run(Place("deploy", "3. A carrier", 1), profile, given=TELNYX)
    assert (made["carrier"], made["number"]) == ("telnyxsms", "+15005550008")


def test_this_module_runs_the_blocks_that_it_should() -> None:
    named = Path(__file__).read_text()
    assert [place for place in IN_THE_PROCESS if f'Place("{place.page}", "{place.heading}"' not in named] == []
