"""Rate limits per site and action."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outreach import clock, dynamo
from outreach.errors import TooManyRequests
from outreach.settings import settings
from outreach.sites import rate_limits, site_store
from outreach.sites.models import Site
from outreach.sites.rate_limits import DEFAULT_RATES, Rate
from tests.support import pipeline
from tests.support.customer_endpoint import Clock
from tests.support.functions import Context as LambdaContext
from tests.support.functions import api_event, call, load

SLOW = Rate(0.5, 3)
ID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


@pytest.fixture(autouse=True)
def frozen_clock(aws: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    site_store.put_site(Site("10000"))
    frozen = Clock(datetime(2026, 3, 3, 12, 0, tzinfo=UTC))
    monkeypatch.setattr(clock, "now", frozen)
    return frozen


def waits_of_requests(count: int, rate: Rate = SLOW, site_id: str = "10000", action: str = "send") -> list[int]:
    """Make requests; returns the seconds to wait after each, 0 if it was allowed."""
    waits = []
    for _ in range(count):
        try:
            rate_limits.enforce(site_id, action, rate)
        except TooManyRequests as error:
            waits.append(error.retry_after)
        else:
            waits.append(0)
    return waits


def test_requests_beyond_a_burst_must_wait(frozen_clock: Clock) -> None:
    assert waits_of_requests(5) == [0, 0, 0, 2, 2]
    frozen_clock.advance(1.5)
    assert waits_of_requests(1) == [1]
    frozen_clock.advance(0.5)
    assert waits_of_requests(2) == [0, 2]


def test_a_pause_restores_the_burst_but_no_more(frozen_clock: Clock) -> None:
    waits_of_requests(3)
    frozen_clock.advance(4)
    assert waits_of_requests(3) == [0, 0, 2]
    frozen_clock.advance(1_000_000)
    assert waits_of_requests(4) == [0, 0, 0, 2]


def test_each_site_and_action_has_its_own_limit() -> None:
    waits_of_requests(3)
    assert waits_of_requests(1, site_id="20000") == waits_of_requests(1, action="import") == [0]


def test_concurrent_requests_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two concurrent requests for the last place in a burst, one is refused."""
    waits_of_requests(1)
    write, racing = rate_limits._write, iter([True])

    def race(*arguments: object) -> None:
        if next(racing, False):
            waits_of_requests(2)
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rate_limits, "_write", race)
    assert waits_of_requests(1) == [2]


CONDITION = {"fieldName": "name", "operator": "is", "value": "", "order": 1}
LIMITED = [
    ("send", "outreach/act_on_campaign", "POST", f"/outreach/campaigns/{ID}:send", None),
    (
        "message",
        "outreach/create_message",
        "POST",
        "/outreach/messages",
        {"channelAccountId": ID, "contactId": ID, "message": "x"},
    ),
    (
        "unichannel",
        "unichannel/create_outbound_message",
        "POST",
        "/outboundunichannel/messages",
        {"channelAccountId": ID, "to": "1", "message": "x"},
    ),
    ("import", "contacts/import_contacts", "POST", "/contact/contacts:import", {}),
    ("export", "contacts/export_contacts", "POST", "/contact/contacts:export", {"timeZoneId": "UTC"}),
    ("list", "contacts/list_contacts", "GET", "/contact/contacts?pageSize=0", None),
    ("list", "contacts/query_contacts", "POST", "/contact/contacts:query", {"pageSize": 0}),
    ("list", "contacts/list_opt_outs", "GET", "/contact/optOuts?pageSize=0", None),
    ("list", "outreach/list_campaigns", "GET", "/outreach/campaigns?pageSize=0", None),
    ("list", "outreach/list_campaign_records", "GET", f"/outreach/campaigns/{ID}/records?pageSize=0", None),
    ("list", "outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{ID}/skipped?pageSize=0", None),
    ("list", "outreach/list_callback_attempts", "GET", f"/outreach/messages/{ID}/callbackAttempts?pageSize=0", None),
    ("list", "outreach/list_messages", "GET", "/outreach/messages?pageSize=0", None),
    ("search", "contacts/query_contacts", "POST", "/contact/contacts:query", {"keywords": "a"}),
    ("search", "contacts/query_contacts", "POST", "/contact/contacts:query", {"filterConditions": [CONDITION]}),
    ("search", "contacts/query_contacts", "POST", "/contact/contacts:query?sortBy=name", {}),
    ("search", "contacts/list_contacts", "GET", "/contact/contacts?keywords=a", None),
    ("search", "contacts/list_contacts", "GET", "/contact/contacts?sortBy=name", None),
    ("search", "contacts/list_contacts", "GET", "/contact/contacts?contactIdentityType=SMS", None),
    ("search", "contacts/list_opt_outs", "GET", "/contact/optOuts?sortBy=contactId", None),
    ("search", "outreach/list_messages", "GET", "/outreach/messages?keywords=a", None),
    ("search", "outreach/list_messages", "GET", "/outreach/messages?sortBy=to", None),
    ("preview", "outreach/act_on_campaign", "POST", f"/outreach/campaigns/{ID}:preview", None),
]


@pytest.mark.parametrize(("action", "path", "method", "url", "body"), LIMITED)
def test_expensive_requests_are_limited(action: str, path: str, method: str, url: str, body: object) -> None:
    rate = DEFAULT_RATES[action]
    rate_limits.enforce("10000", action, Rate(rate.per_second / rate.burst, 1))  # uses up the burst
    answer = call(path, method, url, body)
    assert (answer.status, answer.body["code"]) == (429, "too_many_requests")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_page_of_a_list_is_not_limited() -> None:
    answers = [call("outreach/list_campaigns", "GET", "/outreach/campaigns?pageSize=500") for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert dynamo.get(settings().requests_table, {"pk": "10000#RATE#list"}) is None


def test_only_lists_that_search_are_limited() -> None:
    rate_limits.enforce("10000", "search", Rate(0.001, 1))
    assert call("contacts/list_contacts", "GET", "/contact/contacts?sortOrder=desc").status == 200
    assert call("contacts/query_contacts", "POST", "/contact/contacts:query", {}).status == 200
    assert call("contacts/list_contacts", "GET", "/contact/contacts?contactIdentityValue=a").status == 200
    assert call("outreach/list_messages", "GET", f"/outreach/messages?contactId={ID}&sortBy=to").status == 200
    assert call("outreach/list_messages", "GET", "/outreach/messages").status == 200


def test_the_pages_of_a_search_count_once() -> None:
    for name in "abc":
        pipeline.create_contact(None, name)
    event = api_event("contacts/list_contacts", "GET", "/contact/contacts?keywords=a&pageSize=1")
    for index in ("1", "2", "3"):
        event["multiValueQueryStringParameters"]["pageIndex"] = [index]
        event["requestContext"]["authorizer"]["rates"] = "search=0.1/1"
        assert load("contacts/list_contacts").lambda_handler(event, LambdaContext())["statusCode"] == 200


def test_a_list_result_counts_once() -> None:
    event = api_event("contacts/list_contacts", "GET", "/contact/contacts?keywords=a&pageSize=0") | {"hasNoDeadline": True}
    event["requestContext"]["authorizer"]["rates"] = "search=0.1/1 list=0.1/1"
    handler = load("contacts/list_contacts").lambda_handler
    assert [handler(event, LambdaContext())["statusCode"] for _ in range(2)] == [200, 200]


def test_a_sites_own_rate_replaces_the_default() -> None:
    event = api_event("outreach/list_campaigns", "GET", "/outreach/campaigns?pageSize=0")
    event["requestContext"]["authorizer"]["rates"] = "list=0.1/1"
    handler = load("outreach/list_campaigns").lambda_handler
    assert [handler(event, LambdaContext())["statusCode"] for _ in range(2)] == [200, 429]


def test_every_limited_action_has_a_rate() -> None:
    assert {action for action, *_ in LIMITED} == set(DEFAULT_RATES)


@pytest.mark.parametrize("text", ["", "5", "5/", "/5", "0/5", "5/0", "-1/5", "5/1.5", "1e3/5"])
def test_a_malformed_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="PER_SECOND/BURST"):
        Rate.parse(text)


def test_a_rate_is_read_from_text() -> None:
    assert Rate.parse("0.5/20") == Rate(0.5, 20)


def test_a_malformed_request_is_not_counted() -> None:
    assert call("contacts/export_contacts", "POST", "/contact/contacts:export", {"selected": "x"}).status == 400
    assert dynamo.get(settings().requests_table, {"pk": "10000#RATE#export"}) is None
