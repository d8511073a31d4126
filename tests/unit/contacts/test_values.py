"""The thirteen types of contact fields (contract, Contacts)."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.contacts.values import FieldType, read

OPTIONS = ("Red", "Dark green", "Blue, light")


@pytest.mark.parametrize(
    ("type_", "given", "kept"),
    [
        (FieldType.TEXT, " as it is ", " as it is "),
        (FieldType.TEXT, 5, "5"),
        (FieldType.TEXT_AREA, "a\nb", "a\nb"),
        (FieldType.EMAIL, " Tom@Example.com ", "Tom@Example.com"),
        (FieldType.URL, "https://example.com/a?b#c", "https://example.com/a?b#c"),
        (FieldType.DATE, "2022-05-23", "2022-05-23"),
        (FieldType.DATE, "2022-05-23T23:00:00-05:00", "2022-05-23"),
        (FieldType.DATE_TIME, "2022-05-23 03:00:36.2770000", "2022-05-23T03:00:36.277Z"),
        (FieldType.DATE_TIME, "2022-05-23T03:00:36+02:00", "2022-05-23T01:00:36.000Z"),
        (FieldType.DATE_TIME, "2022-05-23", "2022-05-23T00:00:00.000Z"),
        (FieldType.INTEGER, " -12 ", -12),
        (FieldType.INTEGER, 12, 12),
        (FieldType.FLOAT, "2.50", 2.5),
        (FieldType.FLOAT, 2, 2.0),
        (FieldType.RADIO, "red", "Red"),
        (FieldType.DROPDOWN_LIST, "DARK GREEN", "Dark green"),
        (FieldType.CHECKBOX, "Yes", True),
        (FieldType.CHECKBOX, 0, False),
        (FieldType.CHECKBOX_LIST, "dark green,red", ["Red", "Dark green"]),
        (FieldType.CHECKBOX_LIST, ["Blue, light", "red", "Red"], ["Red", "Blue, light"]),
        (FieldType.CHECKBOX_LIST, "blue, light", ["Blue, light"]),
        (FieldType.TIMEZONE, "america/new_york", "America/New_York"),
    ],
)
def test_a_value_is_kept_in_the_type_of_its_field(type_: FieldType, given: Any, kept: Any) -> None:
    value = read(given, type_, OPTIONS if type_.has_options else ())
    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (FieldType.TEXT, True),
        (FieldType.TEXT, {"a": 1}),
        (FieldType.EMAIL, "tom"),
        (FieldType.EMAIL, "tom@example"),
        (FieldType.EMAIL, "tom@ex ample.com"),
        (FieldType.URL, "example.com"),
        (FieldType.URL, "javascript:alert(1)"),
        (FieldType.URL, "https://"),
        (FieldType.URL, "http://[::1"),
        (FieldType.DATE, "23/05/2022"),
        (FieldType.DATE, 20220523),
        (FieldType.DATE_TIME, "now"),
        (FieldType.DATE_TIME, "0001-01-01T00:00:00+14:00"),
        (FieldType.INTEGER, "2.0"),
        (FieldType.INTEGER, 2.5),
        (FieldType.INTEGER, True),
        (FieldType.INTEGER, 2**63),
        (FieldType.FLOAT, "nan"),
        (FieldType.FLOAT, "1e999"),
        (FieldType.FLOAT, 10**400),
        (FieldType.FLOAT, "two"),
        (FieldType.FLOAT, True),
        (FieldType.RADIO, "Yellow"),
        (FieldType.CHECKBOX, "maybe"),
        (FieldType.CHECKBOX_LIST, "red,yellow"),
        (FieldType.CHECKBOX_LIST, {"red": True}),
        (FieldType.TIMEZONE, "Mars/Olympus"),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(type_: FieldType, given: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        read(given, type_, OPTIONS if type_.has_options else ())


@pytest.mark.parametrize("type_", FieldType)
@pytest.mark.parametrize("given", [None, "", "  ", []])
def test_nothing_is_no_value_in_every_type(type_: FieldType, given: Any) -> None:
    assert read(given, type_, OPTIONS) is None


@pytest.mark.parametrize(("length", "given", "allowed"), [(3, "abc", True), (3, "abcd", False), (None, "a" * 10_001, False)])
def test_a_text_has_at_most_the_length_of_its_field(length: int | None, given: str, allowed: bool) -> None:
    if allowed:
        assert read(given, FieldType.TEXT, length=length) == given
    else:
        with pytest.raises(ValueError, match="not be longer"):
            read(given, FieldType.TEXT, length=length)


@pytest.mark.parametrize("given", ["yes", 3, 2.5, "2022-05-23", ["Red"], "Red", "UTC"])
@pytest.mark.parametrize("type_", FieldType)
def test_what_is_kept_reads_as_itself(type_: FieldType, given: Any) -> None:
    try:
        kept = read(given, type_, OPTIONS)
    except ValueError:
        return
    assert read(kept, type_, OPTIONS) == kept
