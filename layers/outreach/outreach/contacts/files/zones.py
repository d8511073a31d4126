"""Time zones as clients name them: by IANA, by Windows, or by their offset (contract, Export).

Written as an IANA name, or as minutes east of UTC.
"""

from __future__ import annotations

from datetime import timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

_MAX_HOURS = 14  # the furthest that a zone is from UTC; a larger number is minutes


def written(name: str, offset: int | None) -> str:
    """The zone of that name, else of that offset; UTC when there is neither.

    Args:
        name: of IANA or Windows, in any case.
        offset: minutes, or hours up to 14.

    Raises:
        ValueError: the name is unknown and there is no offset, or none that a zone has.
    """
    known = _names().get(name.strip().lower())
    if known:
        return known
    if name.strip() and offset is None:
        raise ValueError("must be an IANA or Windows time zone, or utcOffset must be given")
    minutes = (offset or 0) * (60 if abs(offset or 0) <= _MAX_HOURS else 1)
    if abs(minutes) > _MAX_HOURS * 60:
        raise ValueError(f"must be minutes between -{_MAX_HOURS * 60} and {_MAX_HOURS * 60}")
    return str(minutes)


def read(text: str) -> tzinfo:
    """The inverse of :func:`written`."""
    return ZoneInfo(text) if text in available_timezones() else timezone(timedelta(minutes=int(text)))


@cache
def _names() -> dict[str, str]:
    """IANA names by themselves and by Windows names (CLDR, windowsZones)."""
    windows = {name.lower(): iana for name, iana in win_tz.items()}
    return windows | {name.lower(): name for name in available_timezones()}
