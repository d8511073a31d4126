"""Lenient parsing of request values (docs/api.md, "JSON and HTTP"); :mod:`outreach.wire` builds on it."""

from __future__ import annotations

import codecs
import ipaddress
import re
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from outreach.errors import ValidationFailed

_MAX_DEPTH = 100
# A body has room for some 115,000 ids, and no request has more of anything. Each value may have an error.
_MAX_VALUES = 120_000
MAX_URL = 2_000
# A float above this limit no longer holds every integer, so its last digits may be lost.
EXACT_FLOAT_LIMIT = 2**53
_MAX_LABEL = 63
_MAX_HOST = 253

NIL_GUID = "00000000-0000-0000-0000-000000000000"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# What may be a date, or a date and a time after ``T`` or a space. Python accepts any other character between the two as well.
_DATE_AND_TIME = re.compile(r"[0-9W-]+([T ].*)?")
# The error message for a value that is not a date or datetime.
NOT_A_MOMENT = "must be a date and time such as 2022-05-23T03:00:36Z, or a date such as 2022-05-23 (ISO 8601)"
# Two times that ISO 8601 knows and Python does not: ``23:59:60``, and ``24:00`` for the end of a day.
_LEAP_SECOND = re.compile(r"(?<=:59):60")
_END_OF_DAY = re.compile(r"(?<=[T ])24:00(?=(:00(\.0+)?)?(Z|[+-]|$))")
_INTEGER_LIMIT = 10**18  # stored integers have 64 bits
# Spreadsheets and some languages write a whole number with a fraction of zeros, such as ``5.0``.
_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,18})(?:\.0+)?\s*")
_INTEGER_OF_ANY_SIZE = re.compile(r"\s*[+-]?[0-9]+(?:\.0+)?\s*")
# A host is an IPv4 address, in one of its spellings, if its last label is a number (URL Standard, "ends in a number").
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f-\xa0\s]")
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def parse_json(text: str | bytes) -> Any:
    """Parse JSON that has at most 120,000 values and is nested at most 100 levels deep.

    Validation and storage fail on deeper nesting. A byte order mark at the start is ignored. Of a name that an object has twice,
    the last value counts.

    Raises:
        ValidationFailed: the text is not JSON, with line and column, or the nesting is deeper, or it has more values.
    """
    document = _load(text)
    level, count = [document], 0
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return document
        count += len(level)
        if count > _MAX_VALUES:
            raise ValidationFailed.at("", f"must have at most {_MAX_VALUES:,} values; send it in parts")
    raise ValidationFailed.at("", f"must not be nested more than {_MAX_DEPTH} levels deep")


def _load(text: str | bytes) -> Any:
    without_mark = text.removeprefix("\ufeff") if isinstance(text, str) else text.removeprefix(codecs.BOM_UTF8)
    try:
        return orjson.loads(without_mark)
    except orjson.JSONDecodeError as error:
        message = f"is not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        raise ValidationFailed.at("", message) from error


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def is_guid(value: Any) -> bool:
    """Return whether a value is a GUID in any case, maybe with white space around it."""
    return isinstance(value, str) and _GUID.fullmatch(value.strip()) is not None


def folded_guid(value: str) -> str:
    """Return a GUID in lower case, and any other text as it is."""
    return value.lower() if is_guid(value) else value


def parse_guid(value: Any) -> str:
    """Parse a GUID in any case; return it in lower case.

    Raises:
        ValueError: the value is not a GUID.
    """
    if not is_guid(value):
        raise ValueError("must be a GUID such as f8383a83-48e9-4d0d-a3bd-fb19ce5c12db")
    return str(value).strip().lower()


def parse_moment(value: Any) -> datetime | None:
    """Parse a date or datetime; return it in UTC, or ``None`` for ``""`` and ``None``. A missing offset means UTC.

    Raises:
        ValueError: the value is not an ISO 8601 date or datetime.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    moment = value if isinstance(value, datetime) else _parse_iso(value)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be between the years 1 and 9999 in UTC") from error


def _parse_iso(value: Any) -> datetime:
    try:
        if isinstance(value, str):
            # Python knows ``Z`` in upper case only.
            text = value.strip().upper()
            if _DATE_AND_TIME.fullmatch(text):
                return _parse_irregular(text) or datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        pass
    raise ValueError(NOT_A_MOMENT)


def _parse_irregular(text: str) -> datetime | None:
    """Parse a leap second or the end of a day; ``None`` for any other time."""
    if _LEAP_SECOND.search(text):
        return datetime.fromisoformat(_LEAP_SECOND.sub(":59", text)) + timedelta(seconds=1)
    if _END_OF_DAY.search(text):
        return datetime.fromisoformat(_END_OF_DAY.sub("00:00", text)) + timedelta(days=1)
    return None


def parse_flag(value: Any) -> bool:
    """Parse a boolean, one of the texts ``true false yes no 1 0`` in any case, or the number 1 or 0.

    Raises:
        ValueError: the value is anything else.
    """
    if isinstance(value, bool):
        return value
    try:
        return _FLAGS[str(value).strip().lower()]
    except KeyError as error:
        raise ValueError("must be true or false") from error


def parse_integer(value: Any) -> int:
    """Parse an integer or a float without a fraction, each also as a string of its digits.

    Raises:
        ValueError: the value is anything else, or too large to store.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_FLOAT_LIMIT:
        return int(value)
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if is_integer and abs(value) < _INTEGER_LIMIT:
        return int(value)
    if isinstance(value, str) and (found := _INTEGER.fullmatch(value)):
        return int(found[1])
    is_too_large = is_integer or (isinstance(value, str) and _INTEGER_OF_ANY_SIZE.fullmatch(value))
    raise ValueError("must be an integer of at most 18 digits" if is_too_large else "must be an integer")


def parse_url(value: Any) -> str:
    """Check that a value is an absolute http or https URL that can be requested; return it unchanged.

    It has no spaces and control characters, and a host that may exist: no request to ``256.1.1.1`` can ever be made.

    Raises:
        ValueError: the value is anything else, or too long.
    """
    url = str(value)
    if len(url) > MAX_URL:
        raise ValueError(f"must have at most {MAX_URL:,} characters")
    if not is_web_address(url):
        raise ValueError("must be an http or https URL such as https://example.com")
    if not _has_possible_host(url):
        raise ValueError("must be an http or https URL whose host is a domain name or an IP address")
    return url


def _has_possible_host(url: str) -> bool:
    """Return whether the host of a web address is a domain name or an IP address, and whether all programs read the same one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    # With two ``@``, or with a backslash, programs disagree about which part of the URL is the host.
    if "\\" in parts.netloc or parts.netloc.count("@") > 1:
        return False
    try:
        return _is_ipv6_address(host) if "[" in parts.netloc else _is_ipv4_address_or_name(host.removesuffix("."))
    except ValueError:  # raised by ipaddress and idna
        return False


def _is_ipv6_address(host: str) -> bool:
    """Return whether a host is an IPv6 address, and not one within the network of one machine only (``fe80::1%eth0``)."""
    return ipaddress.IPv6Address(host).scope_id is None


def _is_ipv4_address_or_name(host: str) -> bool:
    name = host if host.isascii() else _ascii_name(host)
    if _NUMERIC_LABEL.fullmatch(name.rpartition(".")[2]):
        return _is_ipv4_address(name)
    return len(name) <= _MAX_HOST


def _ascii_name(name: str) -> str:
    """Return a domain name in ASCII, encoded as the HTTP client encodes it.

    Raises:
        ValueError: the text is not a domain name.
    """
    import idna  # here, because it takes 15 ms, and most hosts are ASCII

    return idna.encode(name, strict=True, std3_rules=True).decode()


def _is_ipv4_address(host: str) -> bool:
    """Return whether the HTTP client reads the host as an IPv4 address. It accepts ``127.1`` and ``0x7f000001``, too."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def is_web_address(url: str) -> bool:
    """Return whether a text is an absolute http or https URL without spaces and control characters."""
    if _CONTROL_OR_SPACE.search(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:  # the brackets of an IPv6 address do not match, or the port is not a number up to 65535
        return False


def _is_host(host: str) -> bool:
    """Return whether no label of a host is empty or too long (RFC 1035, section 2.3.4)."""
    return all(0 < len(label) <= _MAX_LABEL for label in host.removesuffix(".").split("."))
