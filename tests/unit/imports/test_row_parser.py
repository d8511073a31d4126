"""The cells of a row: which contact data they mean, and what is wrong with them."""

from __future__ import annotations

import pytest

from outreach.contacts.fields import SiteFields, system_fields
from outreach.imports import cells
from outreach.imports.columns import Columns
from outreach.imports.row_parser import ContactData, RowParser

PARSER = RowParser(Columns(SiteFields("1", "US", system_fields("1"))))


def parse(**row: str) -> ContactData:
    return PARSER.parse(row)


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ('="+12125550123"', ["+12125550123"]),
        ('="2125550123"', ["+12125550123"]),
        ("'2125550123", ["+12125550123"]),
        ("\u2019(212) 555-0123", ["+12125550123"]),
        ("'+12125550123;'2125550124", ["+12125550123", "+12125550124"]),
    ],
)
def test_a_number_is_read_without_what_protects_it_from_a_spreadsheet(cell: str, numbers: list[str]) -> None:
    data = parse(SMS=cell)
    assert (list(data.identities.values()), data.errors) == (numbers, [])


@pytest.mark.parametrize(
    ("cell", "value"),
    [('="02134"', "02134"), ('="6"" pipe"', '6" pipe'), ('=A1&"x"', '=A1&"x"'), ("'02134", "'02134"), ('="a"&"b"', '="a"&"b"')],
)
def test_a_formula_of_a_text_alone_is_that_text(cell: str, value: str) -> None:
    assert parse(postalOrZipCode=cell).values == {"postalOrZipCode": value}


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#WERT!", "#NV", "#\u00a1VALOR!", "Err:502"])
@pytest.mark.parametrize("column", ["name", "city", "timeZone"])
def test_a_spreadsheet_error_is_no_value_in_any_column(column: str, error: str) -> None:
    data = parse(**{column: error})
    assert (data.name, data.values, data.errors) == (None, {}, [])
    assert [entry.pointer for entry in data.warnings] == [column]


def test_a_spreadsheet_error_does_not_mean_that_a_person_may_be_texted() -> None:
    data = parse(isOptedOut="#N/A", SMS="+12125550123")
    assert [(error.pointer, error.message) for error in data.errors] == [("isOptedOut", "must be yes or no")]


@pytest.mark.parametrize("cell", ["#hello!", "#1", "N/A", "#Sale"])
def test_a_text_that_is_no_spreadsheet_error_stays(cell: str) -> None:
    assert parse(city=cell).values == {"city": cell}


@pytest.mark.parametrize(
    ("column", "cell", "warned"),
    [
        ("name", "J?rgen M?ller", True),
        ("firstName", "????", True),
        ("lastName", "M\ufffdller", True),
        ("name", "J\u00fcrgen", False),
        ("city", "Where?", False),
    ],
)
def test_a_name_that_seems_to_have_lost_letters_gets_a_warning(column: str, cell: str, warned: bool) -> None:
    data = parse(**{column: cell})
    assert (bool(data.warnings), data.errors) == (warned, [])


@pytest.mark.parametrize("text", ['="02134"', '\'="x"', "'0123", "=1"])
def test_a_text_that_looks_protected_comes_back_from_an_export_as_it_is(text: str) -> None:
    assert parse(city=cells.guard(text)).values == {"city": text}


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("SMS", "212-555-0123 / 212-555-0124"),
        ("SMS", "+12125550123, +12125550124"),
        ("whatsApp", "+12125550123 or +12125550124"),
        ("email", "a@b.co, c@d.co"),
        ("email", "a@b.co & c@d.co"),
    ],
)
def test_the_error_of_several_identities_says_how_to_separate_them(column: str, cell: str) -> None:
    (error,) = parse(**{column: cell}).errors
    assert (error.pointer, error.message) == (column, "has 2 values; write ; between them")


@pytest.mark.parametrize("cell", ["212-555-0123 / 5", "212-555-0123 (home)", "2,125,550,123", "212-555-0123, home"])
def test_a_number_with_something_else_is_not_several_numbers(cell: str) -> None:
    (error,) = parse(SMS=cell).errors
    assert error.message.startswith("must be one phone number")
