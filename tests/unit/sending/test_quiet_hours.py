"""Recipients are not texted during quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from outreach.sending.quiet_hours import SHORTEST, SendingHours, zones_of

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
        # Summer time at Lord Howe Island is half an hour ahead, and ends on 5 April 2026.
        (("Australia/Lord_Howe",), "2026-04-04T20:59", "2026-04-04T21:30"),
        (("Australia/Lord_Howe",), "2026-04-03T20:59", "2026-04-03T21:00"),
    ],
)
def test_the_next_allowed_moment_is_allowed_in_all_zones(zones: tuple[str, ...], moment: str, next_moment: str) -> None:
    assert HOURS.next_allowed(at(moment), zones) == at(next_moment)


@pytest.mark.parametrize("number", ["+79161234567", "+18005551234"])
@pytest.mark.parametrize("hours", ["09:00-18:00", "10:00-17:00", "12:00-12:30"])
def test_a_number_whose_zones_have_no_common_hour_is_not_texted_at_night(number: str, hours: str) -> None:
    zones, sending_hours = zones_of(None, number), SendingHours.parse(hours)
    night, dawn = time(1), time(5)
    for hour in range(24):
        moment = at("2026-03-10T00:00") + timedelta(hours=hour)
        allowed = sending_hours.next_allowed(moment, zones)
        local_times = [allowed.astimezone(ZoneInfo(zone)).time() for zone in zones]
        assert timedelta(0) <= allowed - moment <= timedelta(days=1)
        assert not any(night <= local < dawn for local in local_times), (moment, local_times)
        assert sending_hours.next_allowed(allowed, zones) == allowed


def test_hours_that_zones_do_not_have_in_common_are_widened_by_as_little_as_it_takes() -> None:
    zones = ("Asia/Kamchatka", "Europe/Moscow")  # nine hours apart
    assert SendingHours.parse("09:00-18:30").next_allowed(at("2026-03-10T00:00"), zones) == at("2026-03-10T06:00")
    assert SendingHours.parse("09:00-18:00").next_allowed(at("2026-03-10T00:00"), zones) == at("2026-03-10T05:30")
    assert SendingHours.parse("09:00-18:00").next_allowed(at("2026-03-10T06:15"), zones) == at("2026-03-10T06:15")
    assert SendingHours.parse("09:00-18:00").next_allowed(at("2026-03-10T06:30"), zones) == at("2026-03-11T05:30")


def test_zones_without_any_common_hour_do_not_defer_a_message_forever() -> None:
    zones = ("Pacific/Kiritimati", "Pacific/Niue", "Europe/London", "Asia/Tokyo", "America/New_York")
    hours = SendingHours.parse("09:00-10:00")
    allowed = hours.next_allowed(at("2026-03-10T00:00"), zones)
    assert allowed - at("2026-03-10T00:00") <= timedelta(days=1)
    assert hours.next_allowed(allowed, zones) == allowed


def test_hours_that_begin_while_the_clocks_go_back_begin_twice() -> None:
    hours, zones = SendingHours.parse("01:30-21:00"), ("America/New_York",)  # 01:00 to 02:00 comes twice on 1 November 2026
    assert hours.next_allowed(at("2026-11-01T05:10"), zones) == at("2026-11-01T05:30")
    assert hours.next_allowed(at("2026-11-01T06:10"), zones) == at("2026-11-01T06:30")


def test_hours_that_begin_while_the_clocks_go_forward_begin_late() -> None:
    hours, zones = SendingHours.parse("02:15-21:00"), ("America/New_York",)  # 02:00 to 03:00 does not exist on 8 March 2026
    assert hours.next_allowed(at("2026-03-08T06:30"), zones) == at("2026-03-08T07:15")


def test_no_message_is_sent_at_night_when_the_clocks_take_away_what_the_zones_have_in_common() -> None:
    hours, zones = SendingHours.parse("07:00-10:30"), ("Africa/Cairo", "Pacific/Chatham")
    assert hours.next_allowed(at("2026-09-26T18:17"), zones) > at("2026-09-26T18:17")  # 21:17 in Cairo, 08:02 on Chatham


@pytest.mark.parametrize(
    ("hours", "zones"), [("12:00-12:05", ("Europe/Oslo",)), ("09:00-18:05", ("Asia/Kamchatka", "Europe/Moscow"))]
)
def test_hours_too_short_for_a_release_are_widened(hours: str, zones: tuple[str, ...]) -> None:
    """A release takes some minutes, so it would defer these recipients every day."""
    sending_hours = SendingHours.parse(hours)
    start = sending_hours.next_allowed(at("2026-03-10T22:00"), zones)
    late = start + SHORTEST - timedelta(seconds=1)
    assert start - at("2026-03-10T22:00") < timedelta(days=1)
    assert sending_hours.next_allowed(late, zones) == late


def test_the_contacts_own_zone_takes_precedence_over_the_numbers() -> None:
    assert zones_of("Asia/Tokyo", "+12125551234") == ("Asia/Tokyo",)
    assert zones_of(None, "+12125551234") == ("America/New_York",)
    assert zones_of(None, "+80012345678") == ()


@pytest.mark.parametrize("text", ["", "08:00", "21:00-08:00", "8-21", "08:00-08:00", "08:00Z-21:00Z", "08:00-21:00+01:00"])
def test_invalid_hours_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SendingHours.parse(text)
