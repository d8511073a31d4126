"""E-mail addresses are taken out of what surrounds them, and checked (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import email_addresses


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Tom@Example.COM ", "Tom@Example.COM"),
        ("mailto:tom@x.example", "tom@x.example"),
        ("MAILTO:<tom@x.example>", "tom@x.example"),
        ("<mailto:tom@x.example>", "tom@x.example"),
        ("<tom@x.example>,", "tom@x.example"),
        ("'tom@x.example'.", "tom@x.example"),
        ("“tom@x.example”;", "tom@x.example"),
        ("c08b@example.com\u200b", "c08b@example.com"),
        ("zoe\u0308@bücher.example", "zo\u00eb@bücher.example"),
        ("o'brien+tag@x.example", "o'brien+tag@x.example"),
    ],
)
def test_an_address_is_read_in_the_case_given(typed: str, address: str) -> None:
    assert email_addresses.parse(typed) == address


REFUSED = ["", "tom", "tom@example", "@x.example", "tom@ex ample.com", "a..b@x.example", "tom@x.example, tim@x.example"]
TOO_LONG = [
    "ΐ" * 390 + "@x.example",
    "a" * 65 + "@x.example",
    "a@" + "b" * 64 + ".example",
    "a@" + "b." * 126 + "example",
    "@" * 10**6,
]


@pytest.mark.parametrize("typed", [*REFUSED, *TOO_LONG, "tom@x.example\x00", "a\nb@x.example"])
def test_other_text_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address"):
        email_addresses.parse(typed)


@given(st.text() | st.text("@.aΐ\ud83d-\u0130ß", max_size=300))
def test_any_text_is_read_or_refused(typed: str) -> None:
    try:
        address = email_addresses.parse(typed)
    except ValueError:
        return
    assert email_addresses.parse(address) == address
