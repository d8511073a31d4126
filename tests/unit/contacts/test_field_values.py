"""The values of the contact field types (docs/api.md, "Contacts")."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.contacts.field_values import FieldType, parse

OPTIONS = ("Red", "Dark green", "Blue, light")


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        (FieldType.TEXT, " as  it is\u200b ", "as  it is"),
        (FieldType.TEXT, "Zoe\u0308", "Zo\u00eb"),
        (FieldType.TEXT, 5, "5"),
        (FieldType.TEXT_AREA, "a\nb", "a\nb"),
        (FieldType.EMAIL, " Tom@Example.com ", "Tom@Example.com"),
        (FieldType.URL, "https://example.com/a?b#c", "https://example.com/a?b#c"),
        (FieldType.URL, " https://example.com/ü ", "https://example.com/ü"),
        (FieldType.DATE, "2022-05-23", "2022-05-23"),
        (FieldType.DATE, "2022-05-23T23:00:00-05:00", "2022-05-23"),
        (FieldType.DATE_TIME, "2022-05-23 03:00:36.2770000", "2022-05-23T03:00:36.277Z"),
        (FieldType.DATE_TIME, "2022-05-23T03:00:36+02:00", "2022-05-23T01:00:36.000Z"),
        (FieldType.DATE_TIME, "2022-05-23", "2022-05-23T00:00:00.000Z"),
        (FieldType.INTEGER, " -12 ", -12),
        (FieldType.INTEGER, 12, 12),
        (FieldType.INTEGER, "3.0", 3),
        (FieldType.INTEGER, "٣", 3),
        (FieldType.INTEGER, 3.0, 3),
        (FieldType.FLOAT, "2.50", 2.5),
        (FieldType.FLOAT, "٢.٥", 2.5),
        (FieldType.FLOAT, "-1.5e3", -1500.0),
        (FieldType.FLOAT, 2, 2.0),
        (FieldType.RADIO, "red", "Red"),
        (FieldType.DROPDOWN_LIST, "DARK  GREEN\u200b", "Dark green"),
        (FieldType.CHECKBOX, "Yes", True),
        (FieldType.CHECKBOX, 0, False),
        (FieldType.CHECKBOX_LIST, "dark green,red", ["Red", "Dark green"]),
        (FieldType.CHECKBOX_LIST, ["Blue, light", "red", "Red"], ["Red", "Blue, light"]),
        (FieldType.CHECKBOX_LIST, "blue, light", ["Blue, light"]),
        (FieldType.TIMEZONE, "america/new_york", "America/New_York"),
        (FieldType.TIMEZONE, "W. Europe Standard Time", "Europe/Berlin"),
        (FieldType.TIMEZONE, "Asia/Calcutta", "Asia/Kolkata"),
        (FieldType.TIMEZONE, "Europe/Oslo", "Europe/Oslo"),
    ],
)
def test_a_value_is_converted_to_the_type_of_its_field(type_: FieldType, given: Any, expected: Any) -> None:
    value = parse(given, type_, OPTIONS if type_.has_options else ())
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (FieldType.TEXT, True),
        (FieldType.TEXT, {"a": 1}),
        (FieldType.TEXT, 12345678901234567890123.0),  # as a JSON number of 23 digits is read
        (FieldType.EMAIL, "tom"),
        (FieldType.EMAIL, "tom@example"),
        (FieldType.EMAIL, "tom@ex ample.com"),
        (FieldType.URL, "example.com"),
        (FieldType.URL, "javascript:alert(1)"),
        (FieldType.URL, "https://"),
        (FieldType.URL, "http://[::1"),
        (FieldType.URL, "http://x y"),
        (FieldType.URL, "http://x/a\nb"),
        (FieldType.URL, "http://x/a\u2003b"),
        (FieldType.URL, "http://x:port/"),
        (FieldType.DATE, "23/05/2022"),
        (FieldType.DATE, 20220523),
        (FieldType.DATE_TIME, "now"),
        (FieldType.DATE_TIME, "0001-01-01T00:00:00+14:00"),
        (FieldType.INTEGER, "2.5"),
        (FieldType.INTEGER, "1,234"),
        (FieldType.INTEGER, "1 234"),
        (FieldType.INTEGER, "1_234"),
        (FieldType.INTEGER, ".0"),
        (FieldType.INTEGER, "²"),
        (FieldType.INTEGER, 2.5),
        (FieldType.INTEGER, True),
        (FieldType.INTEGER, 2**63),
        (FieldType.FLOAT, "nan"),
        (FieldType.FLOAT, "1_000"),
        (FieldType.FLOAT, "2,5"),
        (FieldType.FLOAT, "infinity"),
        (FieldType.FLOAT, "1e999"),
        (FieldType.FLOAT, 10**400),
        (FieldType.FLOAT, "two"),
        (FieldType.FLOAT, True),
        (FieldType.RADIO, "Yellow"),
        (FieldType.CHECKBOX, "maybe"),
        (FieldType.CHECKBOX_LIST, "red,yellow"),
        (FieldType.CHECKBOX_LIST, {"red": True}),
        (FieldType.TIMEZONE, "Mars/Olympus"),
        (FieldType.TIMEZONE, "localtime"),
        (FieldType.TIMEZONE, "Factory"),
        (FieldType.TIMEZONE, "posixrules"),
        (FieldType.TIMEZONE, "GMT+1"),
        (FieldType.TIMEZONE, "UTC+02:00"),
        (FieldType.TIMEZONE, "PST"),
    ],
)
def test_a_value_that_does_not_fit_the_type_is_refused(type_: FieldType, given: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        parse(given, type_, OPTIONS if type_.has_options else ())


@pytest.mark.parametrize("type_", FieldType)
@pytest.mark.parametrize("given", [None, "", "  ", "\u200b\u00a0", []])
def test_an_empty_value_is_none_for_every_type(type_: FieldType, given: Any) -> None:
    assert parse(given, type_, OPTIONS) is None


@pytest.mark.parametrize(
    ("length", "given", "allowed"), [(3, "abc", True), (3, "abe\u0301 ", True), (3, "abcd", False), (None, "a" * 10_001, False)]
)
def test_a_text_cannot_exceed_the_length_of_its_field(length: int | None, given: str, allowed: bool) -> None:
    if allowed:
        assert len(str(parse(given, FieldType.TEXT, length=length))) == length
    else:
        with pytest.raises(ValueError, match="must have at most"):
            parse(given, FieldType.TEXT, length=length)


@pytest.mark.parametrize("given", ["yes", 3, 2.5, "2022-05-23", ["Red"], "Red", "UTC"])
@pytest.mark.parametrize("type_", FieldType)
def test_parsing_a_parsed_value_changes_nothing(type_: FieldType, given: Any) -> None:
    try:
        value = parse(given, type_, OPTIONS)
    except ValueError:
        return
    assert parse(value, type_, OPTIONS) == value
