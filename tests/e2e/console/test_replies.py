"""Reading what contacts write while the page is open, and answering it."""

from __future__ import annotations

import re
from typing import Any

import requests
from local_stack.seeds import ACCOUNTS
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support import browser as browsers
from tests.support.administration import Administration
from tests.support.browser import Console
from tests.support.campaigns import DELIVERED, completed, create_campaign, import_people, new_name, numbers, send
from tests.support.client import TIMEOUT_SECONDS, Client, until

ACCOUNT = ACCOUNTS[0][0]
QUESTION = "When do you open?"
PICTURE = {"NumMedia": "1", "MediaUrl0": "https://media.example/1", "MediaContentType0": "image/jpeg"}


def test_a_reply_is_announced_and_answered_and_a_stop_cannot_be(
    console_on_a_phone: Console, api: Client, simulator_url: str
) -> None:
    company, page = new_name("Replying"), console_on_a_phone.page
    ann, ben = numbers(DELIVERED[:2])
    record_id = _sent(api, company, [("Ann Replies", ann), ("Ben Stops", ben)])
    console_on_a_phone.take_clock()
    page.goto(f"{console_on_a_phone.base_url}/console#/sends/{record_id}")
    page.get_by_role("link", name="0 replies").click()
    expect(page.get_by_text("No replies match.")).to_be_visible()

    _write(simulator_url, ann, QUESTION)
    console_on_a_phone.await_poll(page.get_by_role("status").get_by_text(f"New reply from {ann}: {QUESTION}", exact=True))
    expect(_reply(page, "Ann Replies")).to_contain_text(QUESTION)
    _write(simulator_url, ben, "STOP")
    arrived = page.get_by_role("button", name="Show 1 new reply")
    console_on_a_phone.await_poll(arrived)
    expect(_reply(page, "Ben Stops")).to_have_count(0)
    arrived.click()
    expect(page.get_by_role("list", name="Replies")).to_be_focused()
    expect(_reply(page, "Ben Stops")).to_contain_text("Opted out")
    console_on_a_phone.check()

    page.get_by_role("button", name=f"Open and answer: {ben}").click()
    expect(page.get_by_text(f"{ben} has opted out. You cannot write to it")).to_be_visible()
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_role("button", name=f"Open and answer: {ben}")).to_be_focused()

    page.get_by_role("button", name=f"Open and answer: {ann}").click()
    thread = page.get_by_role("region", name="Conversation", exact=True)
    expect(thread.get_by_role("listitem")).to_contain_text(["Hello Ann Replies", QUESTION])
    page.get_by_label(f"Your message to {ann}").fill("At nine 🙂")
    expect(
        page.get_by_text("9 characters, 1 segment. 🙂 makes the message longer: 70 characters a segment instead of 160.")
    ).to_be_visible()
    page.get_by_role("button", name="Send message").dblclick()
    expect(page.get_by_role("status")).to_have_text("The message is on its way.")
    expect(page.get_by_label(f"Your message to {ann}")).to_be_focused()
    expect(thread.get_by_role("listitem")).to_contain_text(["Hello Ann Replies", QUESTION, "At nine 🙂"])
    console_on_a_phone.await_poll(thread.get_by_role("listitem").last.filter(has_text="Delivered"))
    assert [message["body"] for message in _accepted(simulator_url, ann)] == ["Hello Ann Replies", "At nine 🙂"]


def test_a_picture_without_text_is_a_link_that_says_its_type(console: Console, api: Client, simulator_url: str) -> None:
    [ann] = numbers(DELIVERED[:1])
    _sent(api, new_name("Picture"), [("Ann Shows", ann)])
    _write(simulator_url, ann, "", PICTURE)
    console.open("Replies")
    expect(_reply(console.page, "Ann Shows")).to_contain_text("No text")
    link = _reply(console.page, "Ann Shows").get_by_role("link", name="Picture (image/jpeg)")
    expect(link).to_have_attribute("href", PICTURE["MediaUrl0"])


def test_what_is_written_to_one_contact_stays_there(console: Console, api: Client, simulator_url: str) -> None:
    company, page = new_name("Drafts"), console.page
    ann, ben = numbers(DELIVERED[:2])
    record_id = _sent(api, company, [("Ann Waits", ann), ("Ben Waits", ben)])
    for number in (ann, ben):
        _write(simulator_url, number, QUESTION)
    until(lambda: api.get(f"/outreach/replies?campaignRecordId={record_id}")["total"], lambda total: total == 2, TIMEOUT_SECONDS)
    page.goto(f"{console.base_url}/console#/replies/record/{record_id}")
    page.get_by_role("button", name=f"Open and answer: {ann}").click()
    page.get_by_label(f"Your message to {ann}").fill("Dear Ann")
    page.get_by_role("button", name=f"Open and answer: {ben}").click()
    expect(page.get_by_label(f"Your message to {ben}")).to_have_value("")
    page.get_by_role("button", name=f"Open and answer: {ann}").click()
    expect(page.get_by_label(f"Your message to {ann}")).to_have_value("Dear Ann")


def test_choosing_a_send_keeps_the_focus_on_the_choice(console: Console, api: Client, simulator_url: str) -> None:
    company, page = new_name("Chosen"), console.page
    [ann] = numbers(DELIVERED[:1])
    _sent(api, company, [("Ann Chosen", ann)])
    _write(simulator_url, ann, QUESTION)
    console.open("Replies")
    choice = page.get_by_label("Answers to")
    choice.focus()
    # The newest send comes first after "All sends".
    expect(choice.get_by_role("option").nth(1)).to_contain_text(company)
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("#/replies/record/"))
    expect(page.get_by_role("article")).to_have_count(1)
    expect(choice).to_be_focused()


def test_a_key_that_may_only_read_sees_no_box_to_answer(
    browser: Browser, addresses: tuple[str, str], api: Client, administration: Administration, simulator_url: str
) -> None:
    [ann] = numbers(DELIVERED[:1])
    record_id = _sent(api, new_name("Reading"), [("Ann Reads", ann)])
    _write(simulator_url, ann, QUESTION)
    with browsers.tab(browser, addresses[0], browsers.DESKTOP, [addresses[1]]) as reader:
        reader.sign_in(administration.create_key("10000", "outreach:read"))
        reader.page.goto(f"{addresses[0]}/console#/replies/record/{record_id}")
        reader.page.get_by_role("button", name=f"Open: {ann}").click()
        expect(reader.page.get_by_role("region", name="Conversation", exact=True)).to_contain_text(QUESTION)
        expect(reader.page.get_by_role("textbox")).to_have_count(0)


def _sent(api: Client, company: str, people: list[tuple[str, str]]) -> str:
    """Send a campaign to people; returns the id of the record when everybody has the message."""
    import_people(api, company, people)
    record_id = send(api, create_campaign(api, company, ACCOUNT.id))
    assert completed(api, record_id)["counts"]["delivered"] == len(people)
    return record_id


def _write(simulator_url: str, number: str, body: str, extra: dict[str, str] | None = None) -> None:
    inbound = {"from": number, "to": ACCOUNT.number, "body": body, "extra": extra or {}}
    answer = requests.post(f"{simulator_url}/_simulate/inbound", json=inbound, timeout=TIMEOUT_SECONDS)
    assert answer.json()["status"] == 200, answer.text


def _accepted(simulator_url: str, number: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{simulator_url}/_simulate/messages", params={"to": number}, timeout=TIMEOUT_SECONDS)
    return list(answer.json()["messages"])


def _reply(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Replies").get_by_role("article").filter(has_text=name)
