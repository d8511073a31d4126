"""Protection of cells against spreadsheet formulas, and several values in one cell."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.imports import cells

VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\x00")).filter(lambda text: text == text.strip() != "")


@given(st.text())
def test_unguard_is_the_inverse_of_guard(text: str) -> None:
    assert cells.unguard(cells.guard(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", "'=1", "''@x"])
def test_text_that_a_spreadsheet_would_evaluate_gets_an_apostrophe(text: str) -> None:
    assert cells.guard(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1", "a=b", "'a", "'", "a@b.co"])
def test_other_text_does_not_change(text: str) -> None:
    assert cells.guard(text) == cells.unguard(text) == text


@given(st.lists(VALUES | st.text(' :;"\r\na').filter(lambda text: text == text.strip() != "")))
def test_both_ways_to_split_are_the_inverse_of_join(values: list[str]) -> None:
    assert cells.split(cells.join(values)) == cells.split_identities(cells.join(values)) == values


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a ::: b;c", ["a", "b", "c"]),
        ("a:::b", ["a", "b"]),
        ('5" x ::: 6" y', ['5" x', '6" y']),
        ('a ::: "b ::: c";"d ::: e" ::: f', ["a", "b ::: c", "d ::: e", "f"]),
    ],
)
def test_identities_are_split_at_three_colons_outside_quotation_marks(cell: str, expected: list[str]) -> None:
    assert [value.strip() for value in cells.split_identities(cell)] == expected


@pytest.mark.parametrize("part", [" ", "\n", ":::", '"', '"" ', ';"', ":", " :::", "a", '""', '""a'])
@pytest.mark.parametrize("begin", ["", '"', ';"', '"a";"'])
def test_a_long_cell_is_split_in_linear_time(begin: str, part: str) -> None:
    start = time.process_time()
    with suppress(ValueError):
        cells.split_identities(begin + part * 100_000)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("", []), (" ; ", []), ("a; b ;;c", ["a", "b ", "c"]), ('"a;b";c', ["a;b", "c"]), ("a\nb", ["a", "b"])],
)
def test_blank_values_are_dropped(cell: str, expected: list[str]) -> None:
    assert cells.split(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024/05/01", "2024-05-01"),
        ("2024/5/1", "2024-05-01"),
        ("2024/05/01 12:30:00", "2024-05-01 12:30:00"),
        ("2024/05/011", "2024/05/011"),
        ("05/01/2024", "05/01/2024"),
        ("2024-05-01", "2024-05-01"),
    ],
)
def test_only_a_date_that_begins_with_the_year_gets_hyphens(cell: str, expected: str) -> None:
    assert cells.with_hyphens(cell) == expected


def test_unbalanced_quotation_marks_are_an_error() -> None:
    with pytest.raises(ValueError, match="quotation marks"):
        cells.split('"a;b')


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2024-05-01", True), ("2024-05-01T12:30:00", True), (" 2024-05-01 ", True), ("2024-05-0123", False), ("2125550123", False)],
)
def test_a_date_is_recognised(value: str, expected: bool) -> None:
    assert cells.is_date(value) is expected
