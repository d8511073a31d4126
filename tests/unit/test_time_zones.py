"""Time zones by IANA name, alias and Windows name (docs/api.md, "Contacts")."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tzlocal.windows_tz import win_tz

from outreach import time_zones


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("America/New_York", "America/New_York"),
        (" america/new_york ", "America/New_York"),
        ("US/Eastern", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Europe/Kyiv", "Europe/Kyiv"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("Iceland", "Atlantic/Reykjavik"),
        ("America/Virgin", "America/St_Thomas"),
        ("Pacific/Yap", "Pacific/Chuuk"),
        ("UTC", "Etc/UTC"),
        ("Etc/GMT-2", "Etc/GMT-2"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("india standard time", "Asia/Kolkata"),
    ],
)
def test_a_name_has_one_canonical_name(name: str, canonical: str) -> None:
    assert time_zones.canonical(name) == canonical
    assert time_zones.canonical(canonical) == canonical


@pytest.mark.parametrize(
    "name", ["localtime", "Factory", "posixrules", "GMT+1", "UTC+02:00", "PST", "Mars/Olympus", "", "../etc/passwd"]
)
def test_other_text_is_no_time_zone(name: str) -> None:
    assert time_zones.canonical(name) is None


def _rules(name: str) -> list[object]:
    moments = (datetime(year, month, 1, tzinfo=UTC) for year in range(1970, 2040) for month in range(1, 13))
    return [moment.astimezone(ZoneInfo(name)).utcoffset() for moment in moments]


@pytest.mark.parametrize(("old", "place"), time_zones._OLD_NAMES.items())
def test_an_old_name_becomes_a_place_with_the_same_time_since_1970(old: str, place: str) -> None:
    assert time_zones.canonical(old) == time_zones.canonical(place) == place
    assert _rules(old) == _rules(place)


def test_every_windows_name_has_a_zone() -> None:
    assert all(ZoneInfo(time_zones.canonical(name) or "") for name in win_tz)
