"""The values of contact fields: thirteen types, each with what it accepts and how its value is kept and written.

==============================================  =========================================================
type                                            kept and written as
==============================================  =========================================================
text, textArea, email, url, timezone            a string
radio, dropdownlist                             a string, spelt as the option's value
checkboxlist                                    a list of option values, in the order of the options
checkbox                                        a boolean
integer, float                                  a number
date                                            ``YYYY-MM-DD``
date time                                       ``YYYY-MM-DDTHH:MM:SS.mmmZ``
==============================================  =========================================================

Source: contract, Contacts ("Custom values are written typed") and the specification's Contact field object.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from outreach import clock, parsing

MAX_TEXT = 10_000

# One @, something on both sides, a dot in the domain. Whether it exists only a message can tell.
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MAX_INTEGER = 2**63 - 1

Options = tuple[str, ...]
Value = str | int | float | bool | list[str]


class FieldType(StrEnum):
    TEXT = "text"
    TEXT_AREA = "textArea"
    EMAIL = "email"
    URL = "url"
    DATE = "date"
    DATE_TIME = "date time"
    INTEGER = "integer"
    FLOAT = "float"
    RADIO = "radio"
    CHECKBOX = "checkbox"
    DROPDOWN_LIST = "dropdownlist"
    CHECKBOX_LIST = "checkboxlist"
    TIMEZONE = "timezone"

    @property
    def has_options(self) -> bool:
        return self in (FieldType.RADIO, FieldType.DROPDOWN_LIST, FieldType.CHECKBOX_LIST)

    @property
    def storage(self) -> str:
        """Types of one storage can take over each other's values."""
        return _STORAGE.get(self, "text")


_STORAGE = {
    FieldType.DATE: "date",
    FieldType.DATE_TIME: "date time",
    FieldType.INTEGER: "number",
    FieldType.FLOAT: "number",
    FieldType.CHECKBOX: "flag",
    FieldType.CHECKBOX_LIST: "list",
}


def read(given: Any, type_: FieldType, options: Options = (), length: int | None = None) -> Value | None:
    """A value as clients send it → as it is kept; nothing (``null``, ``""``, ``[]``) → ``None``.

    Args:
        options: the values of the field's options, in order; empty for types without.
        length: the most characters a text may have.

    Raises:
        ValueError: it is no value of the type; the message says what is.
    """
    if given is None or given == [] or (isinstance(given, str) and not given.strip()):
        return None
    value = _READERS[type_](given, options)
    limit = min(length or MAX_TEXT, MAX_TEXT)
    if isinstance(value, str) and len(value) > limit:
        raise ValueError(f"must not be longer than {limit} characters")
    return value


def _text(given: Any, _: Options = ()) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    raise ValueError("must be a text")


def _email(given: Any, _: Options) -> str:
    text = _text(given).strip()
    if not _EMAIL.fullmatch(text):
        raise ValueError("must be an e-mail address")
    return text


def _url(given: Any, _: Options) -> str:
    text = _text(given).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return text


def _date(given: Any, _: Options) -> str:
    moment = parsing.parse_moment(given)
    if moment is None or not isinstance(given, str):
        raise ValueError("must be a date such as 2022-05-23")
    return given.strip()[:10] if re.match(r"\d{4}-\d\d-\d\d", given.strip()) else moment.date().isoformat()


def _date_time(given: Any, _: Options) -> str:
    moment = parsing.parse_moment(given)
    if moment is None:
        raise ValueError("must be an ISO 8601 datetime such as 2022-05-23T03:00:36.277Z")
    return clock.timestamp(moment)


def _integer(given: Any, _: Options) -> int:
    number = parsing.parse_integer(given)
    if abs(number) > _MAX_INTEGER:
        raise ValueError("must be an integer of at most 64 bits")
    return number


def _float(given: Any, _: Options) -> float:
    try:
        number = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("must be a number")
    return number


def _flag(given: Any, _: Options) -> bool:
    return parsing.parse_flag(given)


def _option(given: Any, options: Options) -> str:
    folded = _text(given).strip().casefold()
    for option in options:
        if option.casefold() == folded:
            return option
    raise ValueError(f"must be one of {', '.join(options)}")


def _option_list(given: Any, options: Options) -> list[str]:
    chosen = {_option(entry, options) for entry in _entries(given, options)}
    return [option for option in options if option in chosen]


def _entries(given: Any, options: Options) -> Iterable[Any]:
    if isinstance(given, list | tuple):
        return given
    # An option may itself contain a comma.
    if _text(given).strip().casefold() in (option.casefold() for option in options):
        return [given]
    return [entry for entry in _text(given).split(",") if entry.strip()]


def _timezone(given: Any, _: Options) -> str:
    name = _timezones().get(_text(given).strip().lower())
    if name is None:
        raise ValueError("must be an IANA time zone such as America/New_York")
    return name


@cache
def _timezones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


_READERS: dict[FieldType, Callable[[Any, Options], Value]] = {
    FieldType.TEXT: _text,
    FieldType.TEXT_AREA: _text,
    FieldType.EMAIL: _email,
    FieldType.URL: _url,
    FieldType.DATE: _date,
    FieldType.DATE_TIME: _date_time,
    FieldType.INTEGER: _integer,
    FieldType.FLOAT: _float,
    FieldType.RADIO: _option,
    FieldType.CHECKBOX: _flag,
    FieldType.DROPDOWN_LIST: _option,
    FieldType.CHECKBOX_LIST: _option_list,
    FieldType.TIMEZONE: _timezone,
}
