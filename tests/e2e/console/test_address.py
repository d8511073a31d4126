"""What a page shows is there again after a reload, with the back button, and by its address."""

from __future__ import annotations

import re

import requests
from local_stack.seeds import ACCOUNTS, API_KEYS
from playwright.sync_api import Page, expect

from tests.support.administration import IsolatedSite
from tests.support.browser import Console
from tests.support.campaigns import DELIVERED, new_name, numbers
from tests.support.client import TIMEOUT_SECONDS, Client

SEARCH = "Name, number or e-mail address"
PAGER = "Pages of the list"


def _search(page: Page, words: str) -> None:
    page.get_by_label(SEARCH).fill(words)
    page.get_by_role("button", name="Search", exact=True).click()


def test_a_search_is_kept_for_the_session_and_stays_out_of_the_address(console: Console, api: Client) -> None:
    page, name, (number,) = console.page, new_name("Address"), numbers(DELIVERED[:1])
    api.post("/contact/contacts", {"name": name, "contactIdentities": [{"type": "SMS", "value": number}]})
    console.open("Contacts")
    _search(page, number)
    expect(page.get_by_text("1 contact", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 contact", exact=True)).to_be_visible()
    expect(page.get_by_label(SEARCH)).to_have_value(number)
    assert number[1:] not in page.url
    _search(page, "nobody has this")
    expect(page.get_by_text("Nobody has this")).to_be_visible()
    page.go_back()
    expect(page.get_by_label(SEARCH)).to_have_value(number)
    page.get_by_role("button", name="Sign out").click()
    console.sign_in(API_KEYS["20000"])
    page.go_back()
    expect(page.get_by_label(SEARCH)).to_have_value("")


def test_a_filter_and_the_order_of_a_list_are_in_the_address(console: Console) -> None:
    page = console.page
    console.open("Sends")
    page.get_by_label("Show").select_option(label="Cancelled")
    expect(page).to_have_url(re.compile("status=cancelled"))
    page.reload()
    expect(page.get_by_label("Show").locator("option:checked")).to_have_text("Cancelled")
    page.go_back()
    expect(page.get_by_label("Show").locator("option:checked")).to_have_text("All sends")
    page.goto(f"{console.base_url}/console#/sends?status=nonsense&page=-1")
    expect(page.get_by_label("Show").locator("option:checked")).to_have_text("All sends")


def test_an_open_conversation_is_in_the_address(console_on_a_phone: Console, api: Client, simulator_url: str) -> None:
    page, text, (number,) = console_on_a_phone.page, new_name("Hello"), numbers(DELIVERED[:1])
    api.post("/contact/contacts", {"name": "Ann Writes", "contactIdentities": [{"type": "SMS", "value": number}]})
    console_on_a_phone.take_clock()
    console_on_a_phone.open("Replies")
    inbound = {"from": number, "to": ACCOUNTS[0][0].number, "body": text}
    requests.post(f"{simulator_url}/_simulate/inbound", json=inbound, timeout=TIMEOUT_SECONDS).raise_for_status()
    console_on_a_phone.await_poll(
        page.get_by_role("button", name="Show 1 new reply").or_(page.get_by_role("article").filter(has_text=text))
    )
    page.reload()
    page.get_by_role("button", name=f"Open and answer: {number}").click()
    conversation = page.get_by_role("region", name="Conversation with Ann Writes")
    expect(conversation).to_be_visible()
    page.reload()
    expect(conversation.get_by_role("listitem")).to_contain_text([text])
    page.go_back()
    expect(conversation).to_be_hidden()
    expect(page.get_by_role("article").filter(has_text=text)).to_be_visible()
    page.go_forward()
    expect(conversation).to_be_visible()
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_role("list", name="Replies")).to_be_focused()


def test_a_list_of_one_page_has_no_pages_to_turn_and_an_address_beyond_it_leads_back(
    isolated_site_console: Console, isolated_site: IsolatedSite
) -> None:
    page, (number,) = isolated_site_console.page, numbers(DELIVERED[:1])
    isolated_site.api.post("/contact/contacts", {"name": "Ada", "contactIdentities": [{"type": "SMS", "value": number}]})
    isolated_site.api.ask("PUT", f"/contact/optOuts/{number}", json={})
    for name, shown in {"Contacts": "1 contact", "Opt-outs": number}.items():
        isolated_site_console.open(name)
        expect(page.get_by_text(shown, exact=True).first).to_be_visible()
        expect(page.get_by_role("navigation", name=PAGER)).to_have_count(0)
    page.goto(f"{isolated_site_console.base_url}/console#/contacts?page=7")
    page.get_by_role("navigation", name=PAGER).get_by_role("button", name="Previous").click()
    expect(page.get_by_role("link", name="Ada", exact=True)).to_be_visible()
    expect(page.get_by_role("navigation", name=PAGER)).to_have_count(0)


def test_an_address_cannot_make_the_page_read_another_path_of_the_api(console: Console) -> None:
    for address in ("campaigns/.", "sends/..", "imports/%2e"):
        console.page.goto(f"{console.base_url}/console#/{address}")
        expect(console.page.get_by_text("This page does not exist.")).to_be_visible()
