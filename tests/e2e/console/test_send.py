"""Watching, pausing, resuming and cancelling a send, and what its page says about everybody."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from local_stack.seeds import ACCOUNTS
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support import browser as browsers
from tests.support.administration import Administration, IsolatedSite
from tests.support.browser import Console
from tests.support.campaigns import DELIVERED, completed, create_campaign, import_people, new_name, numbers, send
from tests.support.client import Client, until

FAST_ACCOUNT = ACCOUNTS[0][0].id
# At a message a second this takes 100 seconds: enough to pause and cancel it in the middle on a slow machine.
AUDIENCE = 100
HOSTILE_NAME = "<img src=x onerror=alert(1)>"


def test_a_send_is_paused_and_resumed_and_cancelled(
    isolated_site_console: Console, isolated_site: IsolatedSite, slow_account: str
) -> None:
    api, company = isolated_site.api, new_name("Slow")
    import_people(api, company, [(f"Contact {number}", number) for number in numbers(DELIVERED[:AUDIENCE])])
    record_id = send(api, create_campaign(api, company, slow_account))
    page = isolated_site_console.page
    isolated_site_console.open("Sends")
    page.get_by_role("link", name=company).click()
    expect(page.get_by_role("heading", level=1, name=company)).to_be_visible()
    expect(page.get_by_text("messages a second, about")).to_be_visible()

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Somebody paused this send.")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("This send is now: Paused.")
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    assert api.get(f"/outreach/campaignRecords/{record_id}")["status"] == "paused"

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert api.get(f"/outreach/campaignRecords/{record_id}")["status"] == "running"

    page.get_by_role("button", name="Cancel this send").click()
    dialog = page.get_by_role("dialog", name="Cancel this send?")
    expect(dialog).to_contain_text("A cancelled send cannot be resumed.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Cancel this send")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Cancel the send for good").click()
    expect(page.get_by_role("status")).to_have_text("This send is now: Cancelled.")
    expect(page.get_by_text("the send was cancelled first").first).to_be_visible()
    counts = api.get(f"/outreach/campaignRecords/{record_id}")["counts"]
    assert counts["audience"] == AUDIENCE
    assert 0 < counts["skippedReasons"]["cancelled"] < AUDIENCE


def test_a_cancelled_send_is_watched_until_everybody_is_skipped(
    isolated_site_console: Console, isolated_site: IsolatedSite, slow_account: str
) -> None:
    company, page = new_name("Cancelled"), isolated_site_console.page
    import_people(isolated_site.api, company, [(f"Contact {number}", number) for number in numbers(DELIVERED[:20])])
    campaign_id = create_campaign(isolated_site.api, company, slow_account)
    record_id = send(isolated_site.api, campaign_id)
    isolated_site.api.post(f"/outreach/campaigns/{campaign_id}:pause")
    # Nobody waits for a receipt, so that the page watches the queued messages alone.
    path = f"/outreach/campaignRecords/{record_id}"
    until(
        lambda: isolated_site.api.get(path)["counts"],
        lambda counts: counts["queued"] and not counts["sending"] + counts["sent"],
        60,
    )
    page.goto(f"{isolated_site_console.base_url}/console#/sends/{record_id}")
    page.get_by_role("button", name="Cancel this send").click()
    page.get_by_role("button", name="Cancel the send for good").click()
    expect(page.get_by_text("the send was cancelled first").first).to_be_visible()
    expect(_row(page, "Waiting")).to_have_count(0)


def test_the_messages_of_a_send_that_ended_meanwhile_are_listed(
    isolated_site_console: Console, isolated_site: IsolatedSite
) -> None:
    company, page = new_name("Ended"), isolated_site_console.page
    import_people(isolated_site.api, company, [("Ann", numbers(DELIVERED[:1])[0])])
    campaign_id = create_campaign(isolated_site.api, company, isolated_site.account_id)
    record_id = send(isolated_site.api, campaign_id)
    page.goto(f"{isolated_site_console.base_url}/console#/sends/{record_id}")
    expect(page.get_by_role("region", name="Messages").get_by_role("cell", name="Delivered")).to_be_visible()


def test_failures_are_explained_downloaded_and_sent_again(console_on_a_phone: Console, api: Client, tmp_path: Path) -> None:
    company, page = new_name("Mixed"), console_on_a_phone.page
    invalid, opted_out, undelivered, *fine = numbers([101, 102, 103, *DELIVERED[:2]])
    people = [
        ("Ida", invalid),
        ("Otto", opted_out),
        ("Ulla", undelivered),
        ("Ann", fine[0]),
        ("Ben", fine[1]),
        (HOSTILE_NAME, "12"),
    ]
    import_people(api, company, people)
    record_id = send(api, create_campaign(api, company, FAST_ACCOUNT))
    completed(api, record_id)
    page.goto(f"{console_on_a_phone.base_url}/console#/sends/{record_id}")

    failures = page.get_by_role("region", name="Why messages failed")
    expect(failures.get_by_role("row", name="not a valid number (code 21211) 1")).to_be_visible()
    expect(failures.get_by_role("row", name="the recipient has unsubscribed (code 21610) 1")).to_be_visible()
    skipped = page.get_by_role("region", name="Skipped contacts").first
    expect(skipped.get_by_role("row", name=f"{HOSTILE_NAME} 12 the number is not a valid phone number")).to_be_visible()
    messages = page.get_by_role("region", name="Messages", exact=True).first
    messages.get_by_label("Show").select_option("Failed")
    expect(messages.get_by_role("link", name="Ida")).to_be_visible()
    expect(messages.get_by_role("link", name="Ann")).to_be_hidden()
    console_on_a_phone.check()

    rows = csv.DictReader(io.StringIO(_download(page, tmp_path)))
    assert sorted(row["name"] for row in rows) == sorted(name for name, _ in people)

    page.get_by_role("button", name="Send to the 3 that failed").click()
    # Otto has opted out by the carrier's answer.
    dialog = page.get_by_role("dialog", name="Send again to 2 contacts?")
    expect(dialog).to_contain_text(re.compile("Hello (Ida|Ulla)"))
    expect(dialog).to_contain_text("1 whose message the carrier could not deliver")
    expect(dialog).to_contain_text("2 whose message failed")
    expect(dialog).to_contain_text("2 segments")
    expect(dialog).to_contain_text("Opted out: 1")
    console_on_a_phone.check()
    dialog.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("link", name="This send goes to those that failed in an earlier one")).to_be_visible()
    expect(_row(page, "Chosen")).to_contain_text("3")
    page.get_by_role("link", name="This send goes to those that failed in an earlier one").click()
    expect(page.get_by_role("link", name="Sent again to those that failed")).to_be_visible()
    console_on_a_phone.open("Sends")
    expect(page.get_by_role("row").filter(has_text=company).first).to_contain_text("again to those that failed")
    console_on_a_phone.check()


def test_a_send_whose_budget_has_no_room_says_what_to_do(isolated_site_console: Console, isolated_site: IsolatedSite) -> None:
    company, page = new_name("Budget"), isolated_site_console.page
    import_people(isolated_site.api, company, [(f"Contact {number}", number) for number in numbers(DELIVERED[:3])])
    # The budget has no room for the first message, so nothing is on its way that the send would wait for.
    too_long = {"message": "Hello {{ name }}. " * 10, "maxSegments": 1}
    record_id = send(isolated_site.api, create_campaign(isolated_site.api, company, isolated_site.account_id, **too_long))
    page.goto(f"{isolated_site_console.base_url}/console#/sends/{record_id}")
    expect(page.get_by_text("The campaign's budget of 1 segments, or the site's daily quota, is used up.")).to_be_visible()
    expect(page.get_by_text("if it is the budget, cancel the send.")).to_be_visible()


def test_the_buttons_of_an_older_send_leave_a_newer_one_alone(
    isolated_site_console: Console, isolated_site: IsolatedSite, slow_account: str
) -> None:
    company, page = new_name("Twice"), isolated_site_console.page
    import_people(isolated_site.api, company, [(f"Contact {number}", number) for number in numbers(DELIVERED[:40])])
    campaign_id = create_campaign(isolated_site.api, company, slow_account)
    older, newer = send(isolated_site.api, campaign_id), send(isolated_site.api, campaign_id)
    page.goto(f"{isolated_site_console.base_url}/console#/sends/{older}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("alert")).to_contain_text("A newer send of this campaign is not over yet")
    assert isolated_site.api.get(f"/outreach/campaignRecords/{newer}")["status"] != "paused"
    for _ in (newer, older):
        isolated_site.api.post(f"/outreach/campaigns/{campaign_id}:cancel")


def test_who_may_have_the_message_already_is_named_before_it_is_sent_again(
    isolated_site_console: Console, isolated_site: IsolatedSite
) -> None:
    company, page = new_name("Unconfirmed"), isolated_site_console.page
    import_people(isolated_site.api, company, [("Ida", number) for number in numbers([101])])
    record_id = send(isolated_site.api, create_campaign(isolated_site.api, company, isolated_site.account_id))
    failure = {"code": "outcome_unknown", "reason": "not confirmed", "count": 1}
    record = completed(isolated_site.api, record_id) | {"failures": [failure]}
    # A carrier that never answers keeps a message open for hours.
    page.route(f"**/campaignRecords/{record_id}", lambda route: route.fulfill(json=record))
    page.goto(f"{isolated_site_console.base_url}/console#/sends/{record_id}")
    page.get_by_role("button", name="Send to the 1 that failed").click()
    dialog = page.get_by_role("dialog", name="Send again to 1 contact?")
    expect(dialog).to_contain_text("1 of them may have the message already")
    expect(dialog).to_contain_text("1 whose message the carrier did not confirm")
    expect(dialog).not_to_contain_text("whose message failed")


def test_results_that_take_a_while_are_downloaded_too(console: Console, api: Client, tmp_path: Path) -> None:
    company, page = new_name("Deferred"), console.page
    import_people(api, company, [("Ann", number) for number in numbers(DELIVERED[:1])])
    record_id = send(api, create_campaign(api, company, FAST_ACCOUNT))
    completed(api, record_id)
    # No export of this size is deferred, so the answers are those of a large one; another file stands for the result.
    page.route("**/*:export", lambda route: route.fulfill(status=202, headers={"Location": f"/listResults/{record_id}"}))
    answers = iter(
        [{"json": {"status": "running"}}, {"status": 303, "headers": {"Location": "/contact/importTemplate?format=csv"}}]
    )
    page.route("**/listResults/*", lambda route: route.fulfill(**next(answers)))  # type: ignore[arg-type]
    page.goto(f"{console.base_url}/console#/sends/{record_id}")
    assert _download(page, tmp_path).startswith("name,")


def test_a_key_that_may_only_read_sees_no_button_that_changes_a_send(
    browser: Browser, addresses: tuple[str, str], isolated_site: IsolatedSite, slow_account: str, administration: Administration
) -> None:
    api, company = isolated_site.api, new_name("Read")
    import_people(api, company, [(f"Contact {number}", number) for number in numbers(DELIVERED[:20])])
    campaign_id = create_campaign(api, company, slow_account)
    record_id = send(api, campaign_id)
    api.post(f"/outreach/campaigns/{campaign_id}:pause")
    with browsers.tab(browser, addresses[0], browsers.DESKTOP, [addresses[1]]) as reader:
        reader.sign_in(administration.create_key(isolated_site.id, "outreach:read"))
        reader.page.goto(f"{addresses[0]}/console#/sends/{record_id}")
        expect(reader.page.get_by_text("Somebody paused this send.")).to_be_visible()
        expect(reader.page.get_by_role("button", name="Download results (CSV)")).to_be_visible()
        assert _visible(reader.page, ["Resume", "Pause", "Cancel this send"]) == []
    api.post(f"/outreach/campaigns/{campaign_id}:cancel")


def _row(page: Page, name: str) -> Locator:
    return (
        page.get_by_role("region", name="Where everybody is")
        .get_by_role("row")
        .filter(has=page.get_by_role("rowheader", name=name, exact=True))
    )


def _visible(page: Page, buttons: Sequence[str]) -> list[str]:
    return [name for name in buttons if page.get_by_role("button", name=name).count()]


def _download(page: Page, folder: Path) -> str:
    """Download the results; returns the text of the file.

    The page adds nothing to what the API answers, a mark of the byte order included.
    """
    with page.expect_download() as download:
        page.get_by_role("button", name="Download results (CSV)").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_text("utf-8-sig")
