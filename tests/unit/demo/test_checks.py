"""The demo reports every deviation from the expected outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from demo.checks import Evidence, failures
from demo.receiver import Received

ORDINARY, INVALID, NO_NUMBER, EXCLUDED = "+447400006796", "+12125550101", "", "+819012978663"


def _row(number: str, country: str = "Norway") -> dict[str, str]:
    return {"SMS": number, "countryOrRegion": country, "city": "Oslo"}


def _message(number: str, status: str, reason: str = "") -> dict[str, Any]:
    return {"id": f"id of {number}", "to": number, "status": status, "failedReason": reason}


def _counts(**counts: int) -> dict[str, int]:
    return dict.fromkeys(("queued", "sending", "sent", "delivered", "undelivered", "failed", "skipped"), 0) | counts


GOOD = Evidence(
    rows=[_row(ORDINARY), _row(INVALID), _row(NO_NUMBER), _row(EXCLUDED, "Japan")],
    counts=_counts(audience=3, delivered=1, failed=1, skipped=1),
    messages=[_message(ORDINARY, "delivered"), _message(INVALID, "failed", "21211: Invalid 'To' Phone Number")],
    accepted=Counter([ORDINARY]),
    received=Received({f"id of {ORDINARY}": "delivered", f"id of {INVALID}": "failed"}, total=3, rejected=0),
)


def test_the_expected_outcome_has_no_failures() -> None:
    assert failures(GOOD) == []
    assert GOOD.callbacks_agree


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"counts": _counts(audience=4, delivered=1, failed=1, skipped=1)}, "add up to 3"),
        ({"rows": [*GOOD.rows[:3], _row("", "Chad")]}, "4 contacts match"),
        ({"counts": _counts(audience=3, sent=1, failed=1, skipped=1)}, "1 messages are counted as sent, but 0 are listed"),
        ({"messages": GOOD.messages[:1]}, "contact 2 has no message"),
        ({"messages": [*GOOD.messages, _message(EXCLUDED, "delivered")]}, "contact 4 got a message"),
        ({"accepted": Counter([ORDINARY, EXCLUDED])}, "contact 4 got a message"),
        ({"messages": [_message(ORDINARY, "sent"), GOOD.messages[1]]}, "contact 1: the message is sent"),
        (
            {"messages": [GOOD.messages[0], _message(INVALID, "failed", "no money")]},
            "contact 2: the message is failed, but not because of 21211",
        ),
        ({"accepted": Counter()}, "contact 1: the carrier accepted 0 messages, not 1"),
        ({"accepted": Counter([ORDINARY] * 2)}, "contact 1: the carrier accepted 2 messages, not 1"),
        ({"accepted": Counter([ORDINARY, INVALID])}, "contact 2: the carrier accepted 1 messages, not 0"),
        ({"received": replace(GOOD.received, rejected=1)}, "1 callbacks had no valid signature"),
        ({"received": replace(GOOD.received, newest={f"id of {ORDINARY}": "sent"})}, "for 2 messages the newest callback"),
    ],
)
def test_each_deviation_is_reported_without_a_phone_number(change: dict[str, Any], failure: str) -> None:
    reported = failures(replace(GOOD, **change))
    assert any(failure in sentence for sentence in reported), reported
    assert not any(number in sentence for number in (ORDINARY, INVALID, EXCLUDED) for sentence in reported)
