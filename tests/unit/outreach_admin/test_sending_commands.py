"""outreach-admin: the operator's stop button."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import boto3
import pytest

from outreach import clock
from outreach.campaigns import campaign_records, sending_stop
from outreach.campaigns.campaign_records import RecordStatus
from outreach.messages import message_index, message_store
from outreach.messages.models import Message
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Carrier, ChannelAccount, Site
from tests.support import pipeline
from tests.support.pipeline import ACCOUNT, SITE
from tests.unit.outreach_admin.conftest import Run

MESSAGE_ID = "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"
OTHER = ChannelAccount("847277e8-06a5-4eec-ba66-1cdd617dc778", "20000", Carrier.TWILIO, "+15005550009", "AC" + "b" * 32, 1)


@pytest.fixture
def record_id(run: Run, capsys: pytest.CaptureFixture[str]) -> str:
    """The record of a send in one of two sites."""
    role = "arn:aws:iam::123456789012:role/unit-test"
    name = settings().campaign_send_arn.rsplit(":", 1)[1]
    boto3.client("stepfunctions").create_state_machine(name=name, definition="{}", roleArn=role)
    pipeline.put_site()
    pipeline.put_site(Site(OTHER.site_id), OTHER)
    for number in ("+12125551200", "+12125551201"):
        pipeline.create_contact(number)
    record_id = pipeline.send(pipeline.create_campaign(name="Spring")["id"])
    pipeline.fan_out(record_id)
    capsys.readouterr()  # the functions print metrics
    return record_id


def statuses(run: Run, *arguments: str) -> dict[str, str]:
    return {entry["site"]: entry["status"] for entry in run("sending", "status", *arguments).json}


def test_sends_are_listed_with_what_is_still_to_be_sent(run: Run, record_id: str) -> None:
    (entry,) = run("send", "list").json
    assert (entry["site"], entry["record"], entry["campaign"], entry["status"]) == (SITE, record_id, "Spring", "running")
    assert (entry["audience"], entry["queued"], entry["sending"]) == (2, 2, 0)
    assert run("send", "list", "--site", OTHER.site_id).json == []


def test_a_send_is_paused_resumed_and_cancelled_by_its_record(run: Run, record_id: str) -> None:
    assert run("send", "pause", SITE, record_id).json["status"] == "paused"
    assert (len(run("send", "list").json), run("send", "list", "--running").json) == (1, [])
    assert run("send", "resume", SITE, record_id).json["status"] == "running"
    assert campaign_records.get(SITE, record_id).status == "running"
    assert run("send", "cancel", SITE, record_id).json["status"] == "cancelled"


def test_a_dry_run_of_a_cancel_counts_who_would_get_no_message(run: Run, record_id: str) -> None:
    dry = run("send", "cancel", SITE, record_id, "--dry-run").json
    assert (dry["status"], dry["audience"], dry["would_skip"]) == ("running", 2, 2)
    assert campaign_records.get(SITE, record_id).status == "running"
    run("send", "cancel", SITE, record_id)
    assert run("send", "cancel", SITE, record_id, "--dry-run").json["would_skip"] == 0


def test_a_dry_run_of_a_cancel_is_refused_where_the_cancel_would_be(run: Run, record_id: str) -> None:
    record = campaign_records.get(SITE, record_id)
    campaign_records.change_status(record, RecordStatus.COMPLETED)
    refused = [run("send", "cancel", SITE, record_id, *options) for options in (["--dry-run"], [])]
    assert {(answer.code, answer.err) for answer in refused} == {(1, "The send is completed, so it is too late to cancel it.\n")}


def test_a_dry_run_of_a_stop_and_a_start_counts_accounts_and_contacts(run: Run, record_id: str) -> None:
    effect = {"sends": [record_id], "queued": 2, "single_messages": 0}
    assert run("sending", "stop", "--dry-run").json == {"accounts": 2, "would_stop": 2} | effect
    assert statuses(run) == {SITE: "sending", OTHER.site_id: "sending"}
    run("sending", "stop", "--site", SITE)
    assert run("sending", "stop", "--dry-run").json == {
        "accounts": 2,
        "would_stop": 1,
        "sends": [],
        "queued": 0,
        "single_messages": 0,
    }
    assert run("sending", "start", "--dry-run").json == {"accounts": 2, "would_start": 1} | effect
    assert statuses(run) == {SITE: "stopped", OTHER.site_id: "sending"}


def test_a_send_that_is_over_cannot_be_resumed(run: Run, record_id: str) -> None:
    run("send", "cancel", SITE, record_id)
    refused = run("send", "resume", SITE, record_id)
    assert (refused.code, refused.err) == (1, "The send is cancelled, so it is too late to resume it.\n")


def test_a_send_of_another_site_is_not_found(run: Run, record_id: str) -> None:
    for verb in ("pause", "resume", "cancel"):
        assert run("send", verb, OTHER.site_id, record_id).code == 1
    assert campaign_records.get(SITE, record_id).status == "running"


def test_one_site_or_all_are_stopped_and_started(run: Run, record_id: str) -> None:
    stopped = run("sending", "stop", "--site", SITE, "--reason", "wrong text").json
    assert stopped == {"accounts": 1, "stopped": 1, "reason_changed": 0}
    assert statuses(run) == {SITE: "stopped", OTHER.site_id: "sending"}
    assert run("sending", "stop").json == {"accounts": 2, "stopped": 1, "reason_changed": 0}
    assert run("sending", "stop", "--reason", "unpaid").json == {"accounts": 2, "stopped": 0, "reason_changed": 2}
    assert run("sending", "start").json == {"accounts": 2, "started": 2, "sends": [record_id], "single_messages": 0}
    assert statuses(run) == {SITE: "sending", OTHER.site_id: "sending"}


def test_a_start_counts_the_single_messages_that_wait(run: Run, record_id: str) -> None:
    run("sending", "stop", "--site", SITE)
    slot = clock.timestamp(clock.now() - timedelta(seconds=1))
    of_other: dict[str, Any] = {"site_id": OTHER.site_id, "account_id": OTHER.id, "id": "22283a83-48e9-4d0d-a3bd-fb19ce5c12db"}
    waiting = Message(MESSAGE_ID, SITE, "contact", ACCOUNT.id, ACCOUNT.number, "+12125551200", "Hello", slot)
    message_store.create_many([waiting, replace(waiting, **of_other)])
    assert run("sending", "start", "--dry-run").json["single_messages"] == 1
    assert run("sending", "start").json["single_messages"] == 1


def test_the_status_says_since_when_and_why(run: Run, record_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = run("sending", "status", "--site", SITE).json
    assert (entry["status"], entry["since"], entry["running_sends"]) == ("sending", None, 1)
    CircuitBreaker(ACCOUNT).record_failure("20003: Authenticate")
    capsys.readouterr()  # its metric
    (entry,) = run("sending", "status", "--site", SITE).json
    assert (entry["status"], entry["reason"]) == ("paused", "20003: Authenticate")
    sending_stop.stop([ACCOUNT], "wrong text")
    (entry,) = run("sending", "status", "--site", SITE).json
    assert (entry["status"], entry["reason"]) == ("stopped", "wrong text")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["since"])


@pytest.mark.parametrize("command", ["stop", "start", "status"])
def test_an_unknown_site_is_refused(run: Run, record_id: str, command: str) -> None:
    """A typing error in the night must not be taken for an empty site."""
    assert run("sending", command, "--site", "1000").code == 1
    assert run("send", "list", "--site", "1000").code == 1


def test_a_change_of_an_account_does_not_start_it(run: Run, record_id: str) -> None:
    run("sending", "stop")
    assert run("account", "put", SITE, "--id", ACCOUNT.id, "--rate", "2").code == 0
    changed = site_store.get_account(SITE, ACCOUNT.id)
    assert (changed.messages_per_second, changed.stop is not None) == (2, True)
    assert run("account", "credentials", SITE, ACCOUNT.id, stdin="a-token").code == 0
    assert statuses(run, "--site", SITE) == {SITE: "stopped"}


def test_an_unknown_record_leads_to_the_list_of_sends(run: Run, record_id: str) -> None:
    answer = run("send", "pause", SITE, "00000000-0000-4000-8000-000000000001")
    assert (answer.code, f"`outreach-admin send list --site {SITE}`" in answer.err) == (1, True)


def test_a_start_that_fails_to_count_what_waits_has_started_nothing(
    run: Run, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sending", "stop")
    with monkeypatch.context() as patches:
        patches.setattr(message_index, "unsettled", Mock(side_effect=RuntimeError("the table of messages is missing")))
        assert run("sending", "start").code == 1
    assert set(statuses(run).values()) == {"stopped"}
