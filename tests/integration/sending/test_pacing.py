"""The slots of a channel account are in order, at its rate, and each is reserved once."""

from __future__ import annotations

import pytest

from outreach.sending import pacing
from tests.support.pipeline import ACCOUNT

pytestmark = pytest.mark.usefixtures("aws")

NOW = 1_780_000_000.0


def reserve(segments: list[int], *, now: float = NOW, horizon: float = NOW + 600) -> list[float]:
    return pacing.reserve(ACCOUNT, segments, now=now, horizon=horizon).slots


def test_slots_follow_each_other_at_the_accounts_rate() -> None:
    assert reserve([1, 1, 1]) == pytest.approx([NOW, NOW + 0.01, NOW + 0.02])


def test_a_long_message_takes_one_slot_per_segment() -> None:
    assert reserve([3, 1]) == pytest.approx([NOW, NOW + 0.03])


def test_the_next_reservation_starts_where_the_last_one_ended() -> None:
    reserve([1] * 10)
    assert reserve([1]) == pytest.approx([NOW + 0.1])


def test_past_slots_cannot_be_reserved() -> None:
    reserve([1] * 10)
    assert reserve([1], now=NOW + 60) == pytest.approx([NOW + 60])


def test_no_slot_is_after_the_horizon() -> None:
    assert len(reserve([1] * 100, horizon=NOW + 0.25)) == 26
    assert reserve([1], horizon=NOW + 0.25) == []


def test_slots_given_back_can_be_reserved_again() -> None:
    reserve([1] * 1000)
    pacing.release_slots(ACCOUNT, NOW)
    assert reserve([1]) == pytest.approx([NOW])
