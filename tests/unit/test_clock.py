"""Timestamps are in UTC, with milliseconds, and sort as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import clock

MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2022, 5, 23, 3, 0, 36, 277999, tzinfo=UTC), "2022-05-23T03:00:36.277Z"),
        (datetime(2022, 5, 23, tzinfo=UTC), "2022-05-23T00:00:00.000Z"),
        (datetime(2022, 5, 23, 1, tzinfo=timezone(timedelta(hours=2))), "2022-05-22T23:00:00.000Z"),
    ],
)
def test_a_timestamp_is_in_utc_with_milliseconds(moment: datetime, text: str) -> None:
    assert clock.timestamp(moment) == text


@given(MOMENTS)
def test_from_timestamp_is_the_inverse_of_timestamp(moment: datetime) -> None:
    assert clock.from_timestamp(clock.timestamp(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_timestamps_sort_as_text_in_chronological_order(first: datetime, second: datetime) -> None:
    assert (clock.timestamp(first) < clock.timestamp(second)) == (first < second)


def test_a_unix_time_becomes_utc() -> None:
    assert clock.timestamp(clock.from_epoch(1653274836.277)) == "2022-05-23T03:00:36.277Z"


def test_now_is_in_utc() -> None:
    assert clock.now().tzinfo is UTC
