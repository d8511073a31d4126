"""Checks the outcome of a demo against the expected outcome. Pure functions over collected evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.receiver import Received
from demo.sample import Row, matches

STATUSES = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "skipped")


@dataclass(frozen=True)
class Expectation:
    """The expected status and failure reason of a message, and how many messages the carrier accepts for it."""

    status: str
    reason: str = ""
    accepted: int = 1


DELIVERED = Expectation("delivered")

# By the last four digits of the recipient, like the outcomes of the carrier simulator. Reasons start with Twilio's error codes.
# 0105: after a 500 the outcome is unknown. Reconciliation finds nothing at the carrier, and the message fails without a resend.
EXPECTATIONS = {
    "0101": Expectation("failed", "21211", accepted=0),
    "0102": Expectation("failed", "21610", accepted=0),
    "0103": Expectation("undelivered", "30005"),
    "0104": DELIVERED,
    "0105": Expectation("failed", "outcome_unknown", accepted=0),
    "0106": DELIVERED,
    "0107": DELIVERED,
    "0108": DELIVERED,
}


@dataclass(frozen=True)
class Evidence:
    """Everything that the checks need.

    Attributes:
        rows: the imported sample contacts.
        counts: the counts of the campaign record, from the API.
        messages: the messages of the campaign record, from the API.
        accepted: number of messages that the carriers accepted, by recipient.
        received: the callbacks.
    """

    rows: Sequence[Row]
    counts: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]
    accepted: Counter[str]
    received: Received

    @property
    def callbacks_agree(self) -> bool:
        """Whether the newest callback of each message has the status of the message."""
        return not self.messages_without_current_callback

    @property
    def messages_without_current_callback(self) -> int:
        """Number of messages whose newest callback is missing or has another status."""
        return sum(self.received.newest.get(message["id"]) != message["status"] for message in self.messages)


def expected_of(recipient: str) -> Expectation:
    """Return what is expected of a message to an E.164 number."""
    return EXPECTATIONS.get(recipient[-4:], DELIVERED)


def failures(evidence: Evidence) -> list[str]:
    """Describe each deviation in one sentence. Contacts are named by their position in the sample, not by number."""
    return [*_count_failures(evidence), *_message_failures(evidence), *_callback_failures(evidence)]


def _count_failures(evidence: Evidence) -> Iterator[str]:
    counts = evidence.counts
    total = sum(counts[status] for status in STATUSES)
    if counts["audience"] != total:
        yield f"the audience is {counts['audience']}, but the counts add up to {total}"
    matching = sum(map(matches, evidence.rows))
    if counts["audience"] != matching:
        yield f"the audience is {counts['audience']}, but {matching} contacts match the filter"
    listed = Counter(message["status"] for message in evidence.messages)
    for status in STATUSES[:-1]:
        if counts[status] != listed[status]:
            yield f"{counts[status]} messages are counted as {status}, but {listed[status]} are listed"


def _message_failures(evidence: Evidence) -> Iterator[str]:
    by_recipient = {message["to"]: message for message in evidence.messages}
    for position, row in enumerate(evidence.rows, start=1):
        number = row["SMS"]
        if not (number and matches(row)):
            if number in by_recipient or evidence.accepted[number]:
                yield f"contact {position} got a message but must not get one"
        elif number not in by_recipient:
            yield f"contact {position} has no message"
        else:
            yield from (
                f"contact {position}: {problem}" for problem in _message_problems(by_recipient[number], evidence.accepted[number])
            )


def _message_problems(message: Mapping[str, Any], accepted: int) -> Iterator[str]:
    expected = expected_of(message["to"])
    if message["status"] != expected.status:
        yield f"the message is {message['status']}, not {expected.status}"
    elif expected.reason not in message["failedReason"]:
        yield f"the message is {expected.status}, but not because of {expected.reason}"
    if accepted != expected.accepted:
        yield f"the carrier accepted {accepted} messages, not {expected.accepted}"


def _callback_failures(evidence: Evidence) -> Iterator[str]:
    if evidence.received.rejected:
        yield f"{evidence.received.rejected} callbacks had no valid signature"
    if count := evidence.messages_without_current_callback:
        yield f"for {count} messages the newest callback has another status than the API"
