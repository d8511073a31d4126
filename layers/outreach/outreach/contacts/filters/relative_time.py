"""Moments relative to another, such as ``now-30d`` (docs/api.md, "Filters")."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

# Any calendar time is a few million hours away.
_RELATIVE = re.compile(r"now(?:\s*([+-])\s*([0-9]{1,9})\s*([hdwmy]))?", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_MONTHS = {"m": 1, "y": 12}
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def resolve(text: str, now: datetime) -> datetime | None:
    """Return the moment that a text such as ``now-30d`` names, or ``None`` if the text is not relative.

    The units are hours, days, weeks, months and years. A month later is the same day of the next month, or its last day. What
    lies outside the calendar becomes its first or last moment.
    """
    match = _RELATIVE.fullmatch(text.strip())
    if match is None:
        return None
    sign, amount, unit = match.groups()
    if not unit:
        return now
    signed = int(f"{sign}{amount}")
    try:
        return _shifted(now, signed, unit.lower())
    except (OverflowError, ValueError):
        return _LATEST if signed > 0 else _EARLIEST


def _shifted(moment: datetime, amount: int, unit: str) -> datetime:
    if unit in _HOURS:
        return moment + timedelta(hours=amount * _HOURS[unit])
    year, month = divmod(moment.year * 12 + moment.month - 1 + amount * _MONTHS[unit], 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
