"""Buckets of tokens: what is asked too fast waits, site by site and action by action."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outreach import clock, dynamo
from outreach.errors import TooManyRequests
from outreach.settings import settings
from outreach.sites import rates
from outreach.sites import store as sites
from outreach.sites.models import Site
from outreach.sites.rates import RATES, Rate
from tests.support.callbacks import Clock
from tests.support.functions import Context as LambdaContext
from tests.support.functions import api_event, call, load

SLOW = Rate(0.5, 3)
ID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


@pytest.fixture(autouse=True)
def ours(aws: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    sites.put_site(Site("10000"))
    ours = Clock(datetime(2026, 3, 3, 12, 0, tzinfo=UTC))
    monkeypatch.setattr(clock, "now", ours)
    return ours


def taken(times: int, rate: Rate = SLOW, site_id: str = "10000", action: str = "send") -> list[int]:
    """For each try how long to wait, 0 when a token was there."""
    waits = []
    for _ in range(times):
        try:
            rates.take(site_id, action, rate)
        except TooManyRequests as error:
            waits.append(error.retry_after)
        else:
            waits.append(0)
    return waits


def test_a_burst_is_taken_at_once_and_then_one_waits(ours: Clock) -> None:
    assert taken(5) == [0, 0, 0, 2, 2]
    ours.advance(1.5)
    assert taken(1) == [1]
    ours.advance(0.5)
    assert taken(2) == [0, 2]


def test_a_rest_fills_the_bucket_and_no_more(ours: Clock) -> None:
    taken(3)
    ours.advance(4)
    assert taken(3) == [0, 0, 2]
    ours.advance(1_000_000)
    assert taken(4) == [0, 0, 0, 2]


def test_each_site_and_action_has_its_own() -> None:
    taken(3)
    assert taken(1, site_id="20000") == taken(1, action="import") == [0]


def test_other_writers_in_between_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two take the last token: one of them gets it."""
    taken(1)
    write, racing = rates._set, iter([True])

    def race(*arguments: object) -> None:
        if next(racing, False):
            taken(2)
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rates, "_set", race)
    assert taken(1) == [2]


ASKED = [
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
    ("export", "contacts/export_contacts", "POST", "/contact/contacts:export", {}),
    ("list", "contacts/list_contacts", "GET", "/contact/contacts?pageSize=0", None),
    ("list", "contacts/query_contacts", "POST", "/contact/contacts:query", {"pageSize": 0}),
    ("list", "outreach/list_campaigns", "GET", "/outreach/campaigns?pageSize=0", None),
    ("list", "outreach/list_campaign_records", "GET", f"/outreach/campaigns/{ID}/records?pageSize=0", None),
    ("list", "outreach/list_skipped_contacts", "GET", f"/outreach/campaignRecords/{ID}/skipped?pageSize=0", None),
    ("list", "outreach/list_callback_attempts", "GET", f"/outreach/messages/{ID}/callbackAttempts?pageSize=0", None),
    ("list", "outreach/list_messages", "GET", "/outreach/messages?pageSize=0", None),
]


@pytest.mark.parametrize(("action", "path", "method", "url", "body"), ASKED)
def test_what_is_expensive_takes_a_token(action: str, path: str, method: str, url: str, body: object) -> None:
    rate = RATES[action]
    rates.take("10000", action, Rate(rate.per_second / rate.burst, 1))  # the bucket is empty
    answer = call(path, method, url, body)
    assert (answer.status, answer.body["code"]) == (429, "too_many_requests")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_page_of_a_list_takes_none() -> None:
    answers = [call("outreach/list_campaigns", "GET", "/outreach/campaigns?pageSize=500") for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert dynamo.get(settings().requests_table, {"pk": "10000#RATE#list"}) is None


def test_the_sites_own_rate_counts() -> None:
    event = api_event("outreach/list_campaigns", "GET", "/outreach/campaigns?pageSize=0")
    event["requestContext"]["authorizer"]["rates"] = "list=0.1/1"
    handler = load("outreach/list_campaigns").lambda_handler
    assert [handler(event, LambdaContext())["statusCode"] for _ in range(2)] == [200, 429]


def test_every_action_has_a_rate() -> None:
    assert {action for action, *_ in ASKED} == set(RATES)


@pytest.mark.parametrize("text", ["", "5", "5/", "/5", "0/5", "5/0", "-1/5", "5/1.5", "1e3/5"])
def test_a_rate_of_another_form_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="PER_SECOND/BURST"):
        Rate.parse(text)


def test_a_rate_is_read_from_text() -> None:
    assert Rate.parse("0.5/20") == Rate(0.5, 20)


def test_what_is_malformed_takes_no_token() -> None:
    assert call("contacts/export_contacts", "POST", "/contact/contacts:export", {"selected": "x"}).status == 400
    assert dynamo.get(settings().requests_table, {"pk": "10000#RATE#export"}) is None
