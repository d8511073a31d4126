"""Time zones given by name or UTC offset (docs/api.md, "Export").

Their normalised form is a text: an IANA name, or minutes east of UTC.
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from outreach.time_zones import canonical

_MAX_HOURS = 14  # the largest offset of any time zone; a larger number means minutes
_MINUTES = re.compile(r"-?[0-9]+")


def normalise(name: str, utc_offset: int | None) -> str:
    """Find the time zone by name, or else by offset; the default is UTC.

    Args:
        name: an IANA or Windows name in any case.
        utc_offset: minutes, or hours up to 14.

    Returns:
        The zone in normalised form.

    Raises:
        ValueError: the name is unknown and there is no offset, or the offset is too large.
    """
    iana_name = canonical(name)
    if iana_name:
        return iana_name
    if name.strip() and utc_offset is None:
        raise ValueError("must be an IANA or Windows time zone such as Europe/Oslo; or add utcOffset")
    minutes = (utc_offset or 0) * (60 if abs(utc_offset or 0) <= _MAX_HOURS else 1)
    if abs(minutes) > _MAX_HOURS * 60:
        raise ValueError(f"must be between -{_MAX_HOURS * 60} and {_MAX_HOURS * 60} minutes")
    return str(minutes)


def parse(normalised: str) -> tzinfo:
    """Return the time zone of a normalised form."""
    return timezone(timedelta(minutes=int(normalised))) if _MINUTES.fullmatch(normalised) else ZoneInfo(normalised)
