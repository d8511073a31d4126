"""Files as other programs write them, and where imports commonly go wrong."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from outreach.contacts import marks
from outreach.contacts.files import workbooks
from outreach.contacts.models import IdentityType
from outreach.sites import store as sites
from outreach.sites.models import Site
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import SITE
from tests.integration.contacts.files import requests as files
from tests.integration.contacts.test_many_identities import leave_mark
from tests.support.functions import Answer, call
from tests.support.http_server import reply, serving

ROWS = [["name", "email", "description"], ["Zoë", "zoe@example.com", "one,\r\ntwo; three"]]


def text(delimiter: str) -> str:
    return "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in ROWS)


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_encoding_and_separator_is_read(encoding: str, delimiter: str) -> None:
    assert files.counts(files.upload(text(delimiter).encode(encoding))) == (1, 0, 0, 0)
    contact = files.found("zoe@example.com")
    assert (contact["name"], contact["customFields"]["description"]) == ("Zoë", "one,\r\ntwo; three")


def test_a_workbook_is_read_whatever_its_name_is() -> None:
    content = workbook(["Name", " E Mail", "SMS"], ["Zoë", "zoe@example.com", 12125550123], [None, None, None])
    assert files.counts(files.upload(content, name="contacts.csv")) == (1, 0, 0, 0)
    assert files.found("zoe@example.com")["contactIdentities"][1]["value"] == "+12125550123"


def test_a_file_that_only_looks_like_a_workbook_is_400() -> None:
    assert api.pointers(files.upload(b"PK\x03\x04 and nothing else")) == ["/uploadFile"]
    assert api.pointers(files.upload(workbook(["name"])[:-200])) == ["/uploadFile"]


def test_a_workbook_made_to_fill_memory_is_400(monkeypatch: pytest.MonkeyPatch) -> None:
    content = workbook(["name", "email"], ["a" * 10_000, "a@b.co"])
    monkeypatch.setattr(workbooks, "_MAX_UNPACKED_BYTES", len(content))
    assert "unpacked" in files.upload(content).body["detail"]


def test_national_and_international_spellings_of_a_number_are_one_contact() -> None:
    sites.put_site(Site(SITE, default_region="RW"))
    assert files.counts(files.upload("name,SMS\nA,0788123456\nB,+250788123456\n")) == (1, 1, 0, 0)
    assert files.found("+250788123456")["name"] == "B"


@pytest.mark.parametrize("cell", ["2.50788E+11", "2,5E+11", "1e15"])
def test_a_number_that_a_spreadsheet_has_rounded_is_a_failed_row(cell: str) -> None:
    answer = files.upload(f"name;email;SMS\nA;a@b.co;{cell}\n")
    assert files.counts(answer) == (0, 0, 0, 1)
    assert answer.body["failedRows"][0]["errors"][0]["column"] == "SMS"
    assert api.identify("a@b.co").body == []


def test_headings_are_matched_without_regard_to_case_and_spaces() -> None:
    assert files.counts(files.upload(" NAME ,First Name,E MAIL\nTom,T,a@b.co\n")) == (1, 0, 0, 0)
    assert files.found("a@b.co")["firstName"] == "T"


def test_a_cell_without_a_heading_is_a_failed_row() -> None:
    answer = files.upload("name,email\nTom,tom@b.co,surplus\nTim,tim@b.co,,\n")
    assert files.counts(answer) == (1, 0, 0, 1)
    assert answer.body["failedRows"][0]["row"] == 2


def test_a_skipped_row_creates_nothing() -> None:
    api.created("Tom", api.email("tom@b.co"))
    assert files.counts(files.upload("name,email\nTom,tom@b.co;other@b.co\n", "skip")) == (0, 0, 1, 0)
    assert api.identify("other@b.co").body == []


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_the_template_imports_cleanly_twice(file_format: str) -> None:
    api.create_field(name="shoe size", type="integer")
    content = files.template(file_format).body
    assert [files.counts(files.upload(content)) for _ in range(2)] == [(0, 0, 0, 0)] * 2


def test_a_filled_template_is_imported_and_the_second_time_changes_nothing() -> None:
    book = openpyxl.load_workbook(io.BytesIO(files.template().body))
    sheet = book.worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    assert headings[:3] == ["name", "firstName", "lastName"]
    sheet.append([{"name": "Tom", "email": "tom@b.co"}.get(str(heading)) for heading in headings])
    packed = io.BytesIO()
    book.save(packed)
    assert files.counts(files.upload(packed.getvalue())) == (1, 0, 0, 0)
    before = files.found("tom@b.co")
    assert files.counts(files.upload(packed.getvalue())) == (0, 1, 0, 0)
    assert files.found("tom@b.co") == before


def test_an_unknown_format_of_the_template_is_400() -> None:
    assert files.template("pdf").status == 400


def from_url(url: str) -> Answer:
    return call("contacts/import_contacts", "POST", files.IMPORT, {"uploadFile": url})


@pytest.mark.parametrize(("private", "status"), [(True, 200), (False, 400)])
def test_a_file_is_fetched_from_its_url_but_not_from_our_own_network(private: bool, status: int) -> None:
    sites.put_site(Site(SITE, private_callbacks=private))
    with serving(reply(200, b"name,email\nTom,tom@b.co\n")) as server:
        assert from_url(f"{server.url}/contacts.csv").status == status
    assert len(server.requests) == private


def test_a_url_without_a_file_is_400() -> None:
    sites.put_site(Site(SITE, private_callbacks=True))
    with serving(reply(404)) as server:
        assert "404" in from_url(server.url).body["detail"]


def test_a_file_from_a_url_is_cut_off_where_it_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.contacts.files.objects.MAX_UPLOAD_BYTES", 1000)
    sites.put_site(Site(SITE, private_callbacks=True))
    with serving(reply(200, b"name,email\n" * 100)) as server:
        assert "more than" in from_url(server.url).body["detail"]


def test_a_byte_order_mark_is_no_part_of_the_first_heading() -> None:
    assert files.counts(files.upload("\ufeffemail,name\na@b.co,Tom\n")) == (1, 0, 0, 0)
    assert files.found("a@b.co")["name"] == "Tom"


def test_emails_that_differ_by_case_are_one_contact() -> None:
    assert files.counts(files.upload("name,email\nTom,Tom@b.co\nTim,tom@B.CO\n")) == (1, 1, 0, 0)


def test_a_misspelt_column_is_named_and_imports_nothing() -> None:
    answer = files.upload("name,email,compnay\nTom,a@b.co,Comm100\n")
    assert (answer.status, "compnay" in answer.body["detail"]) == (400, True)
    assert api.identify("a@b.co").body == []


def test_one_bad_row_loses_no_other_of_its_batch() -> None:
    rows = "".join(f"N{number},{'none' if number == 50 else f'n{number}@b.co'}\n" for number in range(100))
    answer = files.upload(f"name,email\n{rows}")
    assert files.counts(answer) == (99, 0, 0, 1)
    assert [row["row"] for row in answer.body["failedRows"]] == [52]


def test_a_row_gets_the_identity_of_a_contact_that_was_never_written(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_mark(IdentityType.EMAIL, "tom@example.com")
    monkeypatch.setattr(marks, "is_leased", lambda _: False)
    assert files.counts(files.upload("name,email\nTom,tom@example.com\n")) == (1, 0, 0, 0)
