"""Quiet hours: when a recipient must not be written to, by the clock on their wall (carriers.md, quiet hours).

A recipient's time zone is the contact's, else those of the number's region; of several, all must allow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

# Beyond that no zone has a day left that another could object to.
_DAYS_AHEAD = 3


@dataclass(frozen=True)
class SendingHours:
    """The part of the day in which messages may go out, in the recipient's local time."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> SendingHours:
        """``08:00-21:00``.

        Raises:
            ValueError: it isn't of that form, or closes before it opens.
        """
        opens, _, closes = text.partition("-")
        hours = cls(time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip()))
        if hours.opens >= hours.closes:
            raise ValueError("sending hours must close after they open, like 08:00-21:00")
        return hours

    def allow(self, moment: datetime, zones: Iterable[str]) -> bool:
        """Whether it is within the hours in all of the zones."""
        return all(self.opens <= moment.astimezone(_zone(zone)).time() < self.closes for zone in zones)

    def next_allowed(self, moment: datetime, zones: Iterable[str]) -> datetime:
        """The first moment, from ``moment`` on, that is within the hours in all zones; ``moment`` where there never is one."""
        named = list(zones)
        candidates = [moment, *sorted(opening for zone in named for opening in self._openings(moment, zone))]
        return next((candidate for candidate in candidates if self.allow(candidate, named)), moment)

    def _openings(self, moment: datetime, zone: str) -> Iterable[datetime]:
        local = moment.astimezone(_zone(zone))
        days = (local.date() + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD))
        openings = (datetime.combine(day, self.opens, _zone(zone)).astimezone(UTC) for day in days)
        return (opening for opening in openings if opening > moment)


def zones_of(time_zone: str | None, number: str) -> tuple[str, ...]:
    """The time zones (IANA names) that a recipient may be in; none when nothing is known."""
    return (time_zone,) if time_zone else _zones_of_number(number)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _zones_of_number(number: str) -> tuple[str, ...]:
    # Its table takes megabytes and is read by nobody whose site has no quiet hours.
    from phonenumbers import parse
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

    return tuple(zone for zone in time_zones_for_number(parse(number)) if zone != UNKNOWN_TIMEZONE)
