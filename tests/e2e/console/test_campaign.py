"""From people and a text to a send: the pages of campaigns."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from local_stack.seeds import API_KEYS
from local_stack.settings import Settings
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect

from tests.support import browser as browsers
from tests.support.browser import Console
from tests.support.client import TIMEOUT_SECONDS, Client, until

ACCOUNT = "647277e8-06a5-4eec-ba66-1cdd617dc778"
COUNT = re.compile(r"\d contacts? (match|in all)")
# Pages say where the focus is with an outline or a shadow. Tab leads to no heading; a new page gives it the focus at any moment.
_FOCUS_IS_VISIBLE = """() => {
    const style = getComputedStyle(document.activeElement);
    return document.activeElement.tabIndex < 0 || style.outlineStyle !== "none" || style.boxShadow !== "none";
}"""
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def company() -> str:
    """A company that no other test has."""
    return f"Kestrel {secrets.token_hex(4)}"


@pytest.fixture
def people(api: Client, company: str) -> list[dict[str, Any]]:
    """Three contacts of the company with a mobile number, and one without."""
    contacts = [("Anna", True), ("Björn", True), (HOSTILE, True), ("Dora", False)]
    return [_create_contact(api, company, first_name, has_number) for first_name, has_number in contacts]


@pytest.fixture
def make_campaign(api: Client, company: str) -> Callable[..., dict[str, Any]]:
    """Create a campaign for the people of the company."""

    def make(**properties: Any) -> dict[str, Any]:
        condition = {"fieldName": "company", "operator": "Is", "value": company, "order": 1}
        body = {"name": f"Offer {company}", "channel": "sms", "channelAccountId": ACCOUNT, "message": "Hello {{ firstName }}"}
        created: dict[str, Any] = api.post("/outreach/campaigns", {**body, "contactFilterConditions": [condition], **properties})
        return created

    return make


def _create_contact(api: Client, company: str, first_name: str, has_number: bool) -> dict[str, Any]:
    identities = [{"type": "externalID", "value": secrets.token_hex(8)}]
    if has_number:
        # Ends above 0199, so the simulated carrier delivers.
        number = f"+1646{200 + secrets.randbelow(800)}{2000 + secrets.randbelow(8000)}"
        identities.append({"type": "SMS", "value": number})
    body = {"name": f"{first_name} Test", "firstName": first_name, "customFields": {"company": company}}
    created: dict[str, Any] = api.post("/contact/contacts", {**body, "contactIdentities": identities})
    return created


def _open(console: Console, campaign: dict[str, Any]) -> Page:
    console.page.goto(f"{console.base_url}/console#/campaigns/{campaign['id']}")
    expect(console.page.get_by_role("heading", level=1, name=campaign["name"])).to_be_visible()
    expect(console.page.get_by_text(COUNT)).to_be_visible()
    return console.page


def _add_condition(page: Page, number: int, field: str, comparison: str) -> Locator:
    page.get_by_role("button", name="Add a condition").click()
    condition = page.get_by_role("group", name=f"Condition {number}")
    expect(condition.get_by_label("Field")).to_be_focused()
    condition.get_by_label("Field").select_option(label=field)
    condition.get_by_label("Comparison").select_option(label=comparison)
    return condition


def _save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Everything is saved.")).to_be_visible()


def _tab_to(page: Page, target: Locator) -> None:
    """Press Tab until an element has the focus, and check that a person sees where it is on the way."""
    for _ in range(80):
        page.keyboard.press("Tab")
        assert page.evaluate(_FOCUS_IS_VISIBLE), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {target}")


def _press(page: Page, target: Locator) -> None:
    _tab_to(page, target)
    page.keyboard.press("Enter")


@pytest.mark.usefixtures("people")
def test_a_campaign_is_written_and_sent_with_the_keyboard_alone(console: Console, api: Client, company: str) -> None:
    page, name = console.page, f"Keys {company}"
    # It takes the focus when it opens, perhaps from what Tab has reached.
    expect(page.get_by_role("heading", level=1, name="Start")).to_be_focused()
    _press(page, page.get_by_role("link", name="Campaigns", exact=True))
    page.get_by_role("button", name="New campaign").wait_for()
    _press(page, page.get_by_role("button", name="New campaign"))
    page.get_by_label("Name", exact=True).wait_for()
    _tab_to(page, page.get_by_label("Name", exact=True))
    page.keyboard.type(name)
    _tab_to(page, page.get_by_label("Send from"))
    page.keyboard.type("+1500")
    _press(page, page.get_by_role("button", name="Add a condition"))
    condition = page.get_by_role("group", name="Condition 1")
    expect(condition.get_by_label("Field")).to_be_focused()
    page.keyboard.type("Company")
    _tab_to(page, condition.get_by_label("Value"))
    page.keyboard.type(company)
    _tab_to(page, page.get_by_label("Text of the message"))
    page.keyboard.type("Hi ")
    _press(page, page.get_by_role("button", name="Insert First name"))
    _press(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("Everything is saved.")).to_be_visible()
    _press(page, page.get_by_role("button", name="Send now …"))
    dialog = page.get_by_role("dialog", name="Send to 3 people?")
    expect(dialog).to_be_visible()
    _press(page, dialog.get_by_role("button", name="Send to 3 people"))
    expect(page).to_have_url(re.compile(r"#/sends/[0-9a-f-]{36}$"))
    record = api.get(f"/outreach/campaignRecords/{page.url.rpartition('/')[2]}")
    assert record["campaign"]["name"] == name


@pytest.mark.parametrize(
    ("place", "cursor"), [(" at line 2, column 3", len("\U0001f600\nab".encode("utf-16-le")) // 2), ("", None)]
)
def test_the_cursor_goes_to_the_place_of_an_error_in_the_text(
    console: Console, make_campaign: Callable[..., dict[str, Any]], place: str, cursor: int | None
) -> None:
    page = _open(console, make_campaign())
    error = {"pointer": "/message", "message": f"unknown tag{place}"}
    problem = {"status": 400, "code": "validation_failed", "detail": "no", "errors": [error]}
    page.route("**/outreach/campaigns/*", lambda route: route.fulfill(status=400, json=problem))
    text = page.get_by_label("Text of the message")
    text.fill("\U0001f600\nab {{ name }}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("unknown tag")).to_be_visible()
    expect(text).to_be_focused()
    end = text.evaluate("area => area.value.length")
    assert text.evaluate("area => area.selectionStart") == (end if cursor is None else cursor)


@pytest.mark.usefixtures("people")
def test_a_marketer_chooses_people_writes_previews_tests_schedules_and_sends(
    console_on_a_phone: Console, api: Client, company: str
) -> None:
    page, name = console_on_a_phone.page, f"{HOSTILE} {company}"
    console_on_a_phone.open("Campaigns")
    page.get_by_role("button", name="New campaign").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Send from").select_option(label="+15005550006")
    _choose_people(page, company)
    _write_text(page)
    console_on_a_phone.check()
    _save(page)
    _preview(page)
    _test_to_a_number(page)
    console_on_a_phone.check()
    _schedule_and_unschedule(page)
    page.get_by_role("button", name="Send now …").press("Enter")
    question = page.get_by_role("dialog", name="Send to 3 people?")
    expect(question).to_contain_text("{20 %} off")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Send now …")).to_be_focused()
    page.get_by_role("button", name="Send now …").press("Enter")
    console_on_a_phone.check()
    question.get_by_role("button", name="Send to 3 people").click()
    expect(page).to_have_url(re.compile(r"#/sends/[0-9a-f-]{36}$"))
    record = api.get(f"/outreach/campaignRecords/{page.url.rpartition('/')[2]}")
    assert record["campaign"]["name"] == name

    test = api.get("/outreach/messages?keywords=2125550199&sortOrder=desc")["messages"][0]
    page.goto(f"{console_on_a_phone.base_url}/console#/contacts/{test['contactId']}")
    marked = page.get_by_role("list", name="Messages and replies").get_by_role("listitem").filter(has_text="Test of a campaign.")
    expect(marked.first).to_contain_text("+12125550199")


def _choose_people(page: Page, company: str) -> None:
    condition = _add_condition(page, 1, "Company", "is")
    condition.get_by_label("Value").fill(company)
    expect(page.get_by_text("4 contacts match.")).to_be_visible()
    condition = _add_condition(page, 2, "Created", "is after")
    condition.get_by_label("Kind of date").select_option(label="counted from now")
    condition.get_by_label("Value").fill("1")
    condition = _add_condition(page, 3, "City", "has no value")
    page.get_by_label("People must meet").select_option(label="an expression of my own")
    page.get_by_label("Expression").fill("1 and (2 or nothing")
    expect(page.get_by_label("Expression")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Expression").fill("1 and (2 or not 3)")
    expect(page.get_by_text("4 contacts match.")).to_be_visible()
    page.get_by_label("People must meet").select_option(label="all conditions")
    condition.get_by_role("button", name="Remove condition 3").press("Enter")
    expect(page.get_by_role("button", name="Add a condition")).to_be_focused()


def _write_text(page: Page) -> None:
    text = page.get_by_label("Text of the message")
    text.fill("Hi , {20 %} off 🎉 at {{ compny }}")
    expect(page.get_by_text("“compny” is not a field of your contacts. Do you mean {{ company }}?")).to_be_visible()
    text.press("ControlOrMeta+Home")
    for _ in range(3):
        text.press("ArrowRight")
    page.get_by_role("button", name="Insert First name").click()
    expect(text).to_have_value("Hi {{ firstName }}, {20 %} off 🎉 at {{ compny }}")
    expect(page.get_by_text("1 segment (UCS-2)")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("contains compny")).to_be_visible()
    expect(text).to_be_focused()
    text.fill("Hi {{ FIRSTNAME }}, {20 %} off at {{ customFields.company }}")
    expect(text).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("1 segment (GSM-7)")).to_be_visible()


def _preview(page: Page) -> None:
    page.get_by_role("button", name="Show the preview").click()
    expect(page.get_by_role("heading", name="3 people get this text")).to_be_visible()
    expect(page.get_by_text("No mobile number: 1")).to_be_visible()
    expect(page.get_by_role("figure")).to_have_count(3)
    expect(page.get_by_text(f"Hi {HOSTILE}, {{20 %}} off")).to_be_visible()


def _test_to_a_number(page: Page) -> None:
    page.get_by_label("Your number").fill("12")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_label("Your number")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Your number").fill("+1 212 555 0199")
    page.get_by_label("Your number").press("Enter")
    expect(page.get_by_text("Test to +12125550199: ✓ Delivered")).to_be_visible()


def _schedule_and_unschedule(page: Page) -> None:
    page.get_by_label("Send at").fill(f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Schedule the send").click()
    expect(page.get_by_text("This time is past.")).to_be_visible()
    page.get_by_label("Send at").fill(f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Schedule the send").click()
    expect(page.get_by_role("region", name="Schedule").get_by_text("The campaign sends on")).to_be_visible()
    page.get_by_role("button", name="Remove the schedule").click()
    expect(page.get_by_text("No send is scheduled.")).to_be_visible()


@pytest.mark.usefixtures("people")
def test_a_double_click_sends_once(console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]) -> None:
    campaign = make_campaign()
    _ask_to_send(_open(console, campaign)).dblclick()
    expect(console.page).to_have_url(re.compile("#/sends/"))
    assert api.get(f"/outreach/campaigns/{campaign['id']}/records")["total"] == 1


@pytest.mark.usefixtures("people")
def test_another_attempt_after_a_lost_answer_sends_once(
    console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    campaign = make_campaign()
    page, answers = _open(console, campaign), list[Any]()

    def lose_first_answer(route: Route) -> None:
        answers.append(route.fetch())
        if len(answers) == 1:
            route.abort()
        else:
            route.fulfill(response=answers[-1])

    page.route("**/*:send", lose_first_answer)
    button = _ask_to_send(page)
    button.click()
    expect(page.get_by_text("The server's answer was lost.")).to_be_visible()
    button.click()
    expect(page).to_have_url(re.compile("#/sends/"))
    assert [answer.json()["id"] for answer in answers] == [page.url.rpartition("/")[2]] * 2
    assert api.get(f"/outreach/campaigns/{campaign['id']}/records")["total"] == 1
    # The browser reports the answer that this test has taken away.
    console.faults[:] = [fault for fault in console.faults if "net::ERR_FAILED" not in fault]


@pytest.mark.usefixtures("people")
def test_a_send_that_failed_without_a_connection_does_not_start_with_the_next_one(
    console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    campaign = make_campaign()
    page = _open(console, campaign)
    confirm = _ask_to_send(page)
    page.context.set_offline(True)
    confirm.click()
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.context.set_offline(False)
    with page.expect_response("**/outreach/campaignRecords?*"):
        page.get_by_role("link", name="Sends", exact=True).click()
    assert api.get(f"/outreach/campaigns/{campaign['id']}/records")["total"] == 0
    console.faults.clear()


@pytest.mark.usefixtures("people")
def test_a_schedule_that_has_started_is_over(console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]) -> None:
    campaign = make_campaign(scheduledStartTime=f"{datetime.now(UTC) + timedelta(seconds=6):%Y-%m-%dT%H:%M:%SZ}")
    path = f"/outreach/campaigns/{campaign['id']}"
    until(lambda: api.get(f"{path}/records")["records"], _are_completed, TIMEOUT_SECONDS)
    page = _open(console, campaign)
    expect(page.get_by_text("No send is scheduled. The last one was for")).to_be_visible()
    expect(page.get_by_role("button", name="Remove the schedule")).to_have_count(0)
    _ask_to_send(page)
    expect(page.get_by_text("This campaign was sent on")).to_be_visible()
    expect(page.get_by_text("still takes place")).to_have_count(0)


def _are_completed(records: list[dict[str, Any]]) -> bool:
    return [record["status"] for record in records] == ["completed"]


def _ask_to_send(page: Page) -> Locator:
    page.get_by_role("button", name="Send now …").click()
    return page.get_by_role("dialog").get_by_role("button", name="Send to 3 people")


@pytest.mark.usefixtures("people")
def test_unsaved_changes_are_saved_or_kept_but_never_lost_silently(
    console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    campaign = make_campaign()
    console.open("Campaigns")
    page, questions = _open(console, campaign), list[str]()

    def answer(dialog: Dialog) -> None:
        questions.append(dialog.message)
        if len(questions) <= 3:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    text = page.get_by_label("Text of the message")
    text.fill("Good morning {{ firstName }}")
    page.get_by_role("link", name="Replies").click()
    page.go_back()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(campaign["id"]))
    expect(text).to_have_value("Good morning {{ firstName }}")
    page.get_by_role("button", name="Save and show the preview").click()
    expect(page.get_by_text("Good morning Anna")).to_be_visible()
    assert api.get(f"/outreach/campaigns/{campaign['id']}")["message"] == "Good morning {{ firstName }}"
    text.fill("Good evening")
    page.get_by_role("link", name="Replies").click()
    expect(page.get_by_role("heading", level=1, name="Replies")).to_be_visible()
    assert len(questions) == 4


@pytest.fixture
def option_field(api: Client) -> Iterator[dict[str, Any]]:
    """A field whose values are some of three options."""
    options = [{"value": value, "order": order} for order, value in enumerate(("red", "green", "blue"))]
    body = {"name": f"Colours {secrets.token_hex(4)}", "type": "checkboxlist", "isRequired": False, "fieldOptions": options}
    field = api.post("/contact/fields", body)
    yield field
    api.ask("DELETE", f"/contact/fields/{field['id']}")


def test_a_condition_takes_its_value_by_the_type_of_its_field(
    console: Console, api: Client, company: str, people: list[dict[str, Any]], option_field: dict[str, Any]
) -> None:
    fields = {"company": company, option_field["name"]: ["red", "blue"]}
    api.ask("PUT", f"/contact/contacts/{people[0]['id']}", json={"customFields": fields})
    page = console.page
    page.goto(f"{console.base_url}/console#/campaigns/new")
    _add_condition(page, 1, "Company", "is").get_by_label("Value").fill(company)
    condition = _add_condition(page, 2, option_field["name"], "contains")
    condition.get_by_label("red").check()
    condition.get_by_label("blue").press("Space")
    expect(page.get_by_text("1 contact matches.")).to_be_visible()
    condition.get_by_label("green").check()
    expect(page.get_by_text("0 contacts match.")).to_be_visible()
    condition.get_by_label("Comparison").select_option(label="has no value")
    expect(page.get_by_text("3 contacts match.")).to_be_visible()
    condition.get_by_label("Field").select_option(label="Opted out")
    condition.get_by_label("Value").select_option(label="No")
    expect(page.get_by_text("4 contacts match.")).to_be_visible()
    condition.get_by_label("Field").select_option(label="Created")
    condition.get_by_label("Comparison").select_option(label="is before")
    expect(page.get_by_text("Complete the conditions")).to_be_visible()
    condition.get_by_label("Value").fill("2001-01-01T00:00")
    expect(page.get_by_text("0 contacts match.")).to_be_visible()


def test_a_sender_that_is_paused_or_cannot_get_replies_says_so(
    console: Console, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    def change_account(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        chosen = next(account for account in body["channelAccounts"] if account["id"] == ACCOUNT)
        chosen.update(senderType="alphanumeric", number="KESTREL", status="paused", statusReason="Out of credit.")
        route.fulfill(response=response, json=body)

    console.page.route("**/outreach/channelAccounts*", change_account)
    page = _open(console, make_campaign())
    expect(page.get_by_text("Out of credit").first).to_be_visible()
    expect(page.get_by_text("People cannot reply to this sender")).to_be_visible()


def test_a_change_by_somebody_else_is_shown_before_it_is_overwritten(
    console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    campaign = make_campaign()
    console.take_clock()
    page = _open(console, campaign)
    api.ask("PUT", f"/outreach/campaigns/{campaign['id']}", json={"message": "Changed by a colleague"})
    show = page.get_by_role("button", name="Show the changed campaign")
    console.await_poll(show)
    show.click()
    expect(page.get_by_label("Text of the message")).to_have_value("Changed by a colleague")


def test_what_a_campaign_has_opens_as_it_was_saved(
    console: Console, api: Client, company: str, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    conditions = [
        {"fieldName": "company", "operator": "Is", "value": company, "order": 2},
        {"fieldName": "createTime", "operator": "After", "value": "now-30d", "order": 5},
        {"fieldName": "lastUpdatedTime", "operator": "Before", "value": "2022-05-23T03:00:00Z", "order": 7},
        {"fieldName": "city", "operator": "Is Not", "value": "", "order": 9},
    ]
    expression = {
        "contactFilterConditionMetType": "logicalExpression",
        "contactFilterLogicalExpresssion": "2 and (5 or not 7) or 9",
    }
    campaign = make_campaign(contactFilterConditions=conditions, **expression, maxSegments=7, description="Kept")
    page = _open(console, campaign)
    expect(page.get_by_role("group", name="Condition 5").get_by_label("Value")).to_have_value("30")
    page.get_by_label("Name", exact=True).fill(f"Renamed {company}")
    _save(page)
    changed = api.get(f"/outreach/campaigns/{campaign['id']}")
    ids = {"id", "campaignId"}
    kept = [
        {name: value for name, value in condition.items() if name not in ids} for condition in changed["contactFilterConditions"]
    ]
    assert kept == conditions
    unchanged = {name: value for name, value in campaign.items() if name not in ("name", "contactFilterConditions")}
    assert unchanged.items() <= changed.items()


def test_a_schedule_is_in_the_time_zone_of_the_person(
    console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    console.page.context.new_cdp_session(console.page).send("Emulation.setTimezoneOverride", {"timezoneId": "America/New_York"})
    console.page.reload()
    campaign = make_campaign()
    page, year = _open(console, campaign), datetime.now(UTC).year + 1
    page.get_by_label("Send at").fill(f"{year}-01-15T09:00")
    page.get_by_role("button", name="Schedule the send").click()
    expect(page.get_by_text(f"The campaign sends on 15 Jan {year}, 09:00 (America/New_York).").first).to_be_visible()
    assert api.get(f"/outreach/campaigns/{campaign['id']}")["scheduledStartTime"] == f"{year}-01-15T14:00:00.000Z"
    expect(page.get_by_label("Send at")).to_have_value(f"{year}-01-15T09:00")
    exact = f"{year}-01-15T14:00:30.000Z"
    api.ask("PUT", f"/outreach/campaigns/{campaign['id']}", json={"scheduledStartTime": exact})
    page.reload()
    page.get_by_role("button", name="Change the time").click()
    expect(page.get_by_role("status").get_by_text("The campaign sends on")).to_be_attached()
    assert api.get(f"/outreach/campaigns/{campaign['id']}")["scheduledStartTime"] == exact, "a time that was not changed stays"


def test_a_copy_has_no_schedule_and_a_deleted_campaign_is_gone(
    console: Console, api: Client, make_campaign: Callable[..., dict[str, Any]]
) -> None:
    campaign = make_campaign(scheduledStartTime=f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}")
    console.open("Campaigns")
    page, name = console.page, campaign["name"]
    page.get_by_role("button", name=f"Duplicate {name}", exact=True).click()
    expect(page.get_by_role("heading", level=1, name=f"Copy of {name}")).to_be_visible()
    copy = api.get(f"/outreach/campaigns/{page.url.rpartition('/')[2]}")
    assert (copy["message"], copy["scheduledStartTime"]) == (campaign["message"], None)
    console.open("Campaigns")
    page.get_by_role("button", name=f"Delete {name}", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    api.ask("GET", f"/outreach/campaigns/{campaign['id']}", 404)


def test_a_key_that_may_only_read_says_why_nothing_can_be_changed_or_sent(
    browser: Browser, addresses: tuple[str, str], make_campaign: Callable[..., dict[str, Any]]
) -> None:
    campaign = make_campaign()
    with browsers.tab(browser, addresses[0], browsers.PHONE, [addresses[1]]) as opened:
        opened.sign_in(_reading_key(addresses[1]))
        opened.open("Campaigns")
        expect(opened.page.get_by_role("button", name="New campaign")).to_have_count(0)
        page = _open(opened, campaign)
        expect(page.get_by_label("Text of the message")).to_be_disabled()
        expect(page.get_by_text("It lacks the scope outreach:write.").first).to_be_visible()
        expect(page.get_by_text("Your key may not send. It lacks the scope outreach:send.")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Send|Save|Schedule"))).to_have_count(0)
        page.get_by_role("button", name="Show the preview").click()
        expect(page.get_by_role("heading", name="Nobody gets this text")).to_be_visible()


@pytest.mark.usefixtures("people")
def test_no_button_moves_when_the_count_arrives(
    browser: Browser, addresses: tuple[str, str], make_campaign: Callable[..., dict[str, Any]]
) -> None:
    campaign, held = make_campaign(message="Hello {{ firstName }}, your plan is new"), list[Route]()
    with browsers.tab(browser, addresses[0], browsers.PHONE, [addresses[1]]) as opened:
        page = opened.page
        opened.sign_in(API_KEYS["10000"])
        page.route("**/contacts:query", lambda route: held.append(route))
        page.goto(f"{opened.base_url}/console#/campaigns/{campaign['id']}")
        button = page.get_by_role("button", name="Show the preview")
        expect(page.get_by_text("Counting …")).to_be_visible()
        before = button.bounding_box()
        held[0].continue_()
        expect(page.get_by_text(COUNT)).to_be_visible()
        expect(page.get_by_text("Counted as")).to_be_visible()
        assert button.bounding_box() == before


def _reading_key(aws_endpoint: str) -> str:
    key = secrets.token_urlsafe(32)
    environment = {**Settings().aws_environment(), "AWS_ENDPOINT_URL": aws_endpoint, "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-m", "outreach_admin", "key", "create", "10000", "--name", "reading", "--value-from-stdin"]
    scopes = ["--scope", "outreach:read", "--scope", "contact:read"]
    subprocess.run([*command, *scopes], input=key, text=True, env=environment, check=True, capture_output=True)  # noqa: S603
    return key
