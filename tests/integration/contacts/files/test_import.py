"""Import of contacts (contract, Import)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from outreach.contacts.files import executions, splitting
from outreach.settings import settings
from outreach.sites import store as sites
from outreach.sites.models import Site
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.files import requests as files
from tests.integration.contacts.requests import email, sms
from tests.support import functions
from tests.support.crashes import Crash, dying_at
from tests.support.functions import call

PEOPLE = (
    "name,firstName,email,SMS,company\nTom,T,tom@example.com,(212) 555-0123,Comm100\n\nTim,,tim@example.com;tim@work.example,,\n"
)


def test_a_file_is_imported_and_answered_with_its_counts() -> None:
    answer = files.upload(PEOPLE)
    assert files.counts(answer) == (2, 0, 0, 0)
    assert (answer.body["status"], answer.body["failedRows"]) == ("completed", [])
    tom, tim = files.found("tom@example.com"), files.found("tim@work.example")
    assert (tom["name"], tom["customFields"]) == ("Tom", {"firstName": "T", "company": "Comm100"})
    assert [identity["value"] for identity in tom["contactIdentities"]] == ["tom@example.com", "+12125550123"]
    assert [identity["value"] for identity in tim["contactIdentities"]] == ["tim@example.com", "tim@work.example"]


@pytest.mark.parametrize("option", [None, "merge", "Replace", "skip"])
def test_a_known_contact_is_merged_replaced_or_skipped(option: str | None) -> None:
    identities = [email("Tom@example.com", name="home"), sms("212-555-0123")]
    before = api.created("Tom", *identities, customFields={"company": "Comm100", "city": "Vancouver"})
    answer = files.upload("name,email,twitter,company,city\nTom 2,tom@EXAMPLE.com,@tom,New,\n", option)
    after = api.get(before["id"]).body
    kinds = [identity["contactIdentityType"] for identity in after["contactIdentities"]]
    if option == "skip":
        assert (files.counts(answer), after) == ((0, 0, 1, 0), before)
        return
    assert files.counts(answer) == (0, 1, 0, 0)
    assert after["name"] == "Tom 2"
    replaced = option == "Replace"
    assert after["customFields"] == ({"company": "New"} if replaced else {"company": "New", "city": "Vancouver"})
    assert kinds == (["email", "twitter"] if replaced else ["email", "SMS", "twitter"])
    assert after["contactIdentities"][0]["name"] == "home"


@pytest.mark.parametrize(("option", "expected"), [("merge", (1, 2, 0, 0)), ("replace", (1, 2, 0, 0)), ("skip", (1, 0, 2, 0))])
def test_duplicates_inside_a_file_follow_the_option_in_the_order_of_the_file(option: str, expected: tuple[int, ...]) -> None:
    rows = "name,email,city\nOne,a@b.co,\nTwo,A@b.co,Rome\nThree,a@B.co,\n"
    assert files.counts(files.upload(rows, option)) == expected
    contact = files.found("a@b.co")
    assert contact["name"] == ("One" if option == "skip" else "Three")
    assert contact["customFields"] == ({"city": "Rome"} if option == "merge" else {})


def test_a_failed_row_names_column_and_reason_and_loses_no_other() -> None:
    rows = "Name,E-mail,SMS,timeZone\n,tom@example.com,,\nTim,tim.example.com,,Mars\nAda,ada@example.com,,\nEve,,,\n"
    answer = files.upload(rows.replace("E-mail", "Email"))
    assert files.counts(answer) == (1, 0, 0, 3)
    failed = {row["row"]: [error["column"] for error in row["errors"]] for row in answer.body["failedRows"]}
    assert failed == {2: ["Name"], 3: ["Email", "timeZone"], 5: [""]}
    assert answer.body["failedRows"][1]["values"] == {"Name": "Tim", "Email": "tim.example.com", "timeZone": "Mars"}
    assert api.identify("tom@example.com").body == []


def test_a_row_whose_identities_belong_to_two_contacts_fails() -> None:
    api.created("Tom", email("tom@example.com"))
    api.created("Tim", email("tim@example.com"))
    answer = files.upload("name,email\nBoth,tom@example.com;tim@example.com\n")
    assert files.counts(answer) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    "rows",
    [
        "",
        "\n",
        "shoeSize\n5\n",
        "name,emial\nTom,a@b.co\n",
        "id\n5\n",
        "name,email,Email\nTom,a@b.co,\n",
        'name,email\nTim,a@b.co\nTom,"b@b.co\n',
    ],
)
def test_a_file_that_cannot_be_read_is_400_and_changes_nothing(rows: str) -> None:
    answer = files.upload(rows)
    assert api.pointers(answer) == ["/uploadFile"]
    assert api.identify("a@b.co").body == []


def test_every_unknown_column_is_named() -> None:
    answer = files.upload("name,shoeSize,hatSize\n")
    assert [error["message"].rsplit(" ", 1)[1] for error in answer.body["errors"]] == ["shoeSize", "hatSize"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/uploadFile"),
        ({"uploadFile": "file:///etc/passwd"}, "/uploadFile"),
        ({"size": 0}, "/size"),
        ({"size": 100_000_001}, "/size"),
        ({"size": 5, "duplicateControlOption": "drop"}, "/duplicateControlOption"),
    ],
)
def test_a_wrong_request_is_400(body: dict[str, Any], pointer: str) -> None:
    assert api.pointers(call("contacts/import_contacts", "POST", files.IMPORT, body)) == [pointer]


def test_a_form_that_is_none_is_400() -> None:
    headers = {"content-type": "multipart/form-data"}
    assert call("contacts/import_contacts", "POST", files.IMPORT, b"--x", headers=headers).status == 400


def test_an_announced_file_is_imported_when_it_is_uploaded() -> None:
    announced = call("contacts/import_contacts", "POST", files.IMPORT, {"fileName": "big.csv", "size": len(PEOPLE)})
    record = announced.headers["Location"].rsplit("/", 1)[1]
    assert (announced.status, announced.body["status"], announced.body["id"]) == (202, "pending", record)
    assert f"uploads/{SITE}/{record}" in announced.body["uploadUrl"]
    assert files.record(record).body["totalRows"] is None
    boto3.client("s3").put_object(Bucket=settings().files_bucket, Key=f"uploads/{SITE}/{record}", Body=PEOPLE.encode())
    assert files.counts(files.record(record)) == (2, 0, 0, 0)


def test_what_takes_longer_is_202_with_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
    monkeypatch.setattr(executions, "start", lambda *_: None)
    answer = files.upload(PEOPLE)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/contact/contactImportRecords/{answer.body['id']}"
    assert files.record(answer.body["id"]).body["status"] == "pending"


def test_another_sites_import_does_not_exist() -> None:
    record = files.upload(PEOPLE).body["id"]
    assert files.record(record, OTHER_SITE).status == 404


def test_an_import_that_is_broken_off_anywhere_resumes_without_doubling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "_ROWS_A_CHUNK", 2)
    monkeypatch.setattr(executions, "start", lambda *_: None)
    monkeypatch.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
    for call_number in range(1, 100):
        rows = f"name,email,city\nA,a{call_number}@b.co,\nB,b{call_number}@b.co,\nC,a{call_number}@b.co,Rome\nD,none,\n"
        record = files.upload(rows).body["id"]
        step = {"site_id": SITE, "import_id": record}
        finished = _run_dying_at(call_number, step)
        _run(step)
        assert files.counts(files.record(record)) == (2, 1, 0, 1)
        assert files.found(f"a{call_number}@b.co")["customFields"] == {"city": "Rome"}
        if finished:
            return
    raise AssertionError("the last call was not reached")


def _run_dying_at(call_number: int, step: dict[str, Any]) -> bool:
    try:
        with dying_at(call_number):
            _run(step)
    except Crash:
        return False
    return True


def _run(step: dict[str, Any]) -> None:
    outcome = functions.invoke("workers/split_import", step)["outcome"]
    while outcome == "running":
        outcome = functions.invoke("workers/import_rows", step)["outcome"]


def test_rows_for_which_the_site_has_no_room_fail_and_the_others_are_imported(deliver_stream: Callable[[], object]) -> None:
    sites.put_site(Site(SITE, max_contacts=1))
    api.created("Tom", email("tom@example.com"))
    deliver_stream()
    answer = files.upload("name,email\nThomas,tom@example.com\nAda,ada@example.com\n", "merge")
    assert files.counts(answer) == (0, 1, 0, 1)
    assert "may have 1 contacts" in answer.body["failedRows"][0]["errors"][0]["message"]
