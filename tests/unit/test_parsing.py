"""How clients spell values (contract, JSON conventions)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from outreach import parsing

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize("value", [GUID, GUID.upper(), f" {GUID} "])
def test_a_guid_is_read_in_any_case_and_written_in_lower_case(value: str) -> None:
    assert parsing.parse_guid(value) == GUID


@pytest.mark.parametrize(
    "value", ["", "abc", GUID[:-1], f"{GUID}0", GUID.replace("-", ""), f"{{{GUID}}}", f"{GUID}\n{GUID}", 7, None]
)
def test_anything_else_is_no_guid(value: Any) -> None:
    with pytest.raises(ValueError, match="GUID"):
        parsing.parse_guid(value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-05-23T03:00:36.277Z", utc(2022, 5, 23, 3, 0, 36, 277000)),
        ("2022-05-23T03:00:36+02:00", utc(2022, 5, 23, 1, 0, 36)),
        ("2022-05-23T03:00:36-0930", utc(2022, 5, 23, 12, 30, 36)),
        ("2022-05-23T03:00Z", utc(2022, 5, 23, 3)),
        ("2022-05-23T03:00:36", utc(2022, 5, 23, 3, 0, 36)),
        ("2022-05-23 03:00:36", utc(2022, 5, 23, 3, 0, 36)),
        ("2022-05-23 03:00:36.2", utc(2022, 5, 23, 3, 0, 36, 200000)),
        ("2022-05-23 03:00:36.1234567", utc(2022, 5, 23, 3, 0, 36, 123456)),
        ("2022-05-23", utc(2022, 5, 23)),
        (" 2022-05-23 ", utc(2022, 5, 23)),
        ("", None),
        ("  ", None),
        (None, None),
        (datetime(2022, 5, 23, 3), utc(2022, 5, 23, 3)),  # noqa: DTZ001 - the case itself
    ],
)
def test_a_moment_is_read_in_every_spelling_and_becomes_utc(text: Any, moment: datetime | None) -> None:
    assert parsing.parse_moment(text) == moment


@pytest.mark.parametrize(
    "value", ["soon", "2022-13-01", "23.05.2022", 1653274836, True, "0001-01-01T00:00+05:00", "9999-12-31T23:59-05:00"]
)
def test_anything_else_is_no_moment(value: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        parsing.parse_moment(value)


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *[(value, True) for value in (True, "yes", "YES", "true", "True", "1", 1, " yes ")],
        *[(value, False) for value in (False, "no", "No", "false", "FALSE", "0", 0)],
    ],
)
def test_a_flag_is_read_in_every_spelling(value: Any, flag: bool) -> None:
    assert parsing.parse_flag(value) is flag


@pytest.mark.parametrize("value", ["", "on", "y", 2, None, [], {}])
def test_anything_else_is_no_flag(value: Any) -> None:
    with pytest.raises(ValueError, match="true or false"):
        parsing.parse_flag(value)


@pytest.mark.parametrize(("value", "number"), [(7, 7), (-7, -7), ("0", 0), ("+7", 7), (" -7 ", -7), ("007", 7)])
def test_an_integer_may_come_as_digits(value: Any, number: int) -> None:
    assert parsing.parse_integer(value) == number


@pytest.mark.parametrize("value", ["", "x", "1.0", 1.5, True, None, "٣", "9" * 19, "1_000"])
def test_anything_else_is_no_integer(value: Any) -> None:
    with pytest.raises(ValueError, match="integer"):
        parsing.parse_integer(value)


@pytest.mark.parametrize("value", ["https://example.com/a?b=c#d", "http://127.0.0.1:3000", "HTTPS://EXAMPLE.COM"])
def test_a_url_is_kept_as_given(value: str) -> None:
    assert parsing.parse_url(value) == value


@pytest.mark.parametrize(
    "value", ["", "example.com", "/a", "ftp://example.com", "https://", "mailto:a@example.com", "https://[", 7, None]
)
def test_anything_else_is_no_url(value: Any) -> None:
    with pytest.raises(ValueError, match="URL"):
        parsing.parse_url(value)
