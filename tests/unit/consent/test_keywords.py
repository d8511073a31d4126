"""Keywords are recognised, and add or remove the opt-out of their sender."""

from __future__ import annotations

import pytest

from outreach.consent import opt_outs
from outreach.consent.keywords import (
    Keyword,
    apply_opt_out_keyword,
    keyword_for_site,
    keyword_of,
    require_own_keywords,
)
from outreach.sites import site_store
from outreach.sites.models import Site

SITE = "10000"
NUMBER = "+12125550123"
EARLIER, TIME, LATER = (f"2024-03-01T12:00:0{second}.000Z" for second in range(3))


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
        "STOP🛑",
        "ＳＴＯＰ",
        "𝐒𝐓𝐎𝐏",
        "stóp",
        "STOP_ALL",
        "Remove",
        "T.D.",
        "td",
        "ARRÊT",
        "arre\u0302t!",
        "\u200bStop\ufe0f",
    ],
)
def test_an_opt_out_word_alone_is_an_opt_out_keyword(text: str) -> None:
    assert keyword_of(text) is Keyword.OUT


@pytest.mark.parametrize(
    ("text", "expected"), [("START", Keyword.IN), ("unstop", Keyword.IN), ("Yes!", Keyword.IN), ("info?", Keyword.HELP)]
)
def test_opt_in_and_help_words_have_their_own_keywords(text: str, expected: Keyword) -> None:
    assert keyword_of(text) is expected


@pytest.mark.parametrize(
    "text", ["", "Please don't stop", "stop it", "The end of the week?", "yes please", "🙂", "unstoppable", "stop 2", "remove me"]
)
def test_a_sentence_with_a_keyword_is_not_a_keyword(text: str) -> None:
    assert keyword_of(text) is None


OWN = Site(SITE, opt_out_keywords=("BAJA", "no más"), opt_in_keywords=("Alta",), help_keywords=("AYUDA",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("baja!", Keyword.OUT),
        ("NO  MAS", Keyword.OUT),
        ("alta", Keyword.IN),
        ("¿Ayuda?", Keyword.HELP),
        ("STOP", Keyword.OUT),
        ("baja por favor", None),
    ],
)
def test_a_site_has_keywords_of_its_own(aws: None, text: str, expected: Keyword | None) -> None:
    site_store.put_site(OWN)
    site_store.put_site(Site("20000"))
    assert keyword_for_site(SITE, text) is expected
    assert keyword_for_site("20000", text) is keyword_of(text)


def test_a_common_keyword_counts_without_a_read_of_the_site(aws: None) -> None:
    assert keyword_for_site("unknown", "STOP") is Keyword.OUT


@pytest.mark.parametrize(
    "site",
    [
        Site(SITE, opt_out_keywords=("Yes",)),
        Site(SITE, opt_in_keywords=("stop",)),
        Site(SITE, opt_out_keywords=("más",), help_keywords=("MAS!",)),
        Site(SITE, help_keywords=("🛑",)),
    ],
)
def test_a_keyword_with_two_effects_or_without_letters_is_refused(site: Site) -> None:
    with pytest.raises(ValueError, match="keyword"):
        require_own_keywords(site)


def is_opted_out() -> bool:
    return opt_outs.opted_out_among(SITE, [NUMBER]) == {NUMBER}


@pytest.mark.parametrize(
    ("keyword", "expected"), [(Keyword.OUT, True), (Keyword.IN, False), (Keyword.HELP, False), (None, False)]
)
def test_only_an_opt_out_keyword_opts_its_sender_out(aws: None, keyword: Keyword | None, expected: bool) -> None:
    apply_opt_out_keyword(SITE, NUMBER, keyword, TIME)
    assert is_opted_out() is expected


@pytest.mark.parametrize(("keyword", "expected"), [(Keyword.OUT, True), (Keyword.IN, False), (Keyword.HELP, True), (None, True)])
def test_only_an_opt_in_keyword_opts_its_sender_in(aws: None, keyword: Keyword | None, expected: bool) -> None:
    apply_opt_out_keyword(SITE, NUMBER, Keyword.OUT, EARLIER)
    apply_opt_out_keyword(SITE, NUMBER, keyword, TIME)
    assert is_opted_out() is expected


def test_a_keyword_that_arrives_after_a_later_one_changes_nothing(aws: None) -> None:
    apply_opt_out_keyword(SITE, NUMBER, Keyword.IN, LATER)
    apply_opt_out_keyword(SITE, NUMBER, Keyword.OUT, TIME)
    assert not is_opted_out()
