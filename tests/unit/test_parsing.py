"""Lenient parsing of request values (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from outreach import parsing
from outreach.errors import ValidationFailed

GUID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize("value", [GUID, GUID.upper(), f" {GUID} "])
def test_a_guid_in_any_case_becomes_lower_case(value: str) -> None:
    assert parsing.parse_guid(value) == GUID


@pytest.mark.parametrize(
    "value", ["", "abc", GUID[:-1], f"{GUID}0", GUID.replace("-", ""), f"{{{GUID}}}", f"{GUID}\n{GUID}", 7, None]
)
def test_any_other_value_is_not_a_guid(value: Any) -> None:
    with pytest.raises(ValueError, match="GUID"):
        parsing.parse_guid(value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-05-23T03:00:36.277Z", utc(2022, 5, 23, 3, 0, 36, 277000)),
        ("2022-05-23T03:00:36+02:00", utc(2022, 5, 23, 1, 0, 36)),
        ("2022-05-23T03:00:36-0930", utc(2022, 5, 23, 12, 30, 36)),
        ("2022-05-23T03:00Z", utc(2022, 5, 23, 3)),
        ("2022-05-23t03:00z", utc(2022, 5, 23, 3)),
        ("20220523t030000.5z", utc(2022, 5, 23, 3, 0, 0, 500000)),
        ("2022-05-23T03:00:36", utc(2022, 5, 23, 3, 0, 36)),
        ("2022-05-23 03:00:36", utc(2022, 5, 23, 3, 0, 36)),
        ("2022-05-23 03:00:36.2", utc(2022, 5, 23, 3, 0, 36, 200000)),
        ("2022-05-23 03:00:36.1234567", utc(2022, 5, 23, 3, 0, 36, 123456)),
        ("2022-05-23", utc(2022, 5, 23)),
        (" 2022-05-23 ", utc(2022, 5, 23)),
        ("2016-12-31T23:59:60Z", utc(2017, 1, 1)),
        ("2017-01-01 01:59:60.5+02:00", utc(2017, 1, 1, 0, 0, 0, 500000)),
        ("2022-05-23T24:00", utc(2022, 5, 24)),
        ("2022-05-23T24:00:00.000-05:00", utc(2022, 5, 24, 5)),
        ("", None),
        ("  ", None),
        (None, None),
        (datetime(2022, 5, 23, 3), utc(2022, 5, 23, 3)),  # noqa: DTZ001 - the case itself
    ],
)
def test_a_datetime_in_any_format_becomes_utc(text: Any, moment: datetime | None) -> None:
    assert parsing.parse_moment(text) == moment


@pytest.mark.parametrize(
    "value",
    [
        "2022-05-23-03:00",
        "2022-05-23+02:00",
        "2022-05-23x03:00",
        "\ud800",
        "soon",
        "2022-13-01",
        "23.05.2022",
        1653274836,
        True,
        "0001-01-01T00:00+05:00",
        "9999-12-31T23:59-05:00",
        "9999-12-31T24:00Z",
        "2022-05-23T24:00:01Z",
        "2022-05-23T23:58:60Z",
        "2022-05-23T23:59:61Z",
    ],
)
def test_any_other_value_is_not_a_datetime(value: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        parsing.parse_moment(value)


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *[(value, True) for value in (True, "yes", "YES", "true", "True", "1", 1, " yes ")],
        *[(value, False) for value in (False, "no", "No", "false", "FALSE", "0", 0)],
    ],
)
def test_a_flag_is_parsed_in_every_spelling(value: Any, flag: bool) -> None:
    assert parsing.parse_flag(value) is flag


@pytest.mark.parametrize("value", ["", "on", "y", 2, None, [], {}])
def test_any_other_value_is_not_a_flag(value: Any) -> None:
    with pytest.raises(ValueError, match="true or false"):
        parsing.parse_flag(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (-7, -7),
        ("0", 0),
        ("+7", 7),
        (" -7 ", -7),
        ("007", 7),
        (139.0, 139),
        (-0.0, 0),
        (2.0**53, 2**53),
        ("10.0", 10),
        ("-7.00", -7),
    ],
)
def test_an_integer_may_be_a_string_of_digits_and_have_a_fraction_of_zeros(value: Any, number: int) -> None:
    assert parsing.parse_integer(value) == number


@pytest.mark.parametrize(
    "value", ["", "x", "1.", ".0", "1.01", "1.0.0", 1.5, True, None, "٣", "9" * 19, "1_000", 2.0**54, float("inf"), float("nan")]
)
def test_any_other_value_is_not_an_integer(value: Any) -> None:
    with pytest.raises(ValueError, match="integer"):
        parsing.parse_integer(value)


@pytest.mark.parametrize("value", [10**18, -(10**18), "9" * 19, "1" + "0" * 18 + ".0"])
def test_an_integer_that_is_too_large_is_called_so(value: Any) -> None:
    with pytest.raises(ValueError, match="must be an integer of at most 18 digits"):
        parsing.parse_integer(value)


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com/a?b=c#d",
        "http://127.0.0.1:3000",
        "HTTPS://EXAMPLE.COM",
        "https://user:word@a.test./",
        "https://münchen.example/ü?q={id}|\\",
        "http://[::1]:8080/",
        "http://a_b.test",
        "https://אבג1.example",
        "https://faß.de",
        "http://127.1/",
        "http://2130706433:80/",
        "http://[::ffff:10.0.0.1]/",
        "https://xn--mnchen-3ya.example",
        f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/",
    ],
)
def test_a_url_does_not_change(value: str) -> None:
    assert parsing.parse_url(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *["", "example.com", "/a", "ftp://example.com", "https://", "mailto:a@example.com", "https://[", 7, None],
        *[
            "https://a:port/",
            "https://a:0/",
            "https://a:65536/",
            "https://a\n.b/",
            "https://a/ b",
            "https://a/\u2003b",
            "https://a/\x00",
            "https://[::1",
            "https://a..b/",
            "https://.a/",
            f"https://{'a' * 64}.b/",
        ],
        # Hosts that no request can ever reach.
        *[
            "http://256.1.1.1/",
            "http://1.2.3.4.5/",
            "http://1.2.3.08/",
            "https://a.1/",
            "https://[v1.fe]/",
            "https://[fe80::1%25eth0]/",
        ],
        *["https://☃.example/", "http://１２７.0.0.1/", "http://127。0。0。1/", f"https://{'.'.join(['a' * 60] * 5)}/"],
        # Programs disagree on the host.
        *["https://a@b@c.example/", "http://example.com\\@127.0.0.1/", "http://example.com\\.evil.example/"],
    ],
)
def test_any_other_value_is_not_a_url(value: Any) -> None:
    with pytest.raises(ValueError, match="URL"):
        parsing.parse_url(value)


@pytest.mark.parametrize(("length", "is_accepted"), [(2_000, True), (2_001, False)])
def test_a_url_has_at_most_2000_characters(length: int, is_accepted: bool) -> None:
    with nullcontext() if is_accepted else pytest.raises(ValueError, match="2,000 characters"):
        parsing.parse_url("https://example.com/".ljust(length, "x"))


@pytest.mark.parametrize("document", ['{"a": 1}', b'{"a": 1}', '\ufeff{"a": 1}', b'\xef\xbb\xbf{"a": 1}', '{"a": 2, "a": 1}'])
def test_json_may_begin_with_a_byte_order_mark_and_the_last_of_equal_names_counts(document: str | bytes) -> None:
    assert parsing.parse_json(document) == {"a": 1}


def test_json_with_more_values_than_any_request_has_is_refused() -> None:
    ids = ["00000000-0000-0000-0000-000000000000"] * 115_000  # as many as a body has room for
    assert parsing.parse_json(orjson.dumps(ids)) == ids
    for document in ([1] * 120_001, [[1] * 60_000, [1] * 60_000], {str(number): 1 for number in range(120_001)}):
        with pytest.raises(ValidationFailed, match="must have at most 120,000 values"):
            parsing.parse_json(orjson.dumps(document))


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("", "line 1, column 1"),
        ('{"é": x}', "line 1, column 7"),
        ("[1,\n 2,\n  NaN]", "line 3, column 3"),
        ('{"a"\n}', "line 2, column 1"),
    ],
)
def test_an_error_in_json_has_its_line_and_column(document: str, place: str) -> None:
    with pytest.raises(ValidationFailed, match=f"is not valid JSON at {place}: "):
        parsing.parse_json(document)
