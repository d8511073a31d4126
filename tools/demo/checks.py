"""Whether a demo came out as it must: pure judgement over what was sent, answered, accepted and called back."""

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
    """What the API must say of a message, and how many messages the carrier must have accepted for it."""

    status: str
    reason: str = ""
    accepted: int = 1


DELIVERED = Expectation("delivered")

# By the last digits of the recipient, as the carrier simulator decides; reasons begin with Twilio's error codes.
# Nothing is sent again on suspicion: a 500 may have been an acceptance, so without a trace of it the message has failed.
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
    """What is known at the end.

    Attributes:
        rows: the sample contacts that exist.
        counts: of the record, as the API shows them.
        messages: of the record, as the API shows them.
        accepted: how many messages the carriers have accepted, by recipient.
        received: the callbacks.
    """

    rows: Sequence[Row]
    counts: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]
    accepted: Counter[str]
    received: Received

    @property
    def callbacks_agree(self) -> bool:
        """Whether each message's newest callback tells its status."""
        return all(self.received.newest.get(message["id"]) == message["status"] for message in self.messages)


def expected_of(recipient: str) -> Expectation:
    """What becomes of a message to a number (E.164)."""
    return EXPECTATIONS.get(recipient[-4:], DELIVERED)


def failures(evidence: Evidence) -> list[str]:
    """What is wrong, one sentence each; empty when all is well. Contacts are told by their place in the sample, not by number."""
    return [*_wrong_counts(evidence), *_wrong_messages(evidence), *_wrong_callbacks(evidence)]


def _wrong_counts(evidence: Evidence) -> Iterator[str]:
    counts = evidence.counts
    total = sum(counts[status] for status in STATUSES)
    if counts["audience"] != total:
        yield f"the audience is {counts['audience']}, but the counts add up to {total}"
    matching = sum(map(matches, evidence.rows))
    if counts["audience"] != matching:
        yield f"the audience is {counts['audience']}, but {matching} contacts match the filter"
    shown = Counter(message["status"] for message in evidence.messages)
    for status in STATUSES[:-1]:
        if counts[status] != shown[status]:
            yield f"{counts[status]} messages are counted as {status}, but {shown[status]} are listed"


def _wrong_messages(evidence: Evidence) -> Iterator[str]:
    by_recipient = {message["to"]: message for message in evidence.messages}
    for place, row in enumerate(evidence.rows, start=1):
        number = row["SMS"]
        if not (number and matches(row)):
            if number in by_recipient or evidence.accepted[number]:
                yield f"contact {place} got a message and must not"
        elif number not in by_recipient:
            yield f"contact {place} has no message"
        else:
            yield from (f"contact {place}: {wrong}" for wrong in _differences(by_recipient[number], evidence.accepted[number]))


def _differences(message: Mapping[str, Any], accepted: int) -> Iterator[str]:
    expected = expected_of(message["to"])
    if message["status"] != expected.status:
        yield f"its message is {message['status']}, not {expected.status}"
    elif expected.reason not in message["failedReason"]:
        yield f"its message is {expected.status}, but not for {expected.reason}"
    if accepted != expected.accepted:
        yield f"the carrier accepted {accepted} messages, not {expected.accepted}"


def _wrong_callbacks(evidence: Evidence) -> Iterator[str]:
    if evidence.received.rejected:
        yield f"{evidence.received.rejected} callbacks had no valid signature"
    newest = evidence.received.newest
    differing = sum(newest.get(message["id"]) != message["status"] for message in evidence.messages)
    if differing:
        yield f"of {differing} messages the newest callback tells another status than the API"
