"""Failures in a row: when work that keeps failing is stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach import clock
from outreach.repeated_failures import CARRIER_UNAVAILABLE, NOT_PROCESSED, Failures


@pytest.mark.parametrize("reason", [CARRIER_UNAVAILABLE, NOT_PROCESSED, "ThrottlingException"])
@pytest.mark.parametrize("hours", [2, 12])
def test_a_transient_failure_is_given_up_after_a_day_however_long_each_wait_is(
    monkeypatch: pytest.MonkeyPatch, reason: str, hours: int
) -> None:
    began, failures = clock.now(), Failures()
    for passed in range(0, 24, hours):
        monkeypatch.setattr(clock, "now", lambda passed=passed: began + timedelta(hours=passed))
        failures = failures.after("", reason, wait=timedelta(hours=hours))
        assert not failures.are_too_many
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=24))
    assert failures.after("", reason, wait=timedelta(hours=hours)).are_too_many
