"""Periods of time, and how requests write them in filters such as ``sentTime`` (docs/api.md, "Messages")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outreach import clock, parsing
from outreach.errors import ValidationFailed

_DATE = re.compile(r"\s*\d{4}-\d{2}-\d{2}\s*")
# A query string turns the + of an offset into a space (WHATWG URL, "application/x-www-form-urlencoded parsing").
_LOST_PLUS = re.compile(r"(:\d\d(?:[.,]\d+)?) (\d\d(?::?\d\d)?\s*)$")
_INSTANT = timedelta(milliseconds=1)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Period:
    """A period of time, without its end."""

    start: datetime
    end: datetime

    def __contains__(self, moment: str) -> bool:
        return clock.timestamp(self.start) <= moment < clock.timestamp(self.end)


def parse(text: str, pointer: str) -> Period | None:
    """Read a day, an instant, or a range ``<from>..<until>`` of either; ``None`` if the text is blank.

    A range includes its last day, but excludes its last instant. The ``+`` of an offset may be unencoded.

    Args:
        pointer: the place of the text in the request, for errors.

    Raises:
        ValidationFailed: the text has another form, or the range ends before it starts.
    """
    first, is_range, last = text.partition("..")
    try:
        start, end = _period(first), _period(last if is_range else first)
    except ValueError as error:
        raise ValidationFailed.at(pointer, str(error)) from error
    if start is None or end is None:
        if text.strip():
            raise ValidationFailed.at(pointer, "must be a day, an instant, or a range such as 2022-05-23..2022-05-24")
        return None
    until = end.start if is_range and not _DATE.fullmatch(last) else end.end
    if end.start < start.start:
        raise ValidationFailed.at(pointer, "must not end before it starts")
    return Period(start.start, until)


def _period(text: str) -> Period | None:
    start = parsing.parse_moment(_LOST_PLUS.sub(r"\1+\2", text))
    if start is None:
        return None
    length = timedelta(days=1) if _DATE.fullmatch(text) else _INSTANT
    return Period(start, min(start, _END_OF_TIME - length) + length)
