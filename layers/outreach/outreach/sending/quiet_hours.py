"""Quiet hours: the local times at which recipients must not be texted (docs/carriers.md, "Quiet hours").

A recipient's time zone is the contact's own, or else those of the phone number's region. A message goes out only when all of
these zones allow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

# The hours repeat every day, and no two zones are more than 26 hours apart.
_DAYS_AHEAD = 3
_WIDENING = timedelta(minutes=30)
# A release reserves slots up to ten minutes ahead, and may be some minutes late. In a shorter time it might release nothing.
SHORTEST = timedelta(minutes=30)
_ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class SendingHours:
    """The part of the day in which messages may be sent, in the recipient's local time."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> SendingHours:
        """Parse a text such as ``08:00-21:00``.

        Raises:
            ValueError: the text has another form, names a time zone, or the hours end before they start.
        """
        start, _, end = text.partition("-")
        hours = cls(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))
        if hours.start.tzinfo or hours.end.tzinfo:
            raise ValueError("sending hours have no time zone, because they are in each recipient's local time")
        if hours.start >= hours.end:
            raise ValueError("sending hours must end after they start, for example 08:00-21:00")
        return hours

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    @property
    def duration(self) -> timedelta:
        return datetime.combine(_ANY_DAY, self.end) - datetime.combine(_ANY_DAY, self.start)

    def allow(self, moment: datetime, zones: Iterable[str]) -> bool:
        """Return whether the moment lies within the hours in all zones."""
        return all(self.start <= moment.astimezone(_zone(zone)).time() < self.end for zone in zones)

    def next_allowed(self, moment: datetime, zones: Iterable[str]) -> datetime:
        """Return the first moment, from ``moment`` on, that lies within the hours in all zones.

        If the zones do not have half an hour in common, the hours are widened on both sides by as little as it takes. A Russian
        mobile number has zones ten hours apart, a toll-free one those of North America: they are texted a little early or late,
        not at night.
        """
        names = tuple(zones)
        hours = _widened(self, names, moment.astimezone(UTC).date())
        # Wider still on the day on which clocks change, if that takes away what the zones have in common.
        found = (wider._next_common(moment, names) for wider in hours.ever_wider())
        return next(filter(None, found), moment)

    def _next_common(self, moment: datetime, zones: Sequence[str]) -> datetime | None:
        if self.allow(moment, zones):
            return moment
        return next((start for start in self.starts_after(moment, zones) if self.allow(start, zones)), None)

    def starts_after(self, moment: datetime, zones: Iterable[str]) -> Sequence[datetime]:
        """Return when the hours of the next days start in one of the zones, in order."""
        starts = {start for zone in zones for start in self._starts(moment, zone)}
        return sorted(start for start in starts if start > moment)

    def ever_wider(self) -> Iterator[SendingHours]:
        """Yield the hours, then ever wider ones, until they last all day."""
        hours = self
        while True:
            yield hours
            if (hours.start, hours.end) == (time.min, time.max):
                return
            start = datetime.combine(_ANY_DAY, hours.start) - _WIDENING
            end = datetime.combine(_ANY_DAY, hours.end) + _WIDENING
            hours = SendingHours(
                start.time() if start.date() == _ANY_DAY else time.min, end.time() if end.date() == _ANY_DAY else time.max
            )

    def _starts(self, moment: datetime, zone: str) -> Iterator[datetime]:
        first = moment.astimezone(_zone(zone)).date()
        for day in (first + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD)):
            start = datetime.combine(day, self.start, _zone(zone))
            # When the clocks go back over the start, the hours start twice.
            yield from (start.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


@lru_cache(maxsize=1024)
def _widened(hours: SendingHours, zones: tuple[str, ...], day: date) -> SendingHours:
    """Return the hours, widened until they last for half an hour in all zones at once, after the beginning of a day (UTC)."""
    midnight, last_moment = datetime.combine(day, time(), UTC), SHORTEST - timedelta.resolution
    for wider in hours.ever_wider():
        starts = wider.starts_after(midnight, zones)
        if not zones or any(wider.allow(start, zones) and wider.allow(start + last_moment, zones) for start in starts):
            break
    return wider


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
