"""Import of contacts (docs/api.md, "Import")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from outreach.contacts.listing import contact_counts
from outreach.imports import file_splitter, import_execution
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.contact_requests import email, sms
from tests.integration.imports import file_requests
from tests.support import functions
from tests.support.crash_points import Crash, dying_at
from tests.support.functions import call

PEOPLE = (
    "name,firstName,email,SMS,company\nTom,T,tom@example.com,(212) 555-0123,Comm100\n\nTim,,tim@example.com;tim@work.example,,\n"
)


def test_the_response_to_an_import_has_the_counts() -> None:
    answer = file_requests.upload(PEOPLE)
    assert file_requests.counts(answer) == (2, 0, 0, 0)
    assert (answer.body["status"], answer.body["failedRows"]) == ("completed", [])
    tom, tim = file_requests.contact_with("tom@example.com"), file_requests.contact_with("tim@work.example")
    assert (tom["name"], tom["customFields"]) == ("Tom", {"firstName": "T", "company": "Comm100"})
    assert [identity["value"] for identity in tom["contactIdentities"]] == ["tom@example.com", "+12125550123"]
    assert [identity["value"] for identity in tim["contactIdentities"]] == ["tim@example.com", "tim@work.example"]


@pytest.mark.parametrize("option", [None, "merge", "Replace", "skip"])
def test_an_existing_contact_is_merged_replaced_or_skipped(option: str | None) -> None:
    identities = [email("Tom@example.com", name="home"), sms("212-555-0123")]
    before = contact_requests.new_contact("Tom", *identities, customFields={"company": "Comm100", "city": "Vancouver"})
    answer = file_requests.upload("name,email,twitter,company,city\nTom 2,tom@EXAMPLE.com,@tom,New,\n", option)
    after = contact_requests.get(before["id"]).body
    kinds = [identity["contactIdentityType"] for identity in after["contactIdentities"]]
    if option == "skip":
        assert (file_requests.counts(answer), after) == ((0, 0, 1, 0), before)
        return
    assert file_requests.counts(answer) == (0, 1, 0, 0)
    assert after["name"] == "Tom 2"
    replaced = option == "Replace"
    assert after["customFields"] == ({"company": "New"} if replaced else {"company": "New", "city": "Vancouver"})
    assert kinds == (["email", "twitter"] if replaced else ["email", "SMS", "twitter"])
    assert after["contactIdentities"][0]["name"] == "home"


@pytest.mark.parametrize(("option", "expected"), [("merge", (1, 2, 0, 0)), ("replace", (1, 2, 0, 0)), ("skip", (1, 0, 2, 0))])
def test_the_duplicate_option_applies_within_a_file_in_the_order_of_the_rows(option: str, expected: tuple[int, ...]) -> None:
    rows = "name,email,city\nOne,a@b.co,\nTwo,A@b.co,Rome\nThree,a@B.co,\n"
    assert file_requests.counts(file_requests.upload(rows, option)) == expected
    contact = file_requests.contact_with("a@b.co")
    assert contact["name"] == ("One" if option == "skip" else "Three")
    assert contact["customFields"] == ({"city": "Rome"} if option == "merge" else {})


def test_a_failed_row_has_its_errors_by_column_and_affects_no_other_row() -> None:
    rows = "Name,Email,SMS,timeZone\n,tom.example.com,,\nTim,tim.example.com,,Mars\nAda,ada@example.com,,\nEve,,,\n"
    answer = file_requests.upload(rows)
    assert file_requests.counts(answer) == (1, 0, 0, 3)
    failed = {row["row"]: [error["column"] for error in row["errors"]] for row in answer.body["failedRows"]}
    assert failed == {2: ["Email"], 3: ["Email", "timeZone"], 5: [""]}
    assert answer.body["failedRows"][1]["values"] == {"Name": "Tim", "Email": "tim.example.com", "timeZone": "Mars"}
    assert contact_requests.identify("tom.example.com").body == []


def test_a_row_whose_identities_belong_to_two_contacts_fails() -> None:
    contact_requests.new_contact("Tom", email("tom@example.com"))
    contact_requests.new_contact("Tim", email("tim@example.com"))
    answer = file_requests.upload("name,email\nBoth,tom@example.com;tim@example.com\n")
    assert file_requests.counts(answer) == (0, 0, 0, 1)


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
    answer = file_requests.upload(rows)
    assert contact_requests.pointers(answer) == ["/uploadFile"]
    assert contact_requests.identify("a@b.co").body == []


def test_every_unknown_column_has_its_own_error() -> None:
    answer = file_requests.upload("name,shoeSize,hatSize\n")
    shoe, hat = (error["message"] for error in answer.body["errors"])
    assert "not a contact field: shoeSize;" in shoe
    assert "not a contact field: hatSize;" in hat


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
def test_an_invalid_request_is_400(body: dict[str, Any], pointer: str) -> None:
    assert contact_requests.pointers(call("contacts/import_contacts", "POST", file_requests.IMPORT, body)) == [pointer]


def test_a_malformed_form_is_400() -> None:
    headers = {"content-type": "multipart/form-data"}
    assert call("contacts/import_contacts", "POST", file_requests.IMPORT, b"--x", headers=headers).status == 400


def test_a_file_given_by_size_is_imported_when_it_is_uploaded() -> None:
    accepted = call("contacts/import_contacts", "POST", file_requests.IMPORT, {"fileName": "big.csv", "size": len(PEOPLE)})
    record = accepted.headers["Location"].rsplit("/", 1)[1]
    assert (accepted.status, accepted.body["status"], accepted.body["id"]) == (202, "pending", record)
    assert f"uploads/{SITE}/{record}" in accepted.body["uploadUrl"]
    assert file_requests.record(record).body["totalRows"] is None
    boto3.client("s3").put_object(Bucket=settings().files_bucket, Key=f"uploads/{SITE}/{record}", Body=PEOPLE.encode())
    assert file_requests.counts(file_requests.record(record)) == (2, 0, 0, 0)


def test_an_import_that_takes_longer_is_202_with_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
    monkeypatch.setattr(import_execution, "start", lambda *_: None)
    answer = file_requests.upload(PEOPLE)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/contact/contactImportRecords/{answer.body['id']}"
    assert file_requests.record(answer.body["id"]).body["status"] == "pending"


def test_another_sites_import_does_not_exist() -> None:
    record = file_requests.upload(PEOPLE).body["id"]
    assert file_requests.record(record, OTHER_SITE).status == 404


def test_an_import_that_crashes_anywhere_resumes_without_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_splitter, "_ROWS_PER_CHUNK", 2)
    monkeypatch.setattr(import_execution, "start", lambda *_: None)
    monkeypatch.setattr(functions.load("contacts/import_contacts"), "WAIT_SECONDS", 0)
    for call_number in range(1, 100):
        rows = f"name,email,city\nA,a{call_number}@b.co,\nB,b{call_number}@b.co,\nC,a{call_number}@b.co,Rome\nD,none,\n"
        record = file_requests.upload(rows).body["id"]
        step = {"site_id": SITE, "import_id": record}
        is_finished = _run_dying_at(call_number, step)
        _run(step)
        assert file_requests.counts(file_requests.record(record)) == (2, 1, 0, 1)
        assert file_requests.contact_with(f"a{call_number}@b.co")["customFields"] == {"city": "Rome"}
        if is_finished:
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


def test_rows_beyond_the_contact_limit_fail_and_other_rows_are_imported(deliver_stream: Callable[[], object]) -> None:
    site_store.put_site(Site(SITE, max_contacts=1))
    contact_requests.new_contact("Tom", email("tom@example.com"))
    deliver_stream()
    answer = file_requests.upload("name,email\nThomas,tom@example.com\nAda,ada@example.com\n", "merge")
    assert file_requests.counts(answer) == (0, 1, 0, 1)
    assert "limit of 1 contacts" in answer.body["failedRows"][0]["errors"][0]["message"]


def test_an_import_reads_the_number_of_contacts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    site_store.put_site(Site(SITE, max_contacts=30))
    reads: list[str] = []
    total = contact_counts.total_contacts

    def counted(site_id: str) -> int:
        reads.append(site_id)
        return total(site_id)

    monkeypatch.setattr(contact_counts, "total_contacts", counted)
    rows = "".join(f"P{number},p{number}@example.com\n" for number in range(40))
    answer = file_requests.upload(f"name,email\n{rows}", "merge")
    assert file_requests.counts(answer) == (30, 0, 0, 10)
    assert reads == [SITE]
