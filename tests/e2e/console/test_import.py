"""Importing a file: a check first, columns by suggestion and by selection, wrong cells, the import, and taking it back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.support.browser import Console
from tests.support.campaigns import DELIVERED, new_name, numbers
from tests.support.client import TIMEOUT_SECONDS, Client, until

CASES = Path(__file__).parents[2] / "integration/imports/cases"
# More than a form takes, so the file goes to the bucket. An import ignores this column of an export.
LARGE_CELL = "x" * 100_000
ROWS_OF_LARGE = 50


def _choose(console: Console, file: Path | FilePayload) -> None:
    """Open the import and check a file."""
    console.open("Imports")
    console.page.get_by_role("link", name="Import a file").click()
    console.page.get_by_label("File", exact=True).set_input_files(file)
    console.page.get_by_role("button", name="Check the file").click()


def _file(text: str, encoding: str = "utf-8") -> FilePayload:
    return {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode(encoding)}


def _count(page: Page, text: str) -> str:
    """The number beside a text of the result."""
    return page.locator(".counts > div").filter(has_text=text).get_by_role("definition").inner_text()


def _undo(page: Page) -> None:
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("main").get_by_text("The import is taken back")).to_be_visible()


def test_a_google_export_is_imported_by_its_suggestions_and_taken_back(console_on_a_phone: Console) -> None:
    page = console_on_a_phone.page
    _choose(console_on_a_phone, CASES / "google_old.csv")
    expect(page.get_by_text("Nothing has been imported yet.").first).to_be_visible()
    suggestions = {
        "Given Name": "First name",
        "Family Name": "Last name",
        "E-mail 1 - Value": "E-mail",
        "Phone 1 - Value": "Mobile number",
    }
    for column, field in suggestions.items():
        expect(page.get_by_label(f"Where {column} goes").locator("option:checked")).to_have_text(field)
    console_on_a_phone.check()
    page.get_by_role("button", name="Import 1 row").press("Enter")
    expect(page.get_by_role("definition").filter(has_text="Completed")).to_be_visible()
    console_on_a_phone.check()
    expect(page.get_by_text("This import was taken back.")).to_have_count(0)
    _undo(page)
    expect(page.get_by_text("Undone")).to_be_visible()
    expect(page.get_by_text("This import was taken back.")).to_be_visible()
    console_on_a_phone.open("Imports")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Undone")
    console_on_a_phone.check()


def test_columns_are_corrected_wrong_cells_marked_and_failed_rows_downloaded(
    console_on_a_phone: Console, tmp_path: Path, api: Client
) -> None:
    page, town, (good, bad) = console_on_a_phone.page, new_name("Branch"), numbers(DELIVERED[:2])
    _choose(console_on_a_phone, _file(f"Full name,Cell,Branch\nAda,{good} x7,{town}\n<img src=x>,{bad[1:]} (home),{town}\n"))
    cell = page.get_by_role("group", name="Rows with errors").get_by_role("cell").filter(has_text=bad[1:])
    expect(cell).to_contain_text("must be one phone number and nothing else")
    expect(page.get_by_text("the extension 7 was dropped")).to_be_visible()
    assert (_count(page, "Rows that add a contact"), _count(page, "Rows with errors")) == ("1", "1")
    expect(page.get_by_text("We do not know this column.")).to_be_visible()

    page.get_by_label("Where Branch goes").select_option(label="City")
    expect(page.get_by_role("button", name="Import")).to_have_count(0)
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Import 1 row").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the rows with errors").click()
    download.value.save_as(tmp_path / "failed.csv")
    failed = list(csv.DictReader(io.StringIO((tmp_path / "failed.csv").read_text("utf-8-sig"))))
    assert [row["Full name"] for row in failed] == ["<img src=x>"]
    assert failed[0]["importError"]
    query = {"filterConditions": [{"fieldName": "city", "operator": "is", "value": town, "order": 1}]}
    found = until(lambda: api.post("/contact/contacts:query", query)["contacts"], bool, TIMEOUT_SECONDS)
    assert [contact["name"] for contact in found] == ["Ada"]
    console_on_a_phone.open("Imports")
    page.get_by_role("row").filter(has=page.get_by_role("button", name="Undo")).first.get_by_role("link").click()
    _undo(page)


def test_a_row_of_two_contacts_names_both_of_them(console: Console, api: Client) -> None:
    names, (number,), address = [new_name("Ada"), new_name("Ben")], numbers(DELIVERED[:1]), f"{uuid4().hex}@example.com"
    for name, (kind, value) in zip(names, [("SMS", number), ("email", address)], strict=True):
        api.post("/contact/contacts", {"name": name, "contactIdentities": [{"type": kind, "value": value}]})
    _choose(console, _file(f"name,SMS,email\nAda,{number},{address}\n"))
    for name in names:
        link = console.page.get_by_role("group", name="Rows with errors").get_by_role("link", name=name)
        expect(link).to_have_attribute("href", re.compile("#/contacts/"))


def test_the_file_and_its_columns_are_there_when_the_reader_comes_back(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    _choose(console, _file(f"Nimi;Lempinimi;Matkapuhelin\nAda;Countess;{number}\n"))
    page.get_by_label("Where Lempinimi goes").select_option(label="Nickname")
    links = (page.get_by_role("link", name=name) for name in ("All imports", "Import a file"))
    ways: list[list[Callable[[], object]]] = [[page.go_back, page.go_forward], [link.click for link in links]]
    for leave, come_back in ways:
        leave()
        expect(page.get_by_role("heading", level=1, name="Imports", exact=True)).to_be_visible()
        come_back()
        expect(page.get_by_label("Where Lempinimi goes").locator("option:checked")).to_have_text("Nickname")
        assert page.get_by_label("File", exact=True).evaluate("input => input.files[0].name") == "people.csv"
    page.get_by_label("Where Nimi goes").select_option(label="Name")
    page.get_by_label("Where Matkapuhelin goes").select_option(label="Mobile number")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Import 1 row").click()
    expect(page.get_by_role("definition").filter(has_text="people.csv")).to_be_visible()
    console.open("Imports")
    expect(page.get_by_role("rowheader").first).to_have_text("people.csv")
    page.get_by_role("link", name="Import a file").click()
    expect(page.get_by_role("button", name="Check the file")).to_be_visible()
    expect(page.get_by_text("Columns")).to_have_count(0)


def test_a_file_whose_known_columns_tell_nobody_asks_for_one_that_does(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    _choose(console, _file(f"First name,Matkapuhelin\nAda,{number}\n"))
    expect(page.get_by_text("Select a column with a number, an e-mail address or another id.").first).to_be_visible()
    expect(page.get_by_role("group", name="Rows with errors")).to_have_count(0)
    expect(page.get_by_text("We do not know this column.")).to_be_visible()
    page.get_by_label("Where Matkapuhelin goes").select_option(label="Mobile number")
    expect(page.get_by_text("We do not know this column.")).to_be_hidden()
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()


def test_rows_of_one_person_are_counted_as_rows(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    _choose(console, _file(f"name,SMS\nAda,{number}\nAda L.,{number}\nAda Lovelace,{number}\n"))
    assert (_count(page, "Rows that add a contact"), _count(page, "Rows that change a contact")) == ("1", "2")
    expect(page.get_by_text("Each row counts once.")).to_be_visible()


def test_columns_of_another_language_are_selected_by_hand(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    _choose(console, _file(f"Nimi;Matkapuhelin\n{new_name('Ana')};{number}\n"))
    expect(page.get_by_text("None of the columns is known.")).to_be_visible()
    page.get_by_label("Where Nimi goes").select_option(label="Name")
    page.get_by_label("Where Matkapuhelin goes").select_option(label="Mobile number")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()
    expect(page.get_by_text("separated by semicolons")).to_be_visible()


def test_a_file_without_a_column_of_mobile_numbers_says_that_no_campaign_reaches_its_people(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    _choose(console, _file(f"email,Matkapuhelin\n{uuid4()}@example.com,{number}\n"))
    expect(page.get_by_text("No column goes into “Mobile number”.")).to_be_visible()
    page.get_by_label("Where Matkapuhelin goes").select_option(label="Mobile number")
    expect(page.get_by_text("No column goes into “Mobile number”.")).to_be_hidden()
    console.check()


def test_an_encoding_is_chosen_when_it_cannot_be_recognised(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    _choose(console, _file(f"Имя,SMS\nИван,{number}\n", "windows-1251"))
    expect(page.get_by_role("alert")).to_contain_text("choose them under “Characters of the file”")
    page.get_by_label("Characters of the file").select_option(label="Cyrillic (Windows-1251)")
    page.get_by_role("button", name="Check again").click()
    page.get_by_label("Where Имя goes").select_option(label="Name")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("group", name="The first rows").get_by_text("Иван")).to_be_visible()


def test_a_column_without_a_heading_and_a_missing_file_are_explained(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    console.open("Imports")
    page.get_by_role("link", name="Import a file").click()
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_label("File", exact=True)).to_be_focused()
    expect(page.get_by_text("Choose a file first.")).to_be_visible()
    page.get_by_label("File", exact=True).set_input_files(_file(f"name,,SMS\nAda,stray,{number}\n"))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("group", name="Rows with errors")).to_contain_text("without a heading")
    expect(page.get_by_text("No row of this file can be imported.")).to_be_visible()
    console.check()


def test_a_large_file_is_sent_to_the_bucket(console: Console) -> None:
    page, name = console.page, new_name("Large")
    rows = [f"{name},{number},{LARGE_CELL}" for number in numbers(DELIVERED[:ROWS_OF_LARGE])]
    _choose(console, _file("\n".join(["name,SMS,createTime", *rows])))
    expect(page.get_by_role("button", name=f"Import {ROWS_OF_LARGE} rows")).to_be_visible()
    with page.expect_request(lambda request: request.method == "PUT"):
        page.get_by_role("button", name=f"Import {ROWS_OF_LARGE} rows").click()
    expect(page.get_by_role("definition").filter(has_text="Completed")).to_be_visible()
    _undo(page)


@pytest.mark.parametrize(("text", "reason"), [('name,SMS\n"Ada"x,1\n', "closing quotation mark in line 2"), ("\n", "first row")])
def test_a_file_that_cannot_be_read_says_why_and_changes_nothing(console: Console, text: str, reason: str) -> None:
    _choose(console, _file(text))
    expect(console.page.get_by_role("alert")).to_contain_text(reason)
    expect(console.page.get_by_role("alert")).to_contain_text("Nothing has been imported.")
    expect(console.page.get_by_role("button", name="Import")).to_have_count(0)
