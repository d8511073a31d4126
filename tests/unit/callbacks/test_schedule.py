"""When a callback is tried again: later, never earlier."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.callbacks import schedule
from outreach.callbacks.parking import endpoint_id

ENDPOINTS = st.text("0123456789abcdef", min_size=32, max_size=32)
NOW = st.floats(1_700_000_000, 1_900_000_000)
ENDPOINT = "0123456789abcdef" * 2


def test_the_waits_are_those_of_the_contract() -> None:
    minute, hour = 60, 3_600
    assert (5, 5 * minute, 30 * minute, *(hours * hour for hours in (2, 5, 10, 14, 20, 24))) == schedule.WAITS


@given(ENDPOINTS, st.integers(1, 9), NOW)
def test_jitter_is_never_early_and_less_than_a_fifth_late(endpoint: str, tries: int, now: float) -> None:
    wait = schedule.WAITS[tries - 1]
    moment = schedule.next_try(endpoint, tries, now)
    assert moment is not None
    assert wait <= moment - now < wait * 1.2 + 1


@given(ENDPOINTS, st.integers(1, 9), NOW, st.floats(0, 86_400))
def test_an_endpoint_is_not_asked_before_it_wants_to_be(endpoint: str, tries: int, now: float, seconds: float) -> None:
    moment = schedule.next_try(endpoint, tries, now, seconds)
    assert moment is not None
    assert moment >= now + seconds


def test_after_the_last_wait_there_is_no_further_try() -> None:
    assert schedule.next_try(ENDPOINT, 10, 0) is None


@pytest.mark.parametrize("tries", [2, 5, 9])
def test_endpoints_that_failed_together_come_apart(tries: int) -> None:
    moments = {schedule.next_try(endpoint_id("10000", f"https://{name}.example"), tries, 1_772_530_200) for name in range(100)}
    assert len(moments) > 40


def test_callbacks_of_one_endpoint_come_together() -> None:
    moments = [schedule.next_try(ENDPOINT, 3, 1_772_530_200 + second) for second in range(60)]
    assert len(set(moments)) <= 2


def test_an_endpoint_that_stays_down_is_probed_once_a_day_in_the_end() -> None:
    now, moments = 1_772_530_200, []
    for failures in range(1, 15):
        moments.append(now := schedule.next_probe(ENDPOINT, failures, now))
    assert all(later - earlier >= wait for (earlier, later), wait in zip(pairwise(moments), schedule.WAITS[1:], strict=False))
    assert 86_400 <= moments[-1] - moments[-2] < 1.2 * 86_400
