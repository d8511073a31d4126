"""Files as other programs write them, and common mistakes in import files."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from outreach.contacts import contact_store, identity_uniqueness
from outreach.contacts.contact_store import ContactChange
from outreach.contacts.models import MAX_IDENTITIES, IdentityType
from outreach.imports import xlsx_package
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import SITE
from tests.integration.contacts.test_many_identities import create_stale_reservation
from tests.integration.imports import file_requests
from tests.support.functions import Answer, call
from tests.support.http_server import reply, serving

EMAILS = [f"n{number}@b.co" for number in range(MAX_IDENTITIES + 1)]

ROWS = [["name", "email", "description"], ["Zoë", "zoe@example.com", "one,\r\ntwo; three"]]


def text(delimiter: str) -> str:
    return "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in ROWS)


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_encoding_and_delimiter_is_read(encoding: str, delimiter: str) -> None:
    assert file_requests.counts(file_requests.upload(text(delimiter).encode(encoding))) == (1, 0, 0, 0)
    contact = file_requests.contact_with("zoe@example.com")
    assert (contact["name"], contact["customFields"]["description"]) == ("Zoë", "one,\r\ntwo; three")


def test_a_workbook_is_recognised_by_its_content() -> None:
    content = workbook(["Name", " E Mail", "SMS"], ["Zoë", "zoe@example.com", 12125550123], [None, None, None])
    assert file_requests.counts(file_requests.upload(content, name="contacts.csv")) == (1, 0, 0, 0)
    assert file_requests.contact_with("zoe@example.com")["contactIdentities"][1]["value"] == "+12125550123"


def test_a_file_that_only_looks_like_a_workbook_is_400() -> None:
    assert contact_requests.pointers(file_requests.upload(b"PK\x03\x04 and nothing else")) == ["/uploadFile"]
    assert contact_requests.pointers(file_requests.upload(workbook(["name"])[:-200])) == ["/uploadFile"]


def test_a_workbook_that_would_exhaust_memory_is_400(monkeypatch: pytest.MonkeyPatch) -> None:
    content = workbook(["name", "email"], ["a" * 10_000, "a@b.co"])
    monkeypatch.setattr(xlsx_package, "_MAX_UNPACKED_BYTES", len(content))
    assert "unpacked" in file_requests.upload(content).body["detail"]


def test_national_and_international_forms_of_a_number_are_one_contact() -> None:
    site_store.put_site(Site(SITE, default_region="RW"))
    assert file_requests.counts(file_requests.upload("name,SMS\nA,0788123456\nB,+250788123456\n")) == (1, 1, 0, 0)
    assert file_requests.contact_with("+250788123456")["name"] == "B"


@pytest.mark.parametrize("make", [lambda rows: "\n".join(map(",".join, rows)), lambda rows: workbook(*map(escaped, rows))])
def test_stray_control_characters_are_removed_with_a_warning(make: Any) -> None:
    answer = file_requests.upload(make([["name", "email", "city"], ["T\0o\x07m", "a@b.co", "Os\x0blo\x7f"]]))
    assert file_requests.counts(answer) == (1, 0, 0, 0)
    assert [(entry["row"], entry["column"]) for entry in answer.body["warnings"]] == [(2, "name"), (2, "city")]
    assert answer.body["warnings"][0]["message"] == "had control characters, which were removed"
    contact = file_requests.contact_with("a@b.co")
    assert (contact["name"], contact["customFields"]["city"]) == ("Tom", "Os\nlo")


def escaped(row: list[str]) -> list[str]:
    return ["".join(char if char.isprintable() else f"_x{ord(char):04X}_" for char in cell) for cell in row]


@pytest.mark.parametrize(("column", "char"), [("name", "\x1b"), ("city", "\x9f"), ("city", "\ufffe"), ("externalID", "\0")])
def test_a_row_with_characters_of_another_encoding_or_in_an_id_fails_alone(column: str, char: str) -> None:
    headings = ["email", "name", "city", "externalID"]
    cells = {"email": "a@b.co", "name": "Tom", "city": "Oslo", "externalID": "7", column: f"a{char}b"}
    rows = [headings, [cells[heading] for heading in headings], ["ann@b.co", "Ann", "Rome", "8"]]
    answer = file_requests.upload("\n".join(map(",".join, rows)))
    assert file_requests.counts(answer) == (1, 0, 0, 1)
    (error,) = answer.body["failedRows"][0]["errors"]
    assert error["column"] == column
    assert error["message"].startswith(f"must not contain the character U+{ord(char):04X}")


def test_a_contact_with_a_control_character_of_an_earlier_release_can_be_changed_by_an_import() -> None:
    contact = contact_requests.new_contact("A", contact_requests.email("a@b.co"), {"type": "externalID", "value": "e-1"})
    before = contact_store.get(SITE, contact["id"])
    address, other = before.identities
    other = replace(other, value="e-1\0", normalised_value="e-1\0")
    contact_store.commit(ContactChange(before, replace(before, identities=(address, other), version=before.version + 1)))
    assert file_requests.counts(file_requests.upload("email,SMS,city\na@b.co,+12125550123,Oslo\n")) == (0, 1, 0, 0)
    assert file_requests.contact_with("a@b.co")["contactIdentities"][1]["value"] == "e-1\0"


@pytest.mark.parametrize("cell", ["2.50788E+11", "2,5E+11", "1e15"])
def test_a_number_that_a_spreadsheet_has_rounded_is_a_failed_row(cell: str) -> None:
    answer = file_requests.upload(f"name;email;SMS\nA;a@b.co;{cell}\n")
    assert file_requests.counts(answer) == (0, 0, 0, 1)
    assert answer.body["failedRows"][0]["errors"][0]["column"] == "SMS"
    assert contact_requests.identify("a@b.co").body == []


def test_headings_ignore_case_and_spaces() -> None:
    assert file_requests.counts(file_requests.upload(" NAME ,First Name,E MAIL\nTom,T,a@b.co\n")) == (1, 0, 0, 0)
    assert file_requests.contact_with("a@b.co")["firstName"] == "T"


def test_a_cell_without_a_heading_is_a_failed_row() -> None:
    answer = file_requests.upload("name,email\nTom,tom@b.co,surplus\nTim,tim@b.co,,\n")
    assert file_requests.counts(answer) == (1, 0, 0, 1)
    assert answer.body["failedRows"][0]["row"] == 2


def test_the_index_that_pandas_writes_can_be_ignored() -> None:
    rows = ",name,email\n0,Tom,tom@b.co\n1,Tim,tim@b.co\n"
    refused = file_requests.upload(rows, unknownColumns="ignore")
    assert file_requests.counts(refused) == (0, 0, 0, 2)
    assert "give the column a heading" in refused.body["failedRows"][0]["errors"][0]["message"]
    assert file_requests.upload(f"Unnamed: 0{rows}").body["suggestedColumns"] == {"Unnamed: 0": None}
    assert file_requests.counts(file_requests.upload(rows, columns={"": None})) == (2, 0, 0, 0)


def test_a_skipped_row_creates_nothing() -> None:
    contact_requests.new_contact("Tom", contact_requests.email("tom@b.co"))
    assert file_requests.counts(file_requests.upload("name,email\nTom,tom@b.co;other@b.co\n", "skip")) == (0, 0, 1, 0)
    assert contact_requests.identify("other@b.co").body == []


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_the_template_imports_cleanly_twice(file_format: str) -> None:
    contact_requests.create_field(name="shoe size", type="integer")
    content = file_requests.template(file_format).body
    assert [file_requests.counts(file_requests.upload(content)) for _ in range(2)] == [(0, 0, 0, 0)] * 2


def test_importing_a_filled_template_again_changes_nothing() -> None:
    book = openpyxl.load_workbook(io.BytesIO(file_requests.template().body))
    sheet = book.worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    assert headings[:3] == ["name", "firstName", "lastName"]
    sheet.append([{"name": "Tom", "email": "tom@b.co"}.get(str(heading)) for heading in headings])
    packed = io.BytesIO()
    book.save(packed)
    assert file_requests.counts(file_requests.upload(packed.getvalue())) == (1, 0, 0, 0)
    before = file_requests.contact_with("tom@b.co")
    assert file_requests.counts(file_requests.upload(packed.getvalue())) == (0, 1, 0, 0)
    assert file_requests.contact_with("tom@b.co") == before


def test_an_unknown_template_format_is_400() -> None:
    assert file_requests.template("pdf").status == 400


def from_url(url: str) -> Answer:
    return call("contacts/import_contacts", "POST", file_requests.IMPORT, {"uploadFile": url})


@pytest.mark.parametrize(("allow_private", "status"), [(True, 200), (False, 400)])
def test_a_file_is_fetched_from_its_url_but_not_from_a_private_network(allow_private: bool, status: int) -> None:
    site_store.put_site(Site(SITE, private_callbacks=allow_private))
    with serving(reply(200, b"name,email\nTom,tom@b.co\n")) as server:
        assert from_url(f"{server.url}/contacts.csv").status == status
    assert len(server.requests) == allow_private


def test_a_url_without_a_file_is_400() -> None:
    site_store.put_site(Site(SITE, private_callbacks=True))
    with serving(reply(404)) as server:
        assert "404" in from_url(server.url).body["detail"]


def test_a_download_stops_when_the_file_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.imports.import_objects.MAX_UPLOAD_BYTES", 1000)
    site_store.put_site(Site(SITE, private_callbacks=True))
    with serving(reply(200, b"name,email\n" * 100)) as server:
        assert "more than" in from_url(server.url).body["detail"]


def test_a_byte_order_mark_is_not_part_of_the_first_heading() -> None:
    assert file_requests.counts(file_requests.upload("\ufeffemail,name\na@b.co,Tom\n")) == (1, 0, 0, 0)
    assert file_requests.contact_with("a@b.co")["name"] == "Tom"


def test_emails_that_differ_only_in_case_are_one_contact() -> None:
    assert file_requests.counts(file_requests.upload("name,email\nTom,Tom@b.co\nTim,tom@B.CO\n")) == (1, 1, 0, 0)


def test_the_error_names_a_misspelt_column_and_nothing_is_imported() -> None:
    answer = file_requests.upload("name,email,compnay\nTom,a@b.co,Comm100\n")
    assert (answer.status, "compnay" in answer.body["detail"]) == (400, True)
    assert contact_requests.identify("a@b.co").body == []


def test_a_failed_row_affects_no_other_row_of_its_chunk() -> None:
    rows = "".join(f"N{number},{'none' if number == 50 else f'n{number}@b.co'}\n" for number in range(100))
    answer = file_requests.upload(f"name,email\n{rows}")
    assert file_requests.counts(answer) == (99, 0, 0, 1)
    assert [row["row"] for row in answer.body["failedRows"]] == [52]


def test_a_row_gets_an_identity_whose_reservation_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    create_stale_reservation(IdentityType.EMAIL, "tom@example.com")
    monkeypatch.setattr(identity_uniqueness, "is_reserved", lambda _: False)
    assert file_requests.counts(file_requests.upload("name,email\nTom,tom@example.com\n")) == (1, 0, 0, 0)


@pytest.mark.parametrize("exists", [False, True])
def test_the_error_of_a_value_that_is_too_long_has_its_column(exists: bool) -> None:
    if exists:
        contact_requests.new_contact("Tom", contact_requests.email("tom@b.co"))
    answer = file_requests.upload(f"Name,email\n{'x' * 3000},tom@b.co\n")
    assert file_requests.counts(answer) == (0, 0, 0, 1)
    assert [error["column"] for error in answer.body["failedRows"][0]["errors"]] == ["Name"]


@pytest.mark.parametrize(
    ("column", "cell", "body"),
    [
        ("name", "x" * 257, {"name": "x" * 257}),
        ("description", "x" * 20_001, {"customFields": {"description": "x" * 20_001}}),
        ("email", ";".join(EMAILS), {"contactIdentities": [contact_requests.email(address) for address in EMAILS]}),
    ],
    ids=["name", "description", "identities"],
)
def test_the_error_of_a_row_is_that_of_the_contacts_api(column: str, cell: str, body: dict[str, Any]) -> None:
    cells = {"name": "Tom", "email": "tom@b.co"} | {column: cell}
    answer = file_requests.upload(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    (expected,) = call("contacts/create_contact", "POST", "/contact/contacts", contact_requests.body("Tom") | body).body["errors"]
    assert [error["message"] for error in answer.body["failedRows"][0]["errors"]] == [expected["message"]]
    assert "must have at most" in expected["message"]


def test_blank_rows_before_the_header_are_skipped_and_rows_keep_their_numbers() -> None:
    answer = file_requests.upload("\n,,\nname,email\n\nAda,ada@example.com\nBob,bad\n")
    assert file_requests.counts(answer) == (1, 0, 0, 1)
    assert [row["row"] for row in answer.body["failedRows"]] == [6]


def test_a_name_that_shows_nothing_counts_as_absent() -> None:
    rows = "\u3164,\u2800,Ada,ada@b.co\n\u034f,,\u00ad,bob@b.co\n"
    assert file_requests.counts(file_requests.upload(f"name,firstName,lastName,email\n{rows}")) == (2, 0, 0, 0)
    assert [file_requests.contact_with(address)["name"] for address in ("ada@b.co", "bob@b.co")] == ["Ada", "bob@b.co"]


def test_an_identity_of_2000_characters_is_imported_and_a_longer_one_fails_its_row() -> None:
    answer = file_requests.upload("externalID\n" + "".join(f"{'a' * length}\n" for length in (2_000, 2_001)))
    assert file_requests.counts(answer) == (1, 0, 0, 1)
    assert answer.body["failedRows"][0]["errors"][0]["column"] == "externalID"
    assert file_requests.contact_with("a" * 2_000)["name"] == "a" * 256
