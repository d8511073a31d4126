"""The values of contact fields: what each field type accepts, and how its values are stored and returned.

==============================================  =========================================================
type                                            stored and returned as
==============================================  =========================================================
text, textArea, email, url, timezone            a string
radio, dropdownlist                             a string, spelled as the option's value
checkboxlist                                    a list of option values, in the order of the options
checkbox                                        a boolean
integer, float                                  a number
date                                            ``YYYY-MM-DD``
date time                                       ``YYYY-MM-DDTHH:MM:SS.mmmZ``
==============================================  =========================================================

See docs/api.md, "Contacts".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from outreach import clock, email_addresses, parsing, text, time_zones

MAX_TEXT = 10_000

# ``float`` also accepts ``1_000``, which is never written, and ``nan``.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)

Options = tuple[str, ...]
Value = str | int | float | bool | list[str]


class FieldType(StrEnum):
    """The type of a contact field. The values are those of the API."""

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
    def is_text(self) -> bool:
        """Whether values are texts that compare regardless of case."""
        return self in _TEXT_TYPES


_TEXT_TYPES = frozenset(
    {
        *(FieldType.TEXT, FieldType.TEXT_AREA, FieldType.EMAIL, FieldType.URL, FieldType.TIMEZONE),
        *(FieldType.RADIO, FieldType.DROPDOWN_LIST),
    }
)


def parse(given: Any, type_: FieldType, options: Options = (), length: int | None = None) -> Value | None:
    """Convert a value from a client into the value that is stored. ``null``, ``""`` and ``[]`` become ``None``.

    Args:
        options: the values of the field's options, in order; empty for types without options.
        length: the maximum number of characters of a text.

    Raises:
        ValueError: the value does not fit the type. The message says which values do.
    """
    given = text.normalise(given) if isinstance(given, str) else given
    if given is None or given in ("", []):
        return None
    value = _PARSERS[type_](given, options)
    limit = min(length or MAX_TEXT, MAX_TEXT)
    if isinstance(value, str) and len(value) > limit:
        raise ValueError(f"must have at most {limit:,} characters")
    return value


def converted(value: Value, type_: FieldType, options: Options = ()) -> Value | None:
    """Return a value that was stored for a field of another type as the present type has it; ``None`` if it does not fit."""
    try:
        return parse(value if type_ is FieldType.CHECKBOX_LIST else _as_text_or_number(value, type_), type_, options)
    except ValueError:
        return None


def _as_text_or_number(value: Value, type_: FieldType) -> str | int | float:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(value)
    return str(value) if type_.is_text else value


def _text(given: Any, _: Options = ()) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, float) and abs(given) > parsing.EXACT_FLOAT_LIMIT:
        raise ValueError("must be a string, because a number of so many digits loses the last ones")
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    raise ValueError("must be a string")


def _email(given: Any, _: Options) -> str:
    return email_addresses.parse(_text(given))


def _url(given: Any, _: Options) -> str:
    url = _text(given)
    if not parsing.is_web_address(url):
        raise ValueError("must be an http or https URL such as https://example.com")
    return url


def _date(given: Any, _: Options) -> str:
    try:
        moment = parsing.parse_moment(given)
    except ValueError:
        moment = None
    if moment is None or not isinstance(given, str):
        raise ValueError("must be a date such as 2022-05-23")
    return given[:10] if re.match(r"\d{4}-\d\d-\d\d", given) else moment.date().isoformat()


def _date_time(given: Any, _: Options) -> str:
    moment = parsing.parse_moment(given)
    if moment is None:
        raise ValueError(parsing.NOT_A_MOMENT)
    return clock.timestamp(moment)


def _integer(given: Any, _: Options) -> int:
    return parsing.parse_integer(text.ascii_digits(given) if isinstance(given, str) else given)


def _float(given: Any, _: Options) -> float:
    number = math.nan
    if isinstance(given, str) and _NUMBER.fullmatch(given):
        number = float(given)
    elif isinstance(given, int | float) and not isinstance(given, bool):
        number = _as_float(given)
    if not math.isfinite(number):
        raise ValueError("must be a number such as 1234.5")
    return number


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _flag(given: Any, _: Options) -> bool:
    return parsing.parse_flag(given)


def _option(given: Any, options: Options) -> str:
    option = _options_by_key(options).get(text.comparison_key(_text(given)))
    if option is None:
        raise ValueError(f"must be one of the field's options: {text.listed(options)}")
    return option


def _option_list(given: Any, options: Options) -> list[str]:
    chosen = {_option(entry, options) for entry in _entries(given, options)}
    return [option for option in options if option in chosen]


def _entries(given: Any, options: Options) -> Iterable[Any]:
    if isinstance(given, list | tuple):
        return given
    # An option may contain a comma.
    if text.comparison_key(_text(given)) in _options_by_key(options):
        return [given]
    return [entry for entry in _text(given).split(",") if text.normalise(entry)]


@lru_cache(maxsize=256)
def _options_by_key(options: Options) -> Mapping[str, str]:
    return {text.comparison_key(option): option for option in reversed(options)}


def _timezone(given: Any, _: Options) -> str:
    name = time_zones.canonical(_text(given))
    if name is None:
        raise ValueError("must be a time zone such as America/New_York; offsets such as UTC+02:00 are not time zones")
    return name


_PARSERS: dict[FieldType, Callable[[Any, Options], Value]] = {
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
