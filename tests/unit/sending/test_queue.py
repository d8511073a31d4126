"""How due messages share SQS messages."""

from __future__ import annotations

import pytest

from outreach.messages.models import Message
from outreach.sending import queue
from outreach.sending.queue import Due, Recipient


def message(number: int) -> Message:
    return Message(
        id=f"id-{number}",
        site_id="10000",
        contact_id="contact",
        account_id="account",
        sender="+15005550006",
        recipient=f"+1212555{number:04}",
        body="Hello",
        slot="2026-05-23T03:00:36.277Z",
        record_id="record",
    )


@pytest.mark.parametrize(
    ("slots", "groups"),
    [
        ([], []),
        ([0.0], [(1, 0.0)]),
        ([n / 100 for n in range(25)], [(10, 0.09), (10, 0.19), (5, 0.24)]),
        ([0.0, 5.0, 10.0, 15.0], [(3, 10.0), (1, 15.0)]),
        ([0.0, 60.0], [(1, 0.0), (1, 60.0)]),
    ],
)
def test_ten_at_most_within_ten_seconds_due_when_the_last_one_is(slots: list[float], groups: list[tuple[int, float]]) -> None:
    messages = [message(number) for number in range(len(slots))]
    assert [(len(group), slot) for group, slot in queue._groups(messages, slots)] == groups


@pytest.mark.parametrize(("delay", "seconds"), [(-5.0, 0), (0.4, 0), (12.6, 13), (5000.0, 900)])
def test_a_delay_is_what_sqs_allows(delay: float, seconds: int) -> None:
    due = Due("10000", "account", "record", (Recipient("id", "+12125551234"),))
    assert queue._entry(due, delay).delay_seconds == seconds


def test_a_due_message_reads_back_as_it_was_written() -> None:
    due = Due("10000", "account", None, (Recipient("id", "+12125551234"), Recipient("id2", "+12125551235")), check=1)
    assert Due.parse(due.text()) == due
