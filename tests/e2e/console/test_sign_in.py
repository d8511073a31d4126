"""Signing in and out, and what the page may do at all."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.support import browser as browsers
from tests.support.browser import Console

PAGES = ("Contacts", "Imports", "Campaigns", "Sends", "Replies", "Opt-outs", "Channel accounts", "Site and key", "Start")


def test_an_unknown_key_is_refused_and_not_kept(browser: Browser, addresses: tuple[str, str]) -> None:
    with browsers.tab(browser, addresses[0], browsers.DESKTOP) as opened:
        opened.page.goto(f"{addresses[0]}/console")
        opened.page.get_by_label("API key").fill("no-such-key")
        opened.page.get_by_role("button", name="Sign in").click()
        expect(opened.page.get_by_text("The API does not know this key.")).to_be_visible()
        assert opened.page.evaluate("sessionStorage.length") == 0


def test_signing_out_forgets_the_key(console: Console) -> None:
    console.page.get_by_role("button", name="Sign out").click()
    expect(console.page.get_by_label("API key")).to_be_visible()
    assert console.page.evaluate("sessionStorage.length") == 0


def test_every_page_opens_by_the_navigation_and_keeps_the_rules(console_on_a_phone: Console) -> None:
    for name in PAGES:
        console_on_a_phone.open(name)
        expect(console_on_a_phone.page.locator("[aria-busy=true]")).to_have_count(0)
        console_on_a_phone.check()


def test_a_key_that_the_api_no_longer_knows_ends_the_session_and_says_why(console: Console) -> None:
    console.page.evaluate("sessionStorage.setItem('outreach.apiKey', 'no-such-key')")
    console.page.reload()
    expect(console.page.get_by_text("You are signed out, because the API no longer knows your key.")).to_be_visible()
    assert "no-such-key" not in console.page.evaluate("JSON.stringify(sessionStorage)")
    console.sign_in(console.key)
    console.page.get_by_role("button", name="Sign out").click()
    expect(console.page.get_by_label("API key")).to_have_accessible_description(
        re.compile("until you close the tab or sign out.$")
    )
