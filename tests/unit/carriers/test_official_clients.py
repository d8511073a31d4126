"""Our clients make the same requests as the carriers' official clients."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import telnyx
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from outreach.carriers import twilio
from tests.support.http_server import Request, reply, serving
from tests.unit.carriers.examples import TELNYX, TEXT, TWILIO, Example

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)


class LocalHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's HTTP client with another base URL."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        return super().request(method, self.base_url + urlsplit(url).path, *args, **options)


def send_by_twilio_sdk(base_url: str, **sender: str) -> None:
    client = Client(TWILIO.account.carrier_account, TWILIO.credentials["token"], http_client=LocalHttpClient(base_url))
    with pytest.raises(TwilioException):
        client.messages.create(
            to=TEXT.recipient,
            **sender,
            body=TEXT.body,
            media_url=list(TEXT.media_urls),
            status_callback=TEXT.status_url + twilio.RETRIES,
        )


def send_by_telnyx_sdk(base_url: str, **sender: Any) -> None:
    client = telnyx.Telnyx(api_key=TELNYX.credentials["api_key"], base_url=f"{base_url}/v2", max_retries=0)
    with pytest.raises(telnyx.BadRequestError):
        client.messages.send(
            to=TEXT.recipient,
            **sender,
            text=TEXT.body,
            media_urls=list(TEXT.media_urls),
            webhook_url=TEXT.status_url,
            use_profile_webhooks=False,
            idempotency_key=TEXT.message_id,
        )


def form(request: Request) -> dict[str, Any]:
    return parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)


def document(request: Request) -> dict[str, Any]:
    return json.loads(request.body)  # type: ignore[no-any-return]


SERVICE, PROFILE = "MG" + "a" * 32, "4001017c-8e05-4fe8-8d5b-d3c5c3a1f1e1"


@dataclass(frozen=True)
class Sdk:
    """A carrier's client of ours, and how to call and read the official one."""

    ours: Example
    send: Callable[..., None]
    fields: Callable[[Request], dict[str, Any]]
    headers: tuple[str, ...]


TWILIO_SDK = Sdk(TWILIO, send_by_twilio_sdk, form, ("authorization", "content-type"))
TELNYX_SDK = Sdk(TELNYX, send_by_telnyx_sdk, document, ("authorization", "content-type", "idempotency-key"))


@pytest.mark.parametrize(
    ("sdk", "number", "official"),
    [
        pytest.param(TWILIO_SDK, TEXT.sender, {"from_": TEXT.sender}, id="twilio-number"),
        pytest.param(TWILIO_SDK, "68849", {"from_": "68849"}, id="twilio-short-code"),
        pytest.param(TWILIO_SDK, "R&D Shop", {"from_": "R&D Shop"}, id="twilio-name"),
        pytest.param(TWILIO_SDK, SERVICE, {"messaging_service_sid": SERVICE}, id="twilio-pool"),
        pytest.param(TELNYX_SDK, TEXT.sender, {"from_": TEXT.sender}, id="telnyx-number"),
        pytest.param(TELNYX_SDK, "68849", {"from_": "68849"}, id="telnyx-short-code"),
        pytest.param(TELNYX_SDK, "My Shop", {"from_": "My Shop", "messaging_profile_id": PROFILE}, id="telnyx-name"),
        pytest.param(TELNYX_SDK, PROFILE, {"messaging_profile_id": PROFILE}, id="telnyx-pool"),
    ],
)
def test_our_request_equals_the_official_clients(sdk: Sdk, number: str, official: dict[str, str]) -> None:
    carrier_account = sdk.ours.account.carrier_account or PROFILE
    ours = replace(sdk.ours, account=replace(sdk.ours.account, number=number, carrier_account=carrier_account))
    pool = "" if ours.account.sender else number
    with serving(reply(400, b"{}", {"Content-Type": "application/json"})) as server:
        ours.send(server.url, replace(TEXT, sender=ours.account.sender, pool=pool))
        sdk.send(server.url, **official)
    our, their = server.requests
    assert (our.method, our.path) == (their.method, their.path)
    assert {name: our.headers[name] for name in sdk.headers} == {name: their.headers[name] for name in sdk.headers}
    assert sdk.fields(our) == sdk.fields(their)


@pytest.mark.parametrize("pool", ["", SERVICE])
def test_our_reconciliation_request_equals_that_of_twilios_client(pool: str) -> None:
    text = replace(TEXT, sender="", pool=pool) if pool else TEXT
    sender = {} if pool else {"from_": TEXT.sender}
    no_messages = reply(200, b'{"messages": [], "next_page_uri": null}', {"Content-Type": "application/json"})
    with serving(no_messages) as server:
        twilio.reconcile(TWILIO.account, TWILIO.credentials, text, SINCE, base_url=server.url)
        client = Client(TWILIO.account.carrier_account, TWILIO.credentials["token"], http_client=LocalHttpClient(server.url))
        client.messages.list(to=TEXT.recipient, **sender, date_sent_after=SINCE.date().isoformat(), page_size=1000)
    our, their = server.requests
    assert (our.method, our.headers["authorization"]) == (their.method, their.headers["authorization"])
    assert urlsplit(our.path).path == urlsplit(their.path).path
    assert parse_qs(urlsplit(our.path).query) == parse_qs(urlsplit(their.path).query)
