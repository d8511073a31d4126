"""Recipients are not texted during quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outreach.sending.quiet_hours import SendingHours, zones_of

HOURS = SendingHours.parse("08:00-21:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zones", "moment", "next_moment"),
    [
        ((), "2026-03-10T03:00", "2026-03-10T03:00"),
        (("Europe/Oslo",), "2026-03-10T07:00", "2026-03-10T07:00"),
        (("Europe/Oslo",), "2026-03-10T06:59", "2026-03-10T07:00"),
        (("Europe/Oslo",), "2026-03-10T20:00", "2026-03-11T07:00"),
        (("Asia/Kathmandu",), "2026-03-10T02:14", "2026-03-10T02:15"),
        (("America/New_York", "America/Los_Angeles"), "2026-03-10T13:00", "2026-03-10T15:00"),
        (("America/New_York", "America/Los_Angeles"), "2026-03-11T01:30", "2026-03-11T15:00"),
        # The clocks in New York go forward on 8 March 2026.
        (("America/New_York",), "2026-03-08T02:00", "2026-03-08T12:00"),
        (("America/New_York",), "2026-03-07T02:00", "2026-03-07T13:00"),
    ],
)
def test_the_next_allowed_moment_is_allowed_in_all_zones(zones: tuple[str, ...], moment: str, next_moment: str) -> None:
    assert HOURS.next_allowed(at(moment), zones) == at(next_moment)


def test_zones_without_a_common_hour_do_not_defer_a_message_forever() -> None:
    zones = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    hours = SendingHours.parse("09:00-10:00")
    assert hours.next_allowed(at("2026-03-10T00:00"), zones) == at("2026-03-10T00:00")


def test_the_contacts_own_zone_takes_precedence_over_the_numbers() -> None:
    assert zones_of("Asia/Tokyo", "+12125551234") == ("Asia/Tokyo",)
    assert zones_of(None, "+12125551234") == ("America/New_York",)
    assert zones_of(None, "+80012345678") == ()


@pytest.mark.parametrize("text", ["", "08:00", "21:00-08:00", "8-21", "08:00-08:00"])
def test_invalid_hours_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SendingHours.parse(text)
