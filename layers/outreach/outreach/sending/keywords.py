"""Words by which people unsubscribe and subscribe again: those of 47 CFR 64.1200(a)(10), and those that carriers act upon."""

from __future__ import annotations

import re

from outreach.sending.webhooks import OptOut

_KEYWORDS = {
    OptOut.OUT: ("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT"),
    OptOut.IN: ("START", "UNSTOP", "YES"),
    OptOut.HELP: ("HELP", "INFO"),
}
_MEANINGS = {keyword: meaning for meaning, keywords in _KEYWORDS.items() for keyword in keywords}
_NO_WORDS = re.compile(r"[\W_]+")


def meaning(text: str) -> OptOut | None:
    """What a message stands for when it is nothing but a keyword, in any case, whatever signs are around it.

    A sentence that contains a keyword is no keyword.
    """
    return _MEANINGS.get(_NO_WORDS.sub(" ", text).strip().upper())
