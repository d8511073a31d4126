"""What clients write is read in a time that grows with its length, and not with the square of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from outreach import email_addresses, parsing, phone_numbers, placeholders, text
from outreach.consent import keywords
from outreach.contacts.field_values import FieldType
from outreach.contacts.field_values import parse as parse_value
from outreach.contacts.filters import expression
from outreach.contacts.filters.relative_time import resolve
from outreach.errors import ValidationFailed
from outreach.imports import cells, csv_reader
from outreach.sending import templates
from outreach.ticketing import schemas as ticketing


def _value_reader(type_: FieldType) -> Callable[[str], object]:
    return lambda given: parse_value(given, type_, ("a", "b"))


READERS: dict[str, Callable[[str], object]] = {
    "identities of a cell": cells.split_identities,
    "options of a cell": cells.split,
    "the text of a cell": cells.plain_text,
    "a marked number": cells.without_apostrophe,
    "several values": cells.split_at_other_signs,
    "a broken row": lambda given: csv_reader._broken_quote(given, ","),
    **{f"a value: {type_}": _value_reader(type_) for type_ in FieldType},
    "a phone number": lambda given: phone_numbers.parse(given, "US"),
    "a part of a number": lambda given: phone_numbers.has_part(given, "US"),
    "a reported number": phone_numbers.read_e164,
    "an address": email_addresses.parse,
    "an integer": parsing.parse_integer,
    "a moment": parsing.parse_moment,
    "a URL": parsing.parse_url,
    "a relative moment": lambda given: resolve(given, None),  # type: ignore[arg-type] # no text below is one
    "an expression": expression.parse,
    "a placeholder": placeholders.is_placeholder,
    "a rounded number": placeholders.is_rounded_number,
    "a data URL": ticketing._decode,
    "a body": text.normalise_body,
    "a heading": text.compact_key,
    "a text to sort": text.sort_key,
    "a keyword": keywords.comparable,
    "a template": templates.constant_text,
}
# What begins a text, what is repeated in it, and what does not fit at its end.
BEGINNINGS = ("", '"', "+1", "data:text/plain;a=", "data:text/plain", "2024-05-01T24:00:00.", "https://", "{{ a")
PARTS = (
    "1",
    "a",
    " ",
    '"',
    '""',
    '"a";',
    "1(",
    "1/",
    "#1 ",
    ";a=b ",
    ".",
    "0",
    "a.",
    "a@",
    "not ",
    "[",
    "{{",
    "{%",
    "\u0301\u0316",
)
CHARACTERS = 20_000


@pytest.mark.parametrize("name", READERS)
def test_a_long_text_is_read_or_refused_at_once(name: str) -> None:
    for begin in BEGINNINGS:
        for part in PARTS:
            given = begin + part * (CHARACTERS // len(part)) + "!"
            start = time.process_time()
            with suppress(ValueError, ValidationFailed):
                READERS[name](given)
            assert time.process_time() - start < 0.5, (begin, part)
