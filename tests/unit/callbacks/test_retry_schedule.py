"""The times of callback retries: never early, and slightly late."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.callbacks import retry_schedule
from outreach.callbacks.endpoint_backlog import id_of

ENDPOINTS = st.text("0123456789abcdef", min_size=32, max_size=32)
NOW = st.floats(1_700_000_000, 1_900_000_000)
ENDPOINT = "0123456789abcdef" * 2


def test_the_delays_are_those_of_the_documentation() -> None:
    minute, hour = 60, 3_600
    assert (5, 5 * minute, 30 * minute, *(hours * hour for hours in (2, 5, 10, 14, 20, 24))) == retry_schedule.DELAYS


@given(ENDPOINTS, st.integers(1, 9), NOW)
def test_an_attempt_is_never_early_and_less_than_a_fifth_late(endpoint: str, failed_attempts: int, now: float) -> None:
    delay = retry_schedule.DELAYS[failed_attempts - 1]
    moment = retry_schedule.next_attempt(endpoint, failed_attempts, now)
    assert moment is not None
    assert delay <= moment - now < delay * 1.2 + 1


@given(ENDPOINTS, st.integers(1, 9), NOW, st.floats(0, 86_400))
def test_retry_after_is_honoured(endpoint: str, failed_attempts: int, now: float, seconds: float) -> None:
    moment = retry_schedule.next_attempt(endpoint, failed_attempts, now, seconds)
    assert moment is not None
    assert moment >= now + seconds


def test_there_is_no_attempt_after_the_last_delay() -> None:
    assert retry_schedule.next_attempt(ENDPOINT, 10, 0) is None


@pytest.mark.parametrize("failed_attempts", [2, 5, 9])
def test_endpoints_that_failed_together_are_retried_at_different_times(failed_attempts: int) -> None:
    moments = {
        retry_schedule.next_attempt(id_of("10000", f"https://{name}.example"), failed_attempts, 1_772_530_200)
        for name in range(100)
    }
    assert len(moments) > 40


def test_callbacks_of_one_endpoint_are_retried_together() -> None:
    moments = [retry_schedule.next_attempt(ENDPOINT, 3, 1_772_530_200 + second) for second in range(60)]
    assert len(set(moments)) <= 2


def test_an_endpoint_that_stays_down_is_finally_probed_once_a_day() -> None:
    now, moments = 1_772_530_200, []
    for failures in range(1, 15):
        moments.append(now := retry_schedule.next_probe(ENDPOINT, failures, now))
    assert all(
        later - earlier >= delay for (earlier, later), delay in zip(pairwise(moments), retry_schedule.DELAYS[1:], strict=False)
    )
    assert 86_400 <= moments[-1] - moments[-2] < 1.2 * 86_400
