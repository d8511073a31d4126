"""Splitting a file into chunks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from outreach.contacts.fields import SiteFields, system_fields
from outreach.imports import file_splitter
from outreach.imports.columns import Columns
from outreach.imports.file_format import UnreadableFile


def test_a_chunk_ends_where_its_texts_would_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_splitter, "_CHARACTERS_PER_CHUNK", 10)
    rows = iter([{"row": number, "values": {"name": "x" * 6}} for number in range(5)])
    assert [len(list(file_splitter._chunk(rows))) for _ in range(4)] == [2, 2, 1, 0]


def hints(*rows: list[str]) -> list[str]:
    """What the errors of a header that cannot be imported advise."""
    header, *others = rows
    return file_splitter._hints(Columns(SiteFields("1", "US", system_fields("1"))), header, enumerate(others, start=2))


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        ([["Customers 2024", ""], [], ["First Name", "Mobile", "Plan"], ["Ada", "+12125550123", ""]], "row 3 seems to have"),
        ([["Name", ""], ["of all"], ["Name", "E-mail"]], "row 3 seems to have"),
        ([["name:email:SMS"], ["Ada:ada@b.co:+12125550123"]], "has the headings of several columns"),
        ([["name   email   SMS"], ["Ada    ada@b.co +12125550123"]], "has the headings of several columns"),
        ([["Ada", "+12125550123"], ["Bob", "+12125550124"]], "the first row seems to be a contact"),
        ([["Ada", "ada@b.co"]], "the first row seems to be a contact"),
        ([["name;SMS;email"], ["Ada;+12125550123;"]], "the cell name;SMS;email has the headings of several columns"),
        ([["name,SMS,email", ""]], "Text to Columns"),
        ([["name^SMS"]], "begin the file with the line sep=^"),
    ],
)
def test_the_hint_says_what_seems_to_be_wrong_with_the_header(rows: list[list[str]], hint: str) -> None:
    (found,) = hints(*rows)
    assert hint in found


@pytest.mark.parametrize(
    "rows",
    [
        [["name", "Shoe size"], ["Ada", "39"]],
        [["Kundennummer"], ["4711"]],
        [["name", "City, Country"], ["Ada", "Mobile"]],
        [["a|b"]],
    ],
)
def test_a_header_with_an_unknown_column_gets_no_hint(rows: list[list[str]]) -> None:
    assert hints(*rows) == []


def test_a_row_that_cannot_be_read_gives_no_hint() -> None:
    def rows() -> Iterator[tuple[int, list[str]]]:
        raise UnreadableFile("x")
        yield

    assert file_splitter._hints(Columns(SiteFields("1", "US", system_fields("1"))), ["x"], rows()) == []


def test_no_cell_without_a_heading_is_lost() -> None:
    values = file_splitter._by_heading(["", "name", ""], ["0", "Ada", "", "Oslo", "+12125550123"])
    assert values == {"name": "Ada", "": "0; Oslo; +12125550123"}


def test_a_protected_text_without_characters_is_blank() -> None:
    """In a merge it would empty the contact's field, and as an opt-out it would fail the row."""
    assert file_splitter._by_heading(["name", "city", "isOptedOut"], ["Ada", '=""', '=""', '=""']) == {"name": "Ada"}


def test_a_row_of_nothing_but_spreadsheet_errors_is_blank() -> None:
    assert file_splitter._by_heading(["name", "city"], ["#N/A", "#REF!"]) == {}
    assert file_splitter._by_heading(["name", "city"], ["Ada", "#REF!"]) == {"name": "Ada", "city": "#REF!"}


def test_a_spreadsheet_error_is_neither_a_heading_nor_a_cell_without_one() -> None:
    assert file_splitter._heading("#REF!") == ""
    assert file_splitter._by_heading(["name", ""], ["Ada", "#REF!", "#N/A"]) == {"name": "Ada"}
