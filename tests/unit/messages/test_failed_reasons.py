"""A failure is counted by its code, whatever words the carrier adds."""

from __future__ import annotations

import pytest

from outreach.messages import failed_reasons


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("30003: Unreachable destination handset", "30003"),
        ("21211: The 'To' number +1555 is not a valid phone number", "21211"),
        ("HTTP 400", "HTTP 400"),
        ("undelivered", "undelivered"),
        (failed_reasons.OUTCOME_UNKNOWN, "outcome_unknown"),
        (failed_reasons.TEMPLATE_ERROR, "template_error"),
        ("The number +12125550123 is blocked", failed_reasons.OTHER),
        ("+12125550123", failed_reasons.OTHER),
        ("12125550123: x", failed_reasons.OTHER),
        ("", failed_reasons.OTHER),
    ],
)
def test_a_reason_is_counted_by_its_code_and_never_by_words_that_may_name_a_person(reason: str, code: str) -> None:
    assert failed_reasons.code_of(reason) == code


def test_our_own_codes_have_words() -> None:
    assert failed_reasons.text_of("expired") == "the channel account could not send for a week"
    assert failed_reasons.text_of("no_progress") == "sending the message kept failing"
    assert failed_reasons.text_of("30003") is None
