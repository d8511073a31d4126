"""Cells: several values in one, and what spreadsheets would evaluate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.contacts.files import cells

VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\x00")).filter(lambda text: text == text.strip() != "")


@given(st.text())
def test_a_guarded_cell_is_read_as_it_was(text: str) -> None:
    assert cells.unguarded(cells.guarded(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''@x"])
def test_what_a_spreadsheet_would_evaluate_gets_an_apostrophe(text: str) -> None:
    assert cells.guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1", "a=b", "'a", "'", "a@b.co"])
def test_other_cells_stay(text: str) -> None:
    assert cells.guarded(text) == cells.unguarded(text) == text


@given(st.lists(VALUES))
def test_values_in_one_cell_are_read_as_they_were(values: list[str]) -> None:
    assert cells.split(cells.joined(values)) == values


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("", []), (" ; ", []), ("a; b ;;c", ["a", "b ", "c"]), ('"a;b";c', ["a;b", "c"]), ("a\nb", ["a", "b"])],
)
def test_blank_values_do_not_count(cell: str, expected: list[str]) -> None:
    assert cells.split(cell) == expected


def test_quotation_marks_that_do_not_match_are_told() -> None:
    with pytest.raises(ValueError, match="quotation marks"):
        cells.split('"a;b')


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("2.50788E+11", True), ("1E5", True), ("2,5e+11", True), ("250788123456", False), ("E5", False), ("", False)],
)
def test_a_rounded_number_is_told_from_others(cell: str, expected: bool) -> None:
    assert cells.is_rounded_number(cell) is expected
