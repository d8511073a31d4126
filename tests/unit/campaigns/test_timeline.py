"""A timeline shows every minute of running, although only minutes with a change are stored."""

from __future__ import annotations

from dataclasses import replace

from outreach.campaigns import ledger
from outreach.campaigns.ledger import Counts
from outreach.campaigns.timeline import TimelineEntry, append_current, fill_gaps

START = replace(ledger.count(10, ()))


def sent(number: int) -> Counts:
    return replace(START, queued=10 - number, sent=number)


def at(minute: int, second: int = 0) -> str:
    return f"2026-03-01T10:{minute:02}:{second:02}.000Z"


def shown(*entries: TimelineEntry) -> list[tuple[str, int]]:
    return [(time, counts.sent) for time, counts in fill_gaps(entries)]


def test_minutes_without_a_change_have_the_counts_after_the_last_change_before_them() -> None:
    # Three messages were sent after the first sample was stored, and none between 10:01 and the second sample.
    assert shown(
        TimelineEntry(at(0, 10), sent(0), True), TimelineEntry(at(3, 5), sent(3), True), TimelineEntry(at(3, 40), sent(5), False)
    ) == [
        (at(0, 10), 0),
        (at(1, 10), 3),
        (at(2, 10), 3),
        (at(3, 5), 3),
        (at(3, 40), 5),
    ]


def test_a_pause_is_not_filled() -> None:
    entries = [
        TimelineEntry(at(0), sent(1), True),
        TimelineEntry(at(1, 30), None, False),
        TimelineEntry(at(40), None, True),
        TimelineEntry(at(41, 30), sent(2), True),
    ]
    assert shown(*entries) == [(at(0), 1), (at(1), 2), (at(41), 2), (at(41, 30), 2)]


def test_a_running_record_has_its_current_counts_at_the_end() -> None:
    entries = [TimelineEntry(at(0), sent(0), True)]
    assert append_current(entries, TimelineEntry(at(0, 30), sent(0), True))[-1].time == at(0, 30)


def test_a_record_that_is_over_ends_with_its_last_sample() -> None:
    entries = [TimelineEntry(at(0), sent(0), True), TimelineEntry(at(1), sent(9), False)]
    assert append_current(entries, TimelineEntry(at(30), sent(9), False)) == entries


def test_counts_that_changed_after_the_end_have_the_minute_of_the_change() -> None:
    receipts = TimelineEntry(at(7, 20), sent(9), False)  # the sample of the minute, stored before the change
    entries = [TimelineEntry(at(0), sent(0), True), TimelineEntry(at(1), sent(9), False), receipts]
    for minute in (8, 30, 59):
        assert append_current(entries, TimelineEntry(at(minute), sent(10), False))[-1] == TimelineEntry(at(8), sent(10), False)
    assert append_current(entries, TimelineEntry(at(7, 40), sent(10), False))[-1].time == at(7, 40)


def test_counts_that_changed_before_a_pause_are_not_before_it() -> None:
    entries = [TimelineEntry(at(0), sent(0), True), TimelineEntry(at(9), None, False)]
    assert append_current(entries, TimelineEntry(at(30), sent(10), False))[-1].time == at(9)


def test_a_record_without_samples_shows_its_counts() -> None:
    assert shown(*append_current([], TimelineEntry(at(5), sent(4), False))) == [(at(5), 4)]
