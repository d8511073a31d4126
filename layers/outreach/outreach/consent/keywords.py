"""Keywords by which people opt out and opt in: the words of 47 CFR 64.1200(a)(10), those that carriers act on themselves, and a
site's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from outreach import text
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.sites import site_store
from outreach.sites.models import Site


class Keyword(StrEnum):
    """The meaning of a message that is a keyword and nothing else; the values are those of the API."""

    OUT = "optOut"
    IN = "optIn"
    HELP = "help"


# ``REMOVE``, ``TD`` and ``ARRET`` are carriers' words in North America.
_OPT_OUT = "STOP, STOPALL, STOP ALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE, OPTOUT, OPT OUT, REMOVE, TD, ARRET"
_WORDS = {
    Keyword.OUT: tuple(_OPT_OUT.split(", ")),
    Keyword.IN: ("START", "UNSTOP", "YES"),
    Keyword.HELP: ("HELP", "INFO"),
}
_KEYWORD_BY_WORD = {word.lower(): keyword for keyword, words in _WORDS.items() for word in words}
_NAMES = {Keyword.OUT: "opt-out", Keyword.IN: "opt-in", Keyword.HELP: "help"}


def keyword_of(body: str) -> Keyword | None:
    """Return the keyword that a message consists of. A sentence that contains a keyword is not a keyword."""
    return _KEYWORD_BY_WORD.get(comparable(body))


def keyword_for_site(site_id: str, body: str) -> Keyword | None:
    """Return the keyword that a message to a site consists of: one that every site has, or one of the site's own."""
    return keyword_of(body) or _own_keywords(site_store.get_site(site_id)).get(comparable(body))


def require_own_keywords(site: Site) -> None:
    """Check a site's own keywords.

    Raises:
        ValueError: a keyword has no letters and digits, or already has another effect.
    """
    effects = dict(_KEYWORD_BY_WORD)
    for keyword, words in _own_words(site).items():
        for word in words:
            key = comparable(word)
            if not key:
                raise ValueError(f"{word!r} cannot be a keyword, because it has no letters and digits")
            if effects.setdefault(key, keyword) is not keyword:
                raise ValueError(f"{word!r} already is a keyword of another kind ({_NAMES[effects[key]]})")


def _own_keywords(site: Site) -> Mapping[str, Keyword]:
    return {comparable(word): keyword for keyword, words in _own_words(site).items() for word in words}


def _own_words(site: Site) -> Mapping[Keyword, tuple[str, ...]]:
    return {Keyword.OUT: site.opt_out_keywords, Keyword.IN: site.opt_in_keywords, Keyword.HELP: site.help_keywords}


def comparable(body: str) -> str:
    """Return the letters, digits and single spaces of a message, without case, accents and forms such as bold."""
    plain = text.without_accents(text.normal_form("NFKC", body))
    return " ".join("".join(char for char in plain if char.isalnum() or char.isspace()).split())


def apply_opt_out_keyword(site_id: str, number: str, keyword: Keyword | None, time: str) -> None:
    """Add or remove the opt-out of a number that sent a keyword. ``HELP`` and ``None`` change nothing.

    Args:
        number: the sender, in E.164.
        time: when the message was received, as :mod:`outreach.clock` formats it.
    """
    match keyword:
        case Keyword.OUT:
            opt_outs.add(site_id, number, Source.KEYWORD, time=time)
        case Keyword.IN:
            opt_outs.remove(site_id, number, Source.KEYWORD, time=time)
