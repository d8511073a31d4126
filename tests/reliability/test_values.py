"""A phone number is read with exactly the digits that were given, or refused (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

import os
import re
from functools import cache
from random import Random

import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberType
from phonenumbers.phonenumberutil import _maybe_strip_national_prefix_carrier_code

from outreach import phone_numbers, text
from outreach.contacts import identities
from outreach.contacts.models import IdentityType
from outreach.phone_numbers import NumberFormat
from tests.support.reliability_figures import tried

EXAMPLES = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 300
# Every continent, each kind of national prefix, and countries whose numbers differ in length.
_REGIONS = """
US CA MX BR AR CL CO PE DE AT CH FR IT ES PT GB IE NL BE LU DK SE NO FI PL CZ HU GR RO UA RU TR
IL AE SA EG MA NG KE ZA RW IN PK BD TH VN ID MY SG PH CN HK JP KR AU NZ
"""
REGIONS = _REGIONS.split()
SEPARATORS = ["", " ", "-", ".", "/", "(", ")", "\u00a0", "\u2009", "\u2011", " - ", "\u200b", "\t"]
SCRIPTS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９"]
SCHEMES = ["", "tel:", "SMS:", "whatsapp: "]
EXTENSIONS = ["", " ext. {}", "x{}", ";ext={}", " #{}", " (ext {})"]
DECIMALS = ["", ".0", ".00", ",0"]
KINDS = [PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE, PhoneNumberType.SHARED_COST]


@cache
def examples(region: str) -> list[str]:
    """Valid numbers of a region, without country code."""
    numbers = (phonenumbers.example_number_for_type(region, kind) for kind in KINDS)
    return sorted({phonenumbers.national_significant_number(number) for number in numbers if number})


def digits(random: Random, region: str) -> str:
    """Digits of a valid number with some of them changed, added or left out; with and without its prefixes."""
    national = list(random.choice(examples(region)))
    for place in range(len(national) - random.randint(0, 6), len(national)):
        national[place] = random.choice("0123456789")
    changed = "".join(national)[: -random.randint(1, 2)] if random.random() < 0.2 else "".join(national)
    added = "".join(random.choices("1357", k=random.choice([0, 0, 0, 1, 2])))
    code = str(phonenumbers.country_code_for_region(region))
    prefix = random.choice(["", "0", "1", "8", code, f"+{code}", f"00{code}", f"+{code}0", f"011{code}"])
    return prefix + changed + added


def spelled(random: Random, number: str) -> str:
    script = random.choice(SCRIPTS)
    letters = [script[int(char)] if char.isdigit() else char for char in number]
    for _ in range(random.randint(0, 5)):
        place = random.randrange(len(number))
        letters[place] = random.choice(SEPARATORS) + letters[place]
    return "".join(letters)


def allowed(number: str, region: str) -> set[str]:
    """The digits that a number may become: its own, with the country code, without the prefixes that libphonenumber removes."""
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata
    code = str(phonenumbers.country_code_for_region(region))
    if number.startswith(("+", "00")):
        return international(number.removeprefix("+") if number.startswith("+") else number[2:])
    prefix = re.match(metadata.international_prefix or "$", number)
    abroad = international(number[prefix.end() :]) if prefix else set()
    return international(number) | {code + rest for rest in without_national_prefix(number, metadata)} | abroad


def international(number: str) -> set[str]:
    found = {number}
    for length in (1, 2, 3):
        region = phonenumbers.region_code_for_country_code(int(number[:length] or 0))
        if metadata := PhoneMetadata.metadata_for_region(region, None):
            found |= {number[:length] + rest for rest in without_national_prefix(number[length:], metadata)}
    return found


def without_national_prefix(number: str, metadata: PhoneMetadata) -> set[str]:
    return {number, _maybe_strip_national_prefix_carrier_code(number, metadata)[1]}


def typed_number(seed: int) -> tuple[str, str, set[str]]:
    """The region, the text, and the digits that it may become."""
    random = Random(seed)
    region = random.choice(REGIONS)
    number = digits(random, region)
    decimals = random.choice(DECIMALS)
    extension = "" if decimals else random.choice(EXTENSIONS).format(random.randint(1, 999))
    spelling = spelled(random, number) + decimals + extension
    results = allowed(number, region)
    if "." in spelling.removesuffix(decimals):  # the last group may be digits
        results |= allowed(number + decimals.strip(".,"), region)
    return region, random.choice(SCHEMES) + spelling, results


# A seed instead of draws: drawing a hundred thousand numbers digit by digit would take twenty minutes.
typed_numbers = st.integers(0, 2**63).map(typed_number)


@settings(max_examples=EXAMPLES)
@given(typed_numbers, st.sampled_from([None, *NumberFormat]))
def test_the_digits_that_are_stored_or_sent_are_the_digits_that_were_given(
    typed: tuple[str, str, set[str]], number_format: NumberFormat | None
) -> None:
    tried["spellings of phone numbers"] += 1
    region, spelling, results = typed
    number = phone_numbers.parse(spelling, region, number_format)
    if number is None:
        return
    if not number.is_valid:
        assert number.text == text.normalise(spelling)
        return
    assert number.text.removeprefix("+") in results
    assert identities.normalise(IdentityType.SMS, spelling, region, number_format) == (number.text, number.text)
    assert phone_numbers.is_valid_number(number.text)


LETTERS = st.text("abcdefghijklmnopqrstuvwyzABCÄßçñдомΩ가中あ☎️½²Ⅷ", min_size=1, max_size=8)


@settings(max_examples=EXAMPLES // 10)
@given(typed_numbers, LETTERS, st.sampled_from(["", " ", "-", "("]), st.booleans())
def test_a_note_beside_a_valid_number_is_refused(
    typed: tuple[str, str, set[str]], note: str, joint: str, is_before: bool
) -> None:
    tried["notes beside phone numbers"] += 1
    region, spelling, _ = typed
    read = phone_numbers.parse(spelling, region)
    if read is None or not read.is_valid:
        return
    assert phone_numbers.parse(f"{note}{joint}{spelling}" if is_before else f"{spelling}{joint}{note}", region) is None


@settings(max_examples=EXAMPLES // 10)
@given(st.text("0123456789+-./() xX#eEtTABC;=,\n:", max_size=25), st.sampled_from(REGIONS))
def test_any_text_is_read_with_its_first_digits_or_refused(given_text: str, region: str) -> None:
    """Only an extension and decimals are dropped, and only capitals of a vanity number are added."""
    tried["random inputs"] += 1
    number = phone_numbers.parse(given_text, region)
    if number is None or not number.is_valid or re.search("[A-Z]{2}", given_text):
        return
    every = re.sub(r"[^0-9+]", "", given_text)
    results = {result for end in range(len(every), len(every) - 9, -1) for result in allowed(every[:end], region)}
    assert number.text.removeprefix("+") in results
