"""The list of imports, and the file of an import's failed rows (docs/api.md, "Import")."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from outreach import clock, dynamo, s3
from outreach.http import oversized
from outreach.imports import file_splitter
from outreach.settings import settings
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE
from tests.integration.imports import file_requests
from tests.support.functions import call


def test_imports_are_listed_newest_first_without_dry_runs() -> None:
    first = file_requests.upload("name,email\nTom,a@b.co\n").body
    file_requests.upload("name,email\nTom,a@b.co\n", dryRun=True)
    second = file_requests.upload("name,email\nTom,none\nTim,t@b.co\n").body
    answer = file_requests.records()
    assert [record["id"] for record in answer.body["contactImportRecords"]] == [second["id"], first["id"]]
    assert (answer.body["total"], answer.body["contactImportRecords"][0]["failedCount"]) == (2, 1)
    page = file_requests.records("pageSize=1&pageIndex=2&sortBy=failedCount&sortOrder=asc").body
    assert [record["id"] for record in page["contactImportRecords"]] == [second["id"]]
    assert file_requests.records(site_id=OTHER_SITE).body["contactImportRecords"] == []


def test_an_import_has_the_name_of_its_file_unless_it_was_stored_without_one() -> None:
    uploaded = file_requests.upload("name,email\nTom,a@b.co\n", name="Ümläut people.csv").body
    pending = call("contacts/import_contacts", "POST", file_requests.IMPORT, {"fileName": "big.csv", "size": 5}).body
    old = file_requests.upload("name,email\nTom,a@b.co\n").body
    update = dynamo.Update().remove("file_name")
    dynamo.update(settings().contacts_table, {"pk": "SITE#10000#IMPORTS", "sk": old["id"]}, update)
    assert (uploaded["fileName"], pending["fileName"]) == ("Ümläut people.csv", "big.csv")
    listed = file_requests.records().body["contactImportRecords"]
    assert {record["id"]: record["fileName"] for record in listed} == {
        uploaded["id"]: "Ümläut people.csv",
        pending["id"]: "big.csv",
        old["id"]: None,
    }
    assert file_requests.record(old["id"]).body["fileName"] is None


CELLS = ["=1+1", "'=2", "''=3", "-5", "+1 212", 'a "quoted", one', "two\nlines", " spaced ", "plain"]


@pytest.mark.parametrize("rows_per_chunk", [2, 500])
def test_corrected_rows_can_be_imported_again(rows_per_chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_splitter, "_ROWS_PER_CHUNK", rows_per_chunk)
    columns = {"Mail": "email", "Text": "description", "Junk": None}
    file = io.StringIO()
    csv.writer(file).writerows([["Mail", "Text", "Junk"], *(["no address", cell, "x"] for cell in CELLS), ["ok@b.co", "", ""]])
    answer = file_requests.upload(file.getvalue(), columns=columns)
    assert file_requests.counts(answer) == (1, 0, 0, len(CELLS))

    failed = list(csv.reader(io.StringIO(file_requests.failed_rows(answer.body["id"]).removeprefix("\ufeff"), newline="")))
    assert failed[0] == ["Mail", "Text", "Junk", "importError"]
    assert "e-mail address" in failed[1][3]
    assert not any(cell.startswith(("=", "+", "-")) for row in failed for cell in row)

    corrected = io.StringIO()
    csv.writer(corrected).writerows([failed[0], *([f"n{number}@b.co", *row[1:]] for number, row in enumerate(failed[1:]))])
    assert file_requests.counts(file_requests.upload(corrected.getvalue(), columns=columns)) == (len(CELLS), 0, 0, 0)
    texts = [file_requests.contact_with(f"n{number}@b.co")["customFields"]["description"] for number in range(len(CELLS))]
    assert texts == ["=1+1", "=2", "'=3", "-5", "+1 212", 'a "quoted", one', "two\nlines", "spaced", "plain"]


@pytest.mark.parametrize("days", [0, 31])
@pytest.mark.parametrize("heading", ["importError", "Import error"])
def test_failed_rows_that_fail_again_have_one_column_with_the_new_errors(
    heading: str, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = file_requests.upload(f"name,{heading},email\nTom,stale,none\n").body["id"]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=days))
    header, *rows = csv.reader(file_requests.failed_rows(import_id).removeprefix("\ufeff").splitlines())
    assert (header, [row[:2] for row in rows]) == (["name", "email", "importError"], [] if days else [["Tom", "none"]])
    assert not any("stale" in cell for row in rows for cell in row)


def test_an_import_without_failed_rows_has_only_headings() -> None:
    import_id = file_requests.upload("name,email\nTom,a@b.co\n").body["id"]
    assert file_requests.failed_rows(import_id) == "\ufeffname,email,importError\r\n"


def test_a_large_file_of_failed_rows_is_a_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = file_requests.upload("name,email\nTom,none\n").body["id"]
    monkeypatch.setattr(oversized, "MAX_BYTES", 10)
    answer = call("contacts/list_failed_rows", "GET", f"/contact/contactImportRecords/{import_id}/failedRows")
    assert answer.status == 303
    assert b"Tom" in s3.files().get(f"imports/10000/{import_id}/failed.csv")


def test_an_import_whose_rows_are_deleted_is_still_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = file_requests.upload("name,email,SMS\nTom,none,n/a\n").body["id"]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=31))
    answer = file_requests.record(import_id)
    assert (answer.status, answer.body["failedCount"], answer.body["failedRows"]) == (200, 1, [])
    assert file_requests.failed_rows(import_id).startswith("\ufeffname,email,SMS,importError")
    assert contact_requests.identify("none").body == []
