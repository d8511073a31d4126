"""What is a keyword, and what only looks like one."""

from __future__ import annotations

import pytest

from outreach.sending.keywords import meaning
from outreach.sending.webhooks import OptOut


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOPALL",
        "stop all",
        "Unsubscribe!",
        "cancel",
        "END",
        "quit",
        "revoke",
        "OPTOUT",
        "opt-out",
        "«Stop» 🛑",
    ],
)
def test_a_keyword_alone_unsubscribes(text: str) -> None:
    assert meaning(text) is OptOut.OUT


@pytest.mark.parametrize(
    ("text", "expected"), [("START", OptOut.IN), ("unstop", OptOut.IN), ("Yes!", OptOut.IN), ("info?", OptOut.HELP)]
)
def test_other_keywords_have_their_own_meaning(text: str, expected: OptOut) -> None:
    assert meaning(text) is expected


@pytest.mark.parametrize("text", ["", "Please don't stop", "stop it", "The end of the week?", "yes please", "🙂", "unstoppable"])
def test_a_sentence_with_a_keyword_is_no_keyword(text: str) -> None:
    assert meaning(text) is None
