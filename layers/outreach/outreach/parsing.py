"""Values as clients spell them, read tolerantly (contract, JSON conventions). Bodies are made of them in ``wire``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from outreach.errors import ValidationFailed

_MAX_LEVELS = 100

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOO_MANY = 10**18  # what is stored has 64 bits
_TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def parse_json(text: str | bytes) -> Any:
    """JSON whose arrays and objects lie in each other at most 100 deep: validation and storage could not follow much further.

    Raises:
        json.JSONDecodeError: it is none.
        ValidationFailed: it has more levels.
    """
    document = orjson.loads(text)
    level = [document]
    for _ in range(_MAX_LEVELS):
        level = [child for node in level for child in _children(node)]
        if not level:
            return document
    raise ValidationFailed.at("", f"has more than {_MAX_LEVELS} levels")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def parse_guid(value: Any) -> str:
    """A GUID in any case → lower case.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not _GUID.fullmatch(value.strip()):
        raise ValueError("must be a GUID such as f8383a83-48e9-4d0d-a3bd-fb19ce5c12db")
    return value.strip().lower()


def parse_moment(value: Any) -> datetime | None:
    """A point in time in any of the contract's spellings → UTC; ``""`` and ``None`` mean none; no offset means UTC.

    Raises:
        ValueError: it is no ISO 8601 date or datetime.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    moment = value if isinstance(value, datetime) else _parse_iso(value)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be a date between the years 1 and 9999 in UTC") from error


def _parse_iso(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("must be an ISO 8601 datetime such as 2022-05-23T03:00:36.277Z")  # noqa: TRY004 - pydantic wants ValueError
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise ValueError("must be an ISO 8601 datetime such as 2022-05-23T03:00:36.277Z") from error


def parse_flag(value: Any) -> bool:
    """``true``/``false``, or ``yes no true false 1 0`` in any case (also the numbers 1 and 0).

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, bool):
        return value
    try:
        return _TRUTH[str(value).strip().lower()]
    except KeyError as error:
        raise ValueError("must be true or false") from error


def parse_integer(value: Any) -> int:
    """An integer, or its digits in a string.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _TOO_MANY:
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        return int(value)
    raise ValueError("must be an integer")


def parse_url(value: Any) -> str:
    """An absolute http or https URL, as given.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return str(value)
