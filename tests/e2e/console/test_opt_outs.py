"""The list of numbers that must not be texted."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.browser import Console
from tests.support.campaigns import DELIVERED, numbers
from tests.support.client import Client

LOOK_UP = "Phone number with country code"


def test_a_number_is_opted_out_looked_up_and_opted_in_by_keyboard(console_on_a_phone: Console, api: Client) -> None:
    page, (number,) = console_on_a_phone.page, numbers(DELIVERED[:1])
    console_on_a_phone.open("Opt-outs")
    page.get_by_role("button", name="Opt a number out").press("Enter")
    expect(page.get_by_label("Phone number", exact=True)).to_be_focused()
    page.keyboard.type(number)
    page.keyboard.press("Tab")
    page.keyboard.type("wrote a letter")
    page.get_by_role("button", name="Opt out", exact=True).press("Enter")
    expect(page.get_by_role("heading", name=f"History of {number}")).to_be_focused()
    expect(page.get_by_role("cell", name="wrote a letter")).to_be_visible()
    expect(page.get_by_role("rowheader", name=number)).to_be_visible()
    console_on_a_phone.check()

    page.get_by_role("button", name="Opt in").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("only if the owner of the number has asked for it")
    console_on_a_phone.check()
    page.get_by_role("button", name="They asked for it").press("Enter")
    expect(page.get_by_text("Opted in again since")).to_be_visible()
    expect(page.get_by_role("rowheader", name=number)).to_have_count(0)
    assert not api.get(f"/contact/optOuts/{number}")["isOptedOut"]


def test_a_number_that_never_opted_out_says_so_and_what_is_no_number_is_refused(console: Console) -> None:
    page, (number,) = console.page, numbers(DELIVERED[:1])
    console.open("Opt-outs")
    page.get_by_label(LOOK_UP).fill(number)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{number} has never opted out.")).to_be_visible()
    page.get_by_label(LOOK_UP).fill("Ada")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_label(LOOK_UP)).to_have_accessible_description(
        "must be a number in E.164 form such as +12125551234; the + may be left out"
    )
    console.check()
