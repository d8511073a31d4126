"""GET /site and GET /outreach/channelAccounts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from outreach import __version__, clock
from outreach.campaigns import sending_stop
from outreach.sending import quota
from outreach.sending.circuit_breaker import CircuitBreaker, resume
from outreach.sites import site_store
from outreach.sites.models import Carrier, ChannelAccount, SenderType, Site
from tests.support import pipeline
from tests.support.functions import api_event, call, invoke
from tests.support.pipeline import ACCOUNT, SITE


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    pipeline.put_site()


def site(**options: Any) -> dict[str, Any]:
    answer = call("sites/get_site", "GET", "/site", **options)
    assert answer.status == 200, answer.body
    return dict(answer.body)


def accounts(**options: Any) -> list[dict[str, Any]]:
    answer = call("sites/list_channel_accounts", "GET", "/outreach/channelAccounts", **options)
    assert answer.status == 200, answer.body
    return list(answer.body["channelAccounts"])


def test_a_site_without_settings() -> None:
    assert site() == {
        "siteId": SITE,
        "keyName": "",
        "scopes": [],
        "defaultRegion": "US",
        "sendingHours": None,
        "callbackURL": None,
        "quotas": {"maxContacts": None, "dailySegments": None, "usedSegments": None},
        "version": __version__,
    }


def test_a_site_with_settings() -> None:
    url = "https://customer.example/callback"
    quotas: dict[str, Any] = {"max_contacts": 500, "daily_segments": 100}
    site_store.put_site(Site(SITE, default_region="NO", sending_hours="08:00-21:00", callback_url=url, **quotas))
    quota.reserve(SITE, [3, 4], 100)
    shown = site()
    assert (shown["defaultRegion"], shown["sendingHours"], shown["callbackURL"]) == ("NO", "08:00-21:00", url)
    assert shown["quotas"] == {"maxContacts": 500, "dailySegments": 100, "usedSegments": 7}


@pytest.mark.parametrize("scopes", ["", "contact:read", "ticketing:write unichannel:send"])
def test_any_key_may_ask_and_learns_its_scopes(scopes: str) -> None:
    assert site(scopes=scopes)["scopes"] == scopes.split()


def test_the_key_is_named_as_the_authorizer_knows_it() -> None:
    key = {"headers": {"authorization": f"Bearer key-{SITE}"}, "methodArn": "arn:aws:execute-api:us-east-1:1:a/v1/GET/site"}
    event = api_event("sites/get_site", "GET", "/site")
    event["requestContext"]["authorizer"] = invoke("api/authorize", key)["context"]
    assert json.loads(invoke("sites/get_site", event)["body"])["keyName"] == "test"


def test_an_account_is_listed_without_secrets() -> None:
    assert accounts() == [
        {
            "id": ACCOUNT.id,
            "name": ACCOUNT.number,
            "carrier": "twilio",
            "number": ACCOUNT.number,
            "senderType": "number",
            "messagesPerSecond": 100.0,
            "status": "active",
            "statusReason": None,
            "pausedUntil": None,
        }
    ]


def test_an_account_may_have_a_name() -> None:
    site_store.put_account(replace(ACCOUNT, name="Support"))
    assert accounts()[0]["name"] == "Support"


def test_a_paused_account_says_why_and_until_when() -> None:
    other = replace(ACCOUNT, id="747277e8-06a5-4eec-ba66-1cdd617dc778")
    site_store.put_account(other)
    until = CircuitBreaker(ACCOUNT).record_failure("20003: Authenticate")
    assert {entry["id"]: (entry["status"], entry["statusReason"], entry["pausedUntil"]) for entry in accounts()} == {
        ACCOUNT.id: ("paused", "20003: Authenticate", clock.timestamp(clock.from_epoch(until))),
        other.id: ("active", None, None),
    }
    resume(SITE, ACCOUNT.id)
    assert accounts()[0]["status"] == "active"


def test_an_account_that_an_operator_has_stopped_is_paused_and_does_not_say_why() -> None:
    sending_stop.stop([ACCOUNT], "unpaid")
    (stopped,) = accounts()
    assert (stopped["status"], stopped["statusReason"], stopped["pausedUntil"]) == ("paused", "stopped by the operator", None)
    sending_stop.start(site_store.list_accounts(SITE))
    assert accounts()[0]["status"] == "active"


def test_refusals_of_single_messages_do_not_pause_an_account() -> None:
    assert not CircuitBreaker(ACCOUNT).record_unknown_refusal("99999")
    assert accounts()[0]["status"] == "active"


def test_another_sites_accounts_are_not_listed() -> None:
    site_store.put_site(Site("20000"))
    assert accounts(site_id="20000") == []


@pytest.mark.parametrize(
    ("carrier", "number", "kind"),
    [
        (Carrier.TWILIO, "+15005550006", SenderType.NUMBER),
        (Carrier.TELNYX, "68849", SenderType.SHORT_CODE),
        (Carrier.TWILIO, "ACME", SenderType.ALPHANUMERIC),
        (Carrier.TELNYX, "Acme 24", SenderType.ALPHANUMERIC),
        (Carrier.TWILIO, "MG" + "0a" * 16, SenderType.POOL),
        (Carrier.TELNYX, "16fd2706-8baf-433b-82eb-8c7fada847da", SenderType.POOL),
    ],
)
def test_the_type_of_a_sender_follows_from_its_number(carrier: Carrier, number: str, kind: SenderType) -> None:
    account: ChannelAccount = replace(ACCOUNT, carrier=carrier, number=number)
    assert account.sender_type is kind


def test_channel_accounts_are_paged_and_sorted_and_all_of_them_by_default() -> None:
    for number in range(12):
        site_store.put_account(replace(ACCOUNT, id=f"647277e8-06a5-4eec-ba66-{number:012}", name=f"Line {number:02}"))
    path = "/outreach/channelAccounts"
    assert len(call("sites/list_channel_accounts", "GET", path).body["channelAccounts"]) >= 12
    page = call("sites/list_channel_accounts", "GET", f"{path}?pageSize=5&pageIndex=2&sortBy=name&sortOrder=desc").body
    assert [account["name"] for account in page["channelAccounts"]] == [f"Line {number:02}" for number in (6, 5, 4, 3, 2)]
    assert "pageIndex=3" in page["nextPage"]
    assert call("sites/list_channel_accounts", "GET", f"{path}?sortBy=token").status == 400
