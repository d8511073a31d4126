"""The results of a send as CSV, and its skipped contacts."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from outreach import dynamo
from outreach.campaigns import results_export
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.http import oversized
from outreach.s3 import Bucket
from outreach.settings import settings
from tests.integration.imports.conftest import notify_created_object
from tests.support import functions, pipeline, ticket_steps
from tests.support.functions import Answer, call
from tests.support.pipeline import Pump

REFUSED, DELIVERED, OPTED_OUT = "+12125550101", "+12125551201", "+12125551202"


@pytest.fixture
def record_id(carrier: str) -> str:
    """A send with one contact of each kind, whose messages are queued."""
    pipeline.create_contact(DELIVERED, "=Ada")
    pipeline.create_contact(REFUSED, "Bea")
    pipeline.create_contact(OPTED_OUT, "Cleo")
    pipeline.create_contact(None, "Dora")
    opt_outs.add(pipeline.SITE, OPTED_OUT, Source.API)
    record_id = pipeline.send(str(pipeline.create_campaign()["id"]))
    pipeline.fan_out(record_id)
    return record_id


@pytest.fixture
def _worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A requested export is written at once."""
    put_new = Bucket.put_new

    def put_and_notify(bucket: Bucket, key: str, body: bytes) -> bool:
        is_new = put_new(bucket, key, body)
        notify_created_object(key)
        return is_new

    monkeypatch.setattr(Bucket, "put_new", put_and_notify)


def export(record_id: str, **options: Any) -> Answer:
    return call("outreach/act_on_campaign_record", "POST", f"/outreach/campaignRecords/{record_id}:export", **options)


def rows(content: str) -> dict[str, dict[str, str]]:
    """The rows of an export by name."""
    return {row["name"]: row for row in csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""))}


@pytest.mark.usefixtures("_worker")
def test_an_export_has_a_row_for_each_contact_of_the_audience(record_id: str) -> None:
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 1 and pipeline.counts(record_id)["failed"] == 1)
    ticket_steps.reply(DELIVERED, body="Thanks")
    answer = export(record_id)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.body.startswith("\ufeffcontactId,name,number,status,reason,skippedReason,sentTime,replied\r\n")
    results = rows(answer.body)
    assert len(results) == 4
    delivered, refused, opted_out, unreachable = (results[name] for name in ("'=Ada", "Bea", "Cleo", "Dora"))
    assert (delivered["number"], delivered["status"], delivered["replied"]) == (f"'{DELIVERED}", "delivered", "yes")
    assert delivered["sentTime"].endswith("Z")
    assert (refused["status"], refused["reason"][:6], refused["sentTime"], refused["replied"]) == ("failed", "21211:", "", "no")
    assert (opted_out["number"], opted_out["status"], opted_out["skippedReason"]) == (f"'{OPTED_OUT}", "skipped", "opted_out")
    assert (unreachable["number"], unreachable["skippedReason"]) == ("", "no_recipient")


@pytest.mark.usefixtures("_worker")
def test_an_export_before_the_start_has_only_its_headings(carrier: str) -> None:
    answer = export(pipeline.send(str(pipeline.create_campaign()["id"])))
    assert rows(answer.body) == {}


@pytest.mark.usefixtures("_worker")
def test_a_large_export_redirects_to_its_file(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversized, "MAX_BYTES", 10)
    answer = export(record_id)
    assert (answer.status, answer.body) == (303, "")


def test_an_export_that_takes_longer_is_202_and_then_303(record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions.load("outreach/act_on_campaign_record"), "WAIT_SECONDS", 0)
    answer, repeated = (export(record_id, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert repeated.body == answer.body
    location = answer.headers["Location"]
    assert (answer.status, answer.body["status"], location) == (202, "running", f"/listResults/{answer.body['id']}")
    status = call("api/get_list_result", "GET", location, scopes="outreach:read")
    assert (status.status, status.body["status"]) == (200, "running")
    assert call("api/get_list_result", "GET", location, scopes="contact:read").status == 403
    results_export.write(pipeline.SITE, answer.body["id"])
    assert call("api/get_list_result", "GET", location).status == 303


@pytest.mark.parametrize(
    ("record", "options", "status"),
    [
        ("ffffffff-ad51-42af-b759-64c0afc40b84", {}, 404),
        ("abc", {}, 400),
        ("ffffffff-ad51-42af-b759-64c0afc40b84", {"scopes": "contact:read outreach:write"}, 403),
    ],
)
def test_an_export_needs_a_record_and_the_scope_to_read(carrier: str, record: str, options: dict[str, Any], status: int) -> None:
    assert export(record, **options).status == status


def skipped(record_id: str, query: str = "") -> list[dict[str, Any]]:
    answer = call("outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{record_id}/skipped?{query}")
    assert answer.status == 200, answer.body
    return list(answer.body["skipped"])


def test_skipped_contacts_have_their_names_and_numbers(record_id: str) -> None:
    by_name = {entry["name"]: (entry["to"], entry["reason"]) for entry in skipped(record_id)}
    assert by_name == {"Cleo": (OPTED_OUT, "opted_out"), "Dora": (None, "no_recipient")}


def test_skipped_contacts_are_sorted_by_each_property(record_id: str) -> None:
    for sort_by in ("name", "to", "reason", "contactId"):
        ascending = skipped(record_id, f"sortBy={sort_by}")
        assert skipped(record_id, f"sortBy={sort_by}&sortOrder=desc") == ascending[::-1]
        assert [entry[sort_by] or "" for entry in ascending] == sorted(entry[sort_by] or "" for entry in ascending)


def test_a_deleted_contact_stays_in_the_list_of_skipped_ones(record_id: str) -> None:
    (dora,) = (entry for entry in skipped(record_id) if entry["name"] == "Dora")
    call("contacts/delete_contact", "DELETE", f"/contact/contacts/{dora['contactId']}")
    (gone,) = (entry for entry in skipped(record_id) if entry["contactId"] == dora["contactId"])
    assert (gone["name"], gone["to"], gone["reason"]) == (None, None, "no_recipient")


@pytest.mark.usefixtures("_worker")
def test_an_export_shows_what_became_of_messages_that_have_expired(record_id: str) -> None:
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == 1 and pipeline.counts(record_id)["failed"] == 1)
    for item in list(dynamo.scan(settings().messages_table, "pk <> :none", {":none": ""})):
        dynamo.delete(settings().messages_table, {"pk": item["pk"]})
    results = rows(export(record_id).body)
    shown = {name: (row["status"], row["replied"]) for name, row in results.items()}
    assert shown == {"'=Ada": ("delivered", ""), "Bea": ("failed", ""), "Cleo": ("skipped", "no"), "Dora": ("skipped", "no")}
