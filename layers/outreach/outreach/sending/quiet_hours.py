"""Quiet hours: the local times at which recipients must not be texted (docs/carriers.md, "Quiet hours").

A recipient's time zone is the contact's own, or else those of the phone number's region. A message goes out only when all of
these zones allow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

# The hours repeat every day, and no two zones are more than 26 hours apart.
_DAYS_AHEAD = 3


@dataclass(frozen=True)
class SendingHours:
    """The part of the day in which messages may be sent, in the recipient's local time."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> SendingHours:
        """Parse a text such as ``08:00-21:00``.

        Raises:
            ValueError: the text has another form, or the hours end before they start.
        """
        start, _, end = text.partition("-")
        hours = cls(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))
        if hours.start >= hours.end:
            raise ValueError("sending hours must end after they start, for example 08:00-21:00")
        return hours

    def allow(self, moment: datetime, zones: Iterable[str]) -> bool:
        """Return whether the moment lies within the hours in all zones."""
        return all(self.start <= moment.astimezone(_zone(zone)).time() < self.end for zone in zones)

    def next_allowed(self, moment: datetime, zones: Iterable[str]) -> datetime:
        """Return the first moment, from ``moment`` on, that lies within the hours in all zones.

        Returns ``moment`` itself when the zones have no hour in common.
        """
        names = list(zones)
        candidates = [moment, *sorted(start for zone in names for start in self._starts_after(moment, zone))]
        return next((candidate for candidate in candidates if self.allow(candidate, names)), moment)

    def _starts_after(self, moment: datetime, zone: str) -> Iterable[datetime]:
        local = moment.astimezone(_zone(zone))
        days = (local.date() + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD))
        starts = (datetime.combine(day, self.start, _zone(zone)).astimezone(UTC) for day in days)
        return (start for start in starts if start > moment)


def zones_of(time_zone: str | None, number: str) -> tuple[str, ...]:
    """Return the time zones (IANA names) that a recipient may be in; empty when none is known.

    Args:
        time_zone: the contact's own zone, if set.
        number: the recipient's E.164 number.
    """
    return (time_zone,) if time_zone else _zones_of_number(number)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _zones_of_number(number: str) -> tuple[str, ...]:
    # The library's table takes megabytes; only sites with quiet hours need it.
    from phonenumbers import parse
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

    return tuple(zone for zone in time_zones_for_number(parse(number)) if zone != UNKNOWN_TIMEZONE)
