"""The Lambda authorizer (docs/api.md, "Sites and API keys")."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from outreach_admin import key_commands

from outreach import clock
from outreach.http.caller import Caller
from outreach.sites import site_store
from outreach.sites.models import ApiKey, Site
from outreach.sites.rate_limits import Rate
from tests.support.functions import invoke

KEY = "local-10000"
KEY_ID = "22b70ef41be1"
ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/v1"


@pytest.fixture(autouse=True)
def _keys(aws: None) -> None:
    site_store.put_site(Site("10000"))
    site_store.put_site(Site("20000", rates={"send": "2/60", "list": "1/10"}))
    site_store.put_key(site_store.hash_key(KEY), ApiKey("10000", "all"))
    site_store.put_key(site_store.hash_key("reader"), ApiKey("20000", "some", frozenset({"outreach:read", "contact:read"})))
    site_store.put_key(site_store.hash_key("revoked"), ApiKey("10000", "old", revoked=True))


def authorize(headers: dict[str, str] | None, route: str = "GET/contact/contacts") -> dict[str, Any]:
    return dict(invoke("api/authorize", {"type": "REQUEST", "methodArn": f"{ARN}/{route}", "headers": headers}))


def basic(credentials: bytes) -> str:
    return f"Basic {base64.b64encode(credentials).decode()}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer {KEY}"},
        {"AUTHORIZATION": f"BEARER  {KEY} "},
        {"Authorization": basic(f"anybody:{KEY}".encode())},
        {"Authorization": basic(f":{KEY}".encode())},
        {"authorization": basic(f"a@b.example:{KEY}".encode()).replace("Basic", "basic")},
    ],
)
def test_a_key_is_accepted_in_either_scheme(headers: dict[str, str]) -> None:
    answer = authorize(headers)
    assert (answer["principalId"], answer["context"]) == (
        "10000",
        {"siteId": "10000", "keyId": KEY_ID, "keyName": "all", "scopes": "", "rates": ""},
    )


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"X-Api-Key": KEY},
        {"Authorization": ""},
        {"Authorization": KEY},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer unknown"},
        {"Authorization": "Bearer revoked"},
        {"Authorization": f"Bearer {KEY.upper()}"},
        {"Authorization": f"Digest {KEY}"},
        {"Authorization": basic(KEY.encode())},
        {"Authorization": basic(f"{KEY}:".encode())},
        {"Authorization": basic(b"a:\xff")},
        {"Authorization": "Basic ???"},
        {"Authorization": f"Bearer {KEY}\u00e9"},
        {"Authorization": f"Bearer {KEY}\u00a0"},
        {"Authorization": f"Bearer {KEY}\x85"},
        {"Authorization": f"Bearer {KEY}\udce9"},
        {"Authorization": f"Bear\udce9er {KEY}"},
        {"Authorization": basic(f"a:{KEY}".encode()) + "\u00e9"},
    ],
)
def test_any_other_header_is_401(headers: dict[str, str] | None) -> None:
    # API Gateway answers 401 to exactly this text, and 500 to any other.
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorize(headers)


@pytest.mark.parametrize("route", ["GET/contact/contacts", "POST/outreach/campaigns/7:send", "DELETE/a/b/c/d"])
def test_the_policy_covers_the_whole_api_as_the_gateway_caches_it(route: str) -> None:
    (statement,) = authorize({"Authorization": f"Bearer {KEY}"}, route)["policyDocument"]["Statement"]
    assert statement == {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{ARN}/*"}


def test_the_context_has_the_scopes_of_the_key_and_the_rates_of_its_site() -> None:
    answer = authorize({"Authorization": "Bearer reader"})
    scopes, rates = "contact:read outreach:read", "list=1/10 send=2/60"
    assert answer["context"] == {"siteId": "20000", "keyId": "3d0941964aa3", "keyName": "some", "scopes": scopes, "rates": rates}
    who = Caller.of({"requestContext": {"authorizer": answer["context"]}})
    assert who.rate_limits == {"list": Rate(1, 10), "send": Rate(2, 60)}


@pytest.mark.parametrize(("seconds", "is_stored"), [(0, False), (299, False), (301, True)])
def test_the_last_use_is_stored_every_five_minutes(monkeypatch: pytest.MonkeyPatch, seconds: int, is_stored: bool) -> None:
    first = datetime(2026, 3, 3, tzinfo=UTC)
    for moment in (first, first + timedelta(seconds=seconds)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        authorize({"Authorization": f"Bearer {KEY}"})
    last_used = {key.name: key.last_used for _, key in site_store.list_keys("10000")}
    assert last_used == {"all": clock.timestamp(moment if is_stored else first), "old": None}


def test_a_request_succeeds_when_the_last_use_cannot_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(site_store, "record_use", fail)
    assert authorize({"Authorization": f"Bearer {KEY}"})["principalId"] == "10000"


def test_the_log_has_the_id_that_the_list_of_keys_shows_and_never_the_key(log: io.StringIO) -> None:
    authorize({"Authorization": f"Bearer {KEY}"})
    line = json.loads(log.getvalue())
    assert line["key_id"] in {shown["id"] for shown in key_commands.keys_of("10000") if shown["name"] == "all"}
    assert KEY not in log.getvalue()


def test_storing_the_last_use_does_not_restore_a_revoked_key() -> None:
    key = site_store.find_key(KEY)
    assert key
    site_store.put_key(site_store.hash_key(KEY), replace(key, revoked=True))
    site_store.record_use(KEY, key)
    assert site_store.find_key(KEY) is None


def test_a_key_is_neither_stored_nor_logged(capsys: pytest.CaptureFixture[str]) -> None:
    authorize({"Authorization": f"Bearer {KEY}"})
    with pytest.raises(Exception, match="Unauthorized"):
        authorize({"Authorization": "Bearer a-guess"})
    assert [word for word in (KEY, "a-guess") if word in capsys.readouterr().out] == []
    assert KEY not in json.dumps([digest for digest, _ in site_store.list_keys("10000")])
