"""Contacts: finding, adding, changing, merging and deleting them, and talking to one."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
import requests
from local_stack.seeds import ACCOUNTS
from playwright.sync_api import Browser, Download, Locator, expect

from tests.support import browser as browsers
from tests.support.administration import Administration, IsolatedSite
from tests.support.browser import Console
from tests.support.campaigns import DELIVERED, new_name, numbers
from tests.support.client import TIMEOUT_SECONDS, Client, until

SEARCH = "Name, number or e-mail address"
# An address outside the test, so the browser would report the request.
HOSTILE = '<img src=x onerror="fetch(`/hostile`)">'
NAMES = {
    "markup": f"{HOSTILE}<script>alert(1)</script>",
    "right-to-left": "\u05de\u05e9\u05d4 \u05db\u05d4\u05df",
    "emoji": "\U0001f469\U0001f3fd\u200d\U0001f680 Ada",
    "long": "W" * 240,
}


def _create(api: Client, name: str, number: str) -> str:
    """Create a contact and wait until lists have it; returns its id."""
    body = {"name": name, "contactIdentities": [{"type": "SMS", "value": number}]}
    contact_id = str(api.post("/contact/contacts", body)["id"])
    until(lambda: api.get(f"/contact/contacts?keywords={number[1:]}")["total"], lambda total: total == 1, TIMEOUT_SECONDS)
    return contact_id


def _find(console: Console, number: str) -> Locator:
    """Search for a number on the page of contacts; returns the row of its contact."""
    console.open("Contacts")
    console.page.get_by_label(SEARCH).fill(number)
    console.page.keyboard.press("Enter")
    return console.page.get_by_role("row").filter(has_text=number)


def _open(console: Console, name: str, number: str) -> None:
    _find(console, number).get_by_role("link", name=name).click()
    console.page.get_by_role("heading", level=1, name=name).wait_for()


def _rows(download: Download, folder: Path) -> list[dict[str, str]]:
    file = folder / download.suggested_filename
    download.save_as(file)
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))


def test_a_contact_is_added_changed_found_exported_and_deleted(console_on_a_phone: Console, tmp_path: Path) -> None:
    page, name, (number,) = console_on_a_phone.page, new_name(HOSTILE), numbers(DELIVERED[:1])
    faulty = number.replace("+1", "555")
    console_on_a_phone.open("Contacts")
    page.get_by_role("link", name="Add a contact").click()
    page.get_by_label("Name", exact=True).fill(name)
    value = page.get_by_role("group", name="Entry 1").get_by_label("Value")
    value.fill("+1 555 123 4567")
    expect(value).to_have_accessible_description(re.compile("campaigns leave it out"))
    value.fill(number)
    expect(value).to_have_accessible_description("")
    page.get_by_role("button", name="Add a number").click()
    page.get_by_role("group", name="Entry 3").get_by_label("Value").fill(faulty)
    page.get_by_label("Time zone").select_option(label="Europe/Oslo")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text=faulty)).to_contain_text("not a valid phone number")
    expect(page.get_by_role("definition").filter(has_text=number)).not_to_contain_text("not a valid phone number")
    console_on_a_phone.check()

    page.get_by_role("button", name="Edit").press("Enter")
    page.get_by_label("City").fill("Bergen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("definition").filter(has_text="Bergen")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="Europe/Oslo")).to_be_visible()

    rows = _find(console_on_a_phone, number)
    expect(rows).to_have_count(1)
    console_on_a_phone.check()
    page.get_by_label(f"Select {name}").press("Space")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export the selected").click()
    assert [(row["name"], row["city"]) for row in _rows(download.value, tmp_path)] == [(name, "Bergen")]
    with page.expect_download() as found:
        page.get_by_role("button", name="Export the 1 found").click()
    assert [row["name"] for row in _rows(found.value, tmp_path)] == [name]

    page.get_by_role("button", name="Delete the selected").click()
    console_on_a_phone.check()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nobody has this")).to_be_visible()


def test_what_the_api_refuses_is_said_at_its_input(console: Console, api: Client) -> None:
    page, name, (number,) = console.page, new_name("Taken"), numbers(DELIVERED[:1])
    owner = _create(api, name, number)
    console.open("Contacts")
    page.get_by_role("link", name="Add a contact").click()
    page.get_by_role("group", name="Entry 1").get_by_label("Value").fill("call me")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Name", exact=True)).to_have_accessible_description("is required")
    value = page.get_by_role("group", name="Entry 1").get_by_label("Value")
    expect(value).to_have_accessible_description(
        "must be one phone number and nothing else, such as +12125550123; put notes into another field"
    )
    console.check()

    page.get_by_label("Name", exact=True).fill("Somebody else")
    value.fill(number)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    assert owner in page.url


def test_a_contact_is_answered_and_opts_out_while_the_page_is_open(
    console_on_a_phone: Console, api: Client, simulator_url: str
) -> None:
    page, name, (number,) = console_on_a_phone.page, new_name("Talker"), numbers(DELIVERED[:1])
    _create(api, name, number)
    console_on_a_phone.take_clock()
    _open(console_on_a_phone, name, number)
    page.get_by_label("Send from").select_option(index=0)
    page.get_by_label("Your message to").fill("Are you coming? \U0001f600")
    page.get_by_role("button", name="Send message").click()
    thread = page.get_by_role("list", name="Messages and replies")
    console_on_a_phone.await_poll(thread.get_by_role("listitem").filter(has_text="Are you coming?").filter(has_text="Delivered"))

    for text in ("<b>Yes</b>", "STOP"):
        reply = {"from": number, "to": ACCOUNTS[0][0].number, "body": text, "carrier": "twilio"}
        requests.post(f"{simulator_url}/_simulate/inbound", json=reply, timeout=TIMEOUT_SECONDS).raise_for_status()
    console_on_a_phone.await_poll(thread.get_by_text("<b>Yes</b>"))
    console_on_a_phone.await_poll(thread.get_by_text("Opted out"))
    console_on_a_phone.await_poll(page.get_by_text("You cannot write to it"))
    console_on_a_phone.check()


def test_a_contact_is_opted_out_and_in_again_by_confirmation(console: Console, api: Client) -> None:
    page, name, (number,) = console.page, new_name("Leaver"), numbers(DELIVERED[:1])
    _create(api, name, number)
    _open(console, name, number)
    page.get_by_role("button", name="Opt out").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Opt out")).to_be_focused()

    page.get_by_role("button", name="Opt out").click()
    page.get_by_label("Reason").fill("asked by phone")
    page.get_by_role("dialog").get_by_role("button", name="Opt out").click()
    expect(page.get_by_role("definition").filter(has_text=number)).to_contain_text("Opted out")
    assert api.get(f"/contact/optOuts/{number}")["history"][0]["reason"] == "asked by phone"

    page.get_by_role("button", name="Opt in").click()
    expect(page.get_by_role("dialog")).to_contain_text("only if the owner of the number has asked for it")
    page.get_by_role("button", name="They asked for it").click()
    expect(page.get_by_role("button", name="Opt out")).to_be_visible()
    assert not api.get(f"/contact/optOuts/{number}")["isOptedOut"]


def test_two_contacts_are_merged_and_taken_apart_again(console_on_a_phone: Console, api: Client) -> None:
    page, (one, two), (first, second) = console_on_a_phone.page, (new_name("One"), new_name("Two")), numbers(DELIVERED[:2])
    _create(api, one, first)
    other = _create(api, two, second)
    _open(console_on_a_phone, one, first)
    page.get_by_role("button", name="Merge").click()
    page.get_by_label("Find the other contact").fill(two)
    page.keyboard.press("Enter")
    page.get_by_role("radio", name=two).check()
    console_on_a_phone.check()
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(page.get_by_role("definition").filter(has_text=second)).to_be_visible()

    page.goto(f"{console_on_a_phone.base_url}/console#/contacts/{other}")
    expect(page.get_by_text("was merged into another one")).to_be_visible()
    page.get_by_role("button", name="Take the merge back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take the merge back").click()
    expect(page.get_by_role("definition").filter(has_text=second)).to_be_visible()
    expect(page.get_by_text("was merged into another one")).to_have_count(0)


@pytest.mark.parametrize("kind", NAMES)
def test_unusual_names_look_right_and_do_no_harm(console_on_a_phone: Console, api: Client, kind: str) -> None:
    name, (number,) = new_name(NAMES[kind]), numbers(DELIVERED[:1])
    _create(api, name, number)
    _open(console_on_a_phone, name, number)
    expect(console_on_a_phone.page.get_by_role("definition").filter(has_text=name)).to_be_visible()
    console_on_a_phone.check()


def test_the_list_is_as_it_was_when_the_reader_comes_back(console: Console, api: Client) -> None:
    page, name, (number,) = console.page, new_name("Return"), numbers(DELIVERED[:1])
    _create(api, name, number)
    _find(console, number)
    page.get_by_role("button", name="Name").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="All contacts").click()
    expect(page.get_by_label(SEARCH)).to_have_value(number)
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")


def test_a_selection_ends_with_another_search(console: Console, api: Client) -> None:
    page, (kept, other) = console.page, numbers(DELIVERED[:2])
    _create(api, new_name("Kept"), kept)
    _create(api, new_name("Other"), other)
    _find(console, kept).get_by_role("checkbox").check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    _find(console, other).get_by_role("checkbox").check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Delete the selected").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_contain_text("Other")


def test_an_edit_keeps_the_values_that_the_form_does_not_show(
    browser: Browser, addresses: tuple[str, str], administration: Administration
) -> None:
    site = administration.create_site()
    api = Client(addresses[0], administration.create_key(site))
    hidden = {"name": "loyalty", "type": "integer", "isVisible": False}
    fields = [hidden, {"name": "since", "type": "date time"}, {"name": "code", "type": "text", "isReadOnly": True}]
    for field in fields:
        api.post("/contact/fields", field)
    name, (number,) = new_name("Kept"), numbers(DELIVERED[:1])
    values = {"loyalty": 7, "since": "2026-03-01T10:20:30.456Z", "code": "X1"}
    identity = {"type": "SMS", "value": number}
    contact = api.post("/contact/contacts", {"name": name, "contactIdentities": [identity], "customFields": values})
    path = f"/contacts/{contact['id']}"
    with browsers.tab(browser, addresses[0], browsers.DESKTOP) as console:
        console.sign_in(api.api_key)
        console.page.goto(f"{addresses[0]}/console#{path}")
        console.page.get_by_role("button", name="Edit").click()
        console.page.get_by_label("City").fill("Oslo")
        console.page.get_by_role("button", name="Save").click()
        expect(console.page.get_by_role("definition").filter(has_text="Oslo")).to_be_visible()
        assert api.get(f"/contact{path}")["customFields"] == values | {"city": "Oslo"}


def test_a_key_that_may_only_read_sees_nothing_that_writes(
    browser: Browser, addresses: tuple[str, str], administration: Administration, api: Client
) -> None:
    name, (number,) = new_name("Read"), numbers(DELIVERED[:1])
    _create(api, name, number)
    with browsers.tab(browser, addresses[0], browsers.DESKTOP, [addresses[1]]) as console:
        page = console.page
        console.sign_in(administration.create_key("10000", "contact:read"))
        _find(console, number).get_by_role("checkbox").check()
        expect(page.get_by_role("button", name="Export the selected")).to_be_visible()
        expect(page.get_by_role("button", name="Delete")).to_have_count(0)
        expect(page.get_by_role("link", name="Add a contact")).to_have_count(0)
        page.get_by_role("link", name=name).click()
        expect(page.get_by_text("Your key does not allow reading messages.")).to_be_visible()
        for action in ("Edit", "Opt out", "Merge", "Delete", "Send message"):
            expect(page.get_by_role("button", name=action)).to_have_count(0)
        for list_, action in (("Imports", "Import a file"), ("Opt-outs", "Opt a number out")):
            console.open(list_)
            page.wait_for_load_state("networkidle")
            expect(page.get_by_role("main").get_by_text(action)).to_have_count(0)
            expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_names_that_every_object_has_and_that_turn_the_direction_of_writing_are_texts_like_others(
    isolated_site_console: Console, isolated_site: IsolatedSite
) -> None:
    page, api, (number,) = isolated_site_console.page, isolated_site.api, numbers(DELIVERED[:1])
    for field in ("constructor", "__proto__"):
        api.post("/contact/fields", {"name": field, "type": "text"})
    # The first character would end an isolate, and the second turns around what follows.
    contact_id = _create(api, "\u2069\u202eAda", number)
    page.goto(f"{isolated_site_console.base_url}/console#/contacts/{contact_id}")
    page.reload()
    expect(page.get_by_role("definition").filter(has_text=number)).to_be_visible()
    expect(page.get_by_role("term").filter(has_text="Name").first.locator("+ dd")).to_have_js_property("textContent", "Ada")
    expect(page.get_by_text("native code")).to_have_count(0)
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_label("constructor")).to_have_value("")
    page.get_by_label("__proto__").fill("kept")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("definition").filter(has_text="kept")).to_be_visible()
    assert api.get(f"/contact/contacts/{contact_id}")["customFields"]["__proto__"] == "kept"
