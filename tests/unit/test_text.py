"""Text is normalised, compared and sorted in one way (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import text

INVISIBLE = ["\ufeff", "\u200b", "\u2060", "\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"]


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        (" a ", "a"),
        ("\u00a0a\u3000\n", "a"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("\ufeff \u200bTroms\u00f8\u200b ", "Troms\u00f8"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a  b", "a  b"),
    ],
)
def test_text_is_composed_and_trimmed(given_text: str, expected: str) -> None:
    assert text.normalise(given_text) == expected


@pytest.mark.parametrize("char", INVISIBLE)
def test_invisible_characters_are_removed_everywhere(char: str) -> None:
    assert text.normalise(f"{char}a{char}b{char}") == "ab"


@given(st.text())
def test_normalising_and_comparing_are_stable(value: str) -> None:
    normalised = text.normalise(value)
    assert text.normalise(normalised) == normalised
    assert text.is_same(value, normalised)
    assert text.is_same(value, unicodedata.normalize("NFD", value))


@pytest.mark.parametrize("shown", ["a", ".", "\u0301", "\u2764\ufe0f", "\u3131"])
def test_what_shows_something_is_not_blank(shown: str) -> None:
    assert not text.is_blank(f" {shown}\n")


def test_what_shows_nothing_is_blank() -> None:
    spaces, fillers = ["", "\u00a0", "\u200d", "\u00ad"], ["\u3164", "\u115f\u1160", "\uffa0", "\u2800"]
    selectors, joiners = ["\ufe0f", "\U000e0101", "\u180b", "\u180f"], ["\u034f", "\u17b4", "\u2065", "\ufff0"]
    tags = ["\U000e0001", "\U000e0061\U000e007f", "\U000e0002"]
    for hidden in (*spaces, *fillers, *selectors, *joiners, *tags):
        assert text.is_blank(f" {hidden}\n"), ascii(hidden)


def test_a_body_keeps_its_white_space_and_its_marks() -> None:
    assert text.normalise_body(" \u200eHello\nZoe\u0308 ") == " \u200eHello\nZo\u00eb "


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Straße", "STRASSE", True),
        ("Caf\u00e9", "CAFE\u0301", True),
        ("New\u00a0 York", "new york", True),
        ("Ber gen", "Bergen", False),
        ("Cafe", "Caf\u00e9", False),
    ],
)
def test_texts_are_the_same_regardless_of_case_composition_and_white_space(first: str, second: str, expected: bool) -> None:
    assert text.is_same(first, second) is expected


def test_texts_sort_regardless_of_case_and_accents_then_exactly() -> None:
    names = ["Zed", "émile", "Emil", "Øyvind", "Åsa", "andrew", "André", "Oz", "asa", "emile"]
    expected = ["André", "andrew", "asa", "Åsa", "Emil", "emile", "émile", "Øyvind", "Oz", "Zed"]
    assert sorted(names, key=text.sort_key) == expected


@pytest.mark.parametrize(
    "char", ["\x00", "\x07", "\n", "\t", "\x7f", "\x85", "\u2028", "\u2029", "\ufffe", "\ufdd0", "\U0001ffff"]
)
def test_a_name_has_no_control_characters(char: str) -> None:
    with pytest.raises(ValueError, match=r"must not contain the character U\+"):
        text.require_name(f"bad{char}name")


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x85", "\x9f", "\ud800", "\ufdd0", "\uffff", "\U0010fffe"])
def test_a_text_has_no_characters_without_a_meaning(char: str) -> None:
    with pytest.raises(ValueError, match=rf"must not contain the character U\+{ord(char):04X}"):
        text.require_text(f"a{char}b")


@pytest.mark.parametrize(
    "value", ["a\tb\r\nc", "a\u2028b\u2029", "\U0001f469\u200d\U0001f467", "\xa0\xad\ufffd\ue000", "\U000e0041"]
)
def test_a_text_may_have_line_breaks_and_characters_of_every_script(value: str) -> None:
    assert text.require_text(value) == value == text.without_controls(value)


def test_a_name_is_normalised() -> None:
    assert text.require_name(" Gro\u0308\u200bße\n") == "Größe"


def test_a_long_text_with_few_marks_in_a_row_is_composed_and_not_changed_otherwise() -> None:
    assert text.normalise("e\u0301" * 1_000) == "é" * 1_000
    assert text.normalise("x" * 1_000 + "\u0316" * 30) == "x" * 1_000 + "\u0316" * 30


def test_more_marks_in_a_row_than_any_language_writes_are_separated_in_a_long_text() -> None:
    assert text.normalise("x" * 1_000 + "\u0316" * 31) == "x" * 1_000 + "\u0316" * 30 + "\u034f\u0316"


def test_a_list_in_an_error_ends_where_nobody_would_read_on() -> None:
    assert text.listed(["a", "b"]) == "a, b"
    assert text.listed(["x" * 100] * 2_000) == ", ".join(["x" * 100] * 5) + " and 1,995 more"
    assert text.listed(["x" * 600, "y"]) == "x" * 600 + " and 1 more"
