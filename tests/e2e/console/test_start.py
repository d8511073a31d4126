"""What the first page says of a site: first steps, warnings, sends under way, and unread replies."""

from __future__ import annotations

from typing import Any

import requests
from local_stack.seeds import ACCOUNTS
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support import browser as browsers
from tests.support.administration import Administration, IsolatedSite
from tests.support.browser import Console
from tests.support.campaigns import DELIVERED, completed, create_campaign, import_people, new_name, numbers, send
from tests.support.client import TIMEOUT_SECONDS, Client, until

ACCOUNT = ACCOUNTS[0][0]
QUOTA = 2


def test_a_new_site_is_greeted_and_a_refused_account_and_a_used_quota_are_explained(
    browser: Browser, addresses: tuple[str, str], administration: Administration
) -> None:
    site = administration.create_site("--daily-segments", str(QUOTA))
    key = administration.create_key(site)
    with browsers.tab(browser, addresses[0], browsers.PHONE, [addresses[1]]) as opened:
        opened.sign_in(key)
        steps = opened.page.get_by_role("region", name="Welcome").get_by_role("listitem")
        expect(steps).to_contain_text(["Import your contacts", "Write a campaign", "Send it"])
        opened.check()

        _use_up(Client(addresses[0], key), administration.create_account(site, "Shop line", 10, token="wrong"))
        opened.page.reload()
        paused = _warning(opened.page, "The channel account Shop line is paused.")
        expect(paused).to_contain_text("The carrier refuses it: “20003")
        expect(paused).to_contain_text("Ask your operator to set it right.")
        expect(_warning(opened.page, "100% of today's segments are used: 2 of 2.")).to_contain_text(
            "ask your operator for a larger quota"
        )
        paused.get_by_role("link", name="See the channel accounts").click()
        row = opened.page.get_by_role("row", name="Shop line")
        expect(row).to_contain_text("The next message is tried at")
        expect(row).to_contain_text("Phone number. Replies come here.")


def test_sends_of_today_are_summed_and_bad_ones_are_warned_about(
    isolated_site_console: Console, isolated_site: IsolatedSite
) -> None:
    company, page = new_name("Today"), isolated_site_console.page
    invalid, *fine = numbers([101, *DELIVERED[:3]])
    import_people(isolated_site.api, company, [(f"Contact {number}", number) for number in [invalid, *fine]])
    completed(isolated_site.api, send(isolated_site.api, create_campaign(isolated_site.api, company, isolated_site.account_id)))
    page.reload()
    warning = _warning(page, f"1 message of {company} did not arrive (25%).")
    expect(warning.get_by_role("link", name="See why, and send again to those that failed")).to_be_visible()
    expect(page.get_by_role("img", name="Bars of how many messages")).to_be_visible()
    page.get_by_text("The numbers as a table").click()
    week = page.get_by_role("region", name="The last seven days")
    expect(week.get_by_role("row").last.get_by_role("cell")).to_have_text(["3", "0", "1"])
    isolated_site_console.page.set_viewport_size({"width": browsers.PHONE[0], "height": browsers.PHONE[1]})
    isolated_site_console.check()


def test_a_planned_and_a_running_send_are_shown_with_their_time_and_progress(
    isolated_site_console: Console, isolated_site: IsolatedSite, slow_account: str
) -> None:
    company, page = new_name("Planned"), isolated_site_console.page
    import_people(isolated_site.api, company, [(f"Contact {number}", number) for number in numbers(DELIVERED[:20])])
    campaign_id = create_campaign(isolated_site.api, company, slow_account)
    send(isolated_site.api, campaign_id)
    isolated_site.api.ask("PUT", f"/outreach/campaigns/{campaign_id}", json={"scheduledStartTime": "2099-05-23T09:00:00Z"})
    page.reload()
    under_way = page.get_by_role("region", name="Sends under way")
    running = under_way.get_by_role("listitem").filter(has=page.get_by_role("progressbar"))
    expect(running).to_contain_text("of 20 contacts done")
    expect(under_way.get_by_role("listitem").filter(has_text="2099")).to_contain_text(company)


def test_the_next_of_many_scheduled_sends_are_shown_first(isolated_site_console: Console, isolated_site: IsolatedSite) -> None:
    company, page, count = new_name("Many"), isolated_site_console.page, 101
    import_people(isolated_site.api, company, [("Ann", numbers(DELIVERED[:1])[0])])
    create_campaign(isolated_site.api, company, isolated_site.account_id)
    # As the API sorts them: the latest first.
    planned = [
        {"id": str(day), "name": f"\u2069\u202eIn {day}", "scheduledStartTime": f"{2100 + day}-05-23T09:00:00Z"}
        for day in range(count)
    ]
    planned.reverse()

    def answer(route: Route) -> None:
        first = "pageIndex=1&" in route.request.url
        route.fulfill(json={"total": count, "campaigns": planned[:100] if first else planned[100:]})

    page.route("**/campaigns?sortBy=scheduledStartTime*", answer)
    page.reload()
    shown = page.get_by_role("region", name="Sends under way").get_by_role("listitem")
    expect(shown.filter(has_text="2100")).to_have_text("In 0: 23 May 2100, 09:00")
    expect(shown.last).to_have_text("and 81 more")


def test_a_start_that_was_given_up_is_explained(isolated_site_console: Console, isolated_site: IsolatedSite) -> None:
    name, page = new_name("Given up"), isolated_site_console.page
    created = isolated_site.api.post(
        "/outreach/campaigns", {"name": name, "channel": "sms", "channelAccountId": isolated_site.account_id, "message": "Hello"}
    )
    # Only AWS failing three times in a row gives a start up, so the list says so instead.
    reason = "no_progress: the start failed 3 times in a row (ThrottlingException)"
    given_up = {"total": 1, "campaigns": [created | {"scheduleStatusReason": reason}]}
    page.route("**/campaigns?*sortBy=scheduleStatusReason*", lambda route: route.fulfill(json=given_up))
    page.reload()
    warning = _warning(page, f"The scheduled start of {name} was given up.")
    expect(warning).to_contain_text("the start failed 3 times in a row (ThrottlingException).")
    expect(warning.get_by_role("link", name="Give the campaign a new time, or send it now")).to_be_visible()


def test_replies_are_unread_until_the_reader_opens_them(console: Console, api: Client, simulator_url: str) -> None:
    page, text = console.page, new_name("Hello")
    # A site without contacts shows its first steps instead.
    [number] = numbers(DELIVERED[:1])
    api.post("/contact/contacts", {"name": "Ann", "contactIdentities": [{"type": "SMS", "value": number}]})
    console.open("Replies")
    expect(page.get_by_role("list", name="Replies")).to_be_attached()
    inbound = {"from": number, "to": ACCOUNT.number, "body": text}
    console.take_clock()
    console.open("Start")
    requests.post(f"{simulator_url}/_simulate/inbound", json=inbound, timeout=TIMEOUT_SECONDS).raise_for_status()
    console.await_poll(page.get_by_role("link", name="to read"))
    page.get_by_role("link", name="to read").click()
    expect(page.get_by_role("article").filter(has_text=text)).to_contain_text("New")
    console.open("Start")
    expect(page.get_by_role("link", name="No new replies.")).to_be_visible()


def _use_up(api: Client, account_id: str) -> None:
    """Send messages until the quota is used up, and wait until the carrier has refused the account."""
    [number] = numbers(DELIVERED[:1])
    contact = api.post("/contact/contacts", {"name": "Ann", "contactIdentities": [{"type": "SMS", "value": number}]})
    for _ in range(QUOTA):
        api.post("/outreach/messages", {"channelAccountId": account_id, "contactId": contact["id"], "message": "Hello"})
    until(lambda: _status(api), lambda status: status == "paused", TIMEOUT_SECONDS)


def _status(api: Client) -> Any:
    return api.get("/outreach/channelAccounts")["channelAccounts"][0]["status"]


def _warning(page: Page, text: str) -> Locator:
    return page.locator(".warning").filter(has_text=text)
