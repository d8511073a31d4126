"""How messages are grouped into jobs."""

from __future__ import annotations

import pytest

from outreach.messages.models import Message
from outreach.sending import send_queue
from outreach.sending.send_queue import JobRecipient, SendJob


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
def test_a_job_has_up_to_ten_messages_within_ten_seconds(slots: list[float], groups: list[tuple[int, float]]) -> None:
    messages = [message(number) for number in range(len(slots))]
    jobs = send_queue._groups(messages, slots, send_queue.MAX_SPREAD_SECONDS)
    assert [(len(group), slot) for group, slot in jobs] == groups


@pytest.mark.parametrize(("delay", "seconds"), [(-5.0, 0), (0.4, 0), (12.6, 13), (5000.0, 900)])
def test_the_delay_is_one_that_sqs_allows(delay: float, seconds: int) -> None:
    job = SendJob("10000", "account", "record", (JobRecipient("id", "+12125551234"),))
    assert send_queue._entry(job, delay).delay_seconds == seconds


def test_a_job_is_parsed_as_it_was_written() -> None:
    job = SendJob("10000", "account", None, (JobRecipient("id", "+12125551234"), JobRecipient("id2", "+12125551235")), check=1)
    assert SendJob.from_json(job.to_json()) == job
