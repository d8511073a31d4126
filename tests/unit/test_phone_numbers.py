"""Phone numbers are read exactly, kept as given, or refused (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import phone_numbers
from outreach.phone_numbers import NumberFormat, PhoneNumber


@pytest.mark.parametrize(
    ("region", "given", "expected"),
    [
        ("US", "(212) 555-0123", "+12125550123"),
        ("US", "12125550123", "+12125550123"),
        ("US", "+49 171 1234567", "+491711234567"),
        ("US", "0044 7911 123456", "+447911123456"),
        ("US", "011 44 7911 123456", "+447911123456"),
        ("US", "+44 (0)7911 123456", "+447911123456"),
        ("US", "(+44) 7911 123456", "+447911123456"),
        ("US", "tel:+1-212-555-0123", "+12125550123"),
        ("US", "SMS: 2125550123", "+12125550123"),
        ("US", "whatsapp:+12125550123", "+12125550123"),
        ("US", "٢١٢٥٥٥٠١٢٣", "+12125550123"),
        ("US", "＋１２１２５５５０１２３", "+12125550123"),
        ("US", "212\u2013555\u00a00123\u200b", "+12125550123"),
        ("US", "212.555.0123.", "+12125550123"),
        ("US", "+491711234567.0", "+491711234567"),
        ("US", "212.555.0116.0", "+12125550116"),
        ("DE", "1711234567.00", "+491711234567"),
        ("DE", "0171 1234567,0", "+491711234567"),
        ("DE", "0171/1234569", "+491711234569"),
        ("FR", "01.23.45.67.00", "+33123456700"),
        ("IT", "06 1234567", "+39061234567"),
        ("RW", "0788 123 456", "+250788123456"),
        ("US", "1-800-FLOWERS", "+18003569377"),
        ("US", "1-800FLOWERS", "+18003569377"),
        ("US", "212555DUCK", "+12125553825"),
    ],
)
def test_a_valid_number_becomes_e164(region: str, given: str, expected: str) -> None:
    assert phone_numbers.parse(given, region) == PhoneNumber(expected, is_valid=True)


@pytest.mark.parametrize(
    ("region", "given"),
    [
        ("US", "447911123456"),
        ("US", "+033214561"),
        ("US", "68849"),
        ("US", "555-0123"),
        ("US", "+999123456789"),
        ("DE", "4915123456789"),
        ("DE", "+49.171.1234567.0"),
    ],
)
def test_a_number_that_is_not_valid_or_not_clear_is_kept_as_given(region: str, given: str) -> None:
    assert phone_numbers.parse(given, region) == PhoneNumber(given, is_valid=False)


NOTES = [
    "Tom",
    "TOM",
    "FAX",
    "(mobile)",
    "(2)",
    "m",
    "mob.",
    "ΤΟΜ",
    "or 212-555-0124",
    ", 2125550124",
    "/ 212 555 0124",
    "😀",
    "*",
    "²",
]
NUMBERS = [("US", "212-555-0123"), ("US", "2125550123"), ("AT", "+43 664 1234567"), ("AT", "0664 1234567"), ("DE", "030 12345")]


@pytest.mark.parametrize("joint", ["", " ", "-"])
@pytest.mark.parametrize(("region", "number"), NUMBERS)
@pytest.mark.parametrize("note", NOTES)
def test_a_note_beside_a_number_never_becomes_digits(region: str, number: str, note: str, joint: str) -> None:
    assert phone_numbers.parse(f"{number}{joint}{note}", region) is None
    if not any(map(str.isdecimal, note)):
        assert phone_numbers.parse(f"{note}{joint}{number}", region) in (None, phone_numbers.parse(number, region))


NOT_NUMBERS = ["", "+", "()", "n/a", "++12125550123", "12125550123+", "1.23457E+15", "x5", "½", "1-800-flowers", "1-800 FLOWERS"]
TOO_MUCH = ["+1+2125550123", "+1234567890123456", "+12125550121\n+12125550122", "5550121\n5550122", "0" * 5000, "1" * 10**6]

SEVERAL_WORDS = ["1-800-FLO-555", "1-800-GO-FEDEX", "800-GO-FEDEX", "+1-800-FLO-WERS", "1-800--FLOWERS"]


@pytest.mark.parametrize("given", [*NOT_NUMBERS, *TOO_MUCH, "212555012O", *SEVERAL_WORDS])
def test_other_text_is_no_phone_number(given: str) -> None:
    assert phone_numbers.parse(given, "US") is None


# From reports about libphonenumber and its ports, which read each of them as a valid number of somebody.
REPORTED = [
    ("SE", "070 123 45 67 (Axel)"),
    ("NC", "+687 201234 abc"),
    ("US", "a53055a51212a"),
    ("IN", "+917878787xyz"),
    ("CH", "+33 6 6X XX XX 83"),
    ("RO", "+4072d3800439"),
    ("VN", "VNTRIP2016A0NLH"),
    ("FR", "+3367a829916"),
    ("PK", "923419005ba521"),
    ("PK", "3419005bac521"),
    ("FR", "0611111111GH"),
    ("RO", "+40721eeasd0"),
]


@pytest.mark.parametrize(("region", "given"), REPORTED)
def test_letters_among_digits_are_refused(region: str, given: str) -> None:
    assert phone_numbers.parse(given, region) is None


@pytest.mark.parametrize("two", ["030 12345/46", "030 1234 / 030 1235", "030 1234\n030 1235", "0171 1234567 (2)"])
def test_two_numbers_never_become_one(two: str) -> None:
    assert phone_numbers.parse(two, "DE") is None


@pytest.mark.parametrize(
    "spelling",
    ["ext. 9", "ext 9", "Ext:9", "extension 9", "x9", "x. 9", "#9", ";ext=9", "(ext. 9)", ", ext 9", "доб. 9", "anexo 9"],
)
def test_an_extension_is_dropped_and_reported(spelling: str) -> None:
    assert phone_numbers.parse(f"+1 (212) 555-0110 {spelling}", "US") == PhoneNumber("+12125550110", is_valid=True, extension="9")


def test_what_looks_like_decimals_before_an_extension_are_digits_of_the_number() -> None:
    expected = PhoneNumber("+353180010550", is_valid=True, extension="955")
    assert phone_numbers.parse("1 - 8001 0(55.0 (ext 955)", "IE") == expected


@pytest.mark.parametrize(
    ("given", "national", "international"),
    [
        ("4915123456789", "+494915123456789", "+4915123456789"),
        ("447911123456", "+49447911123456", "+447911123456"),
        ("015123456789", "+4915123456789", None),
        ("+447911123456", "+447911123456", "+447911123456"),
    ],
)
def test_the_reading_of_digits_without_a_plus_can_be_chosen(given: str, national: str | None, international: str | None) -> None:
    for reading, expected in ((NumberFormat.NATIONAL, national), (NumberFormat.INTERNATIONAL, international)):
        number = phone_numbers.parse(given, "DE", reading)
        assert number == PhoneNumber(expected or given, is_valid=expected is not None)


@pytest.mark.parametrize(
    ("region", "given", "expected"),
    [
        ("US", "447911123456", "+447911123456"),
        ("DE", "4915123456789", "+4915123456789"),
        ("US", "12125550123", None),
        ("US", "68849", None),
        ("US", "Tom", None),
    ],
)
def test_a_missing_plus_is_noticed(region: str, given: str, expected: str | None) -> None:
    assert phone_numbers.missing_country_code(given, region) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [("+12125550123", True), ("12125550123", False), ("+1 212 555 0123", False), ("+112345", False), ("", False)],
)
def test_only_e164_is_a_valid_number(number: str, expected: bool) -> None:
    assert phone_numbers.is_valid_number(number) is expected


@pytest.mark.parametrize(
    ("region", "part", "number", "is_in"),
    [
        ("AT", "0664 123", "+436641234567", True),
        ("AT", "(0664) 123-45", "+436641234567", True),
        ("AT", "664/123", "+436641234567", True),
        ("AT", "0043 664", "+436641234567", True),
        ("AT", "tel:+43 664", "+436641234567", True),
        ("AT", "٠٦٦٤", "+436641234567", True),
        ("AT", "34-56", "+436641234567", True),
        ("AT", "0664", "+12125550664", True),
        ("AT", "0664", "+12126645501", False),  # a national prefix stands at the beginning of a number
        ("AT", "0043 664", "+12125543664", False),
        ("AT", "0", "+436641234567", False),
        ("AT", "00", "+436641234567", False),
        ("AT", "+", "+436641234567", False),
        ("AT", "-", "+436641234567", False),
        ("AT", "", "+436641234567", False),
        ("AT", "664 Tom", "+436641234567", False),
        ("AT", "555-01", "555 0123", True),  # a number that is kept as given
        ("US", "1 (212) 555", "+12125550123", True),
        ("IT", "06 1234", "+39061234567", True),
        ("RU", "8 912", "+79123456789", True),
        (None, "0664 123", "+436641234567", True),
        (None, "212-555", "+12125550123", True),
    ],
)
def test_a_part_of_a_number_is_found_in_whatever_way_it_is_written(
    region: str | None, part: str, number: str, is_in: bool
) -> None:
    assert phone_numbers.has_part(part, region)(number) is is_in


@given(st.sampled_from(["AT", "US", "FR", "IT", "RU", "IN", "BR"]), st.data())
def test_every_part_of_a_number_is_found_however_its_digits_are_separated(region: str, data: st.DataObject) -> None:
    number = phonenumbers.example_number(region)
    assert number
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    first = data.draw(st.integers(1, len(e164) - 1))
    part = e164[first : data.draw(st.integers(first + 1, len(e164)))]
    separators = data.draw(st.lists(st.sampled_from(["", " ", "-", ".", "/", "\u00a0"]), min_size=len(part), max_size=len(part)))
    spelled = "".join(map("".join, zip(separators, part, strict=True)))
    beginning = national[: data.draw(st.integers(4, len(national)))]
    assert phone_numbers.has_part(spelled, region)(e164)
    assert phone_numbers.has_part(beginning, region)(e164), beginning
