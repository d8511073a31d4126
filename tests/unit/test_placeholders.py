"""What stands for "no value", and numbers that a spreadsheet has rounded (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

import pytest

from outreach import placeholders

WORDS = ["n/a", "NA", "N.A.", "None", "NULL", "nil", "Unknown", "tbd", "<NA>", "(null)", "NaN", "undefined", "not available"]
MARKS = ["", " ", "-", "--", "—", "\u2212", ".", "...", "?", "???", "_", "*", "/", "#####"]
ZEROS = ["0", "00000", "0.0", "+0", "000-000-0000", "(000) 000 0000", "٠٠٠"]
ERRORS = ["#N/A", "#n/a", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#ERROR!", "#GETTING_DATA"]
OTHER_LANGUAGES = ["#NV", "#WERT!", "#BEZUG!", "#VALEUR!", "#¡VALOR!", "#¿NOMBRE?", "#N/D", "Err:502"]


@pytest.mark.parametrize("given", [*WORDS, *MARKS, *ZEROS, *ERRORS, *OTHER_LANGUAGES, " n/A\u200b "])
def test_a_placeholder_is_recognised(given: str) -> None:
    assert placeholders.is_placeholder(given)


@pytest.mark.parametrize("given", ["Nadia", "nano", "Null Island", "10", "0a", "007", "+10", "#general", "@na", "🙂", "-1", "no"])
def test_a_value_is_no_placeholder(given: str) -> None:
    assert not placeholders.is_placeholder(given)


@pytest.mark.parametrize(
    "given", ["1.23457E+15", "1,23457E+15", "2,5e+11", " 1.2e+09 ", "1E+15", "1.23457E15", "-2.5E+11", "1.5E-05"]
)
def test_a_rounded_number_is_recognised(given: str) -> None:
    assert placeholders.is_rounded_number(given)


@pytest.mark.parametrize("given", ["1234567000000000", "12E5", "1E5", "E5", "123e4567", "E+15", "1.5", "1.5EUR", ""])
def test_an_id_is_no_rounded_number(given: str) -> None:
    assert not placeholders.is_rounded_number(given)
