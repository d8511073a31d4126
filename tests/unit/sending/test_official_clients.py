"""For the same message, our clients and the carriers' own make the same request."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import telnyx
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from outreach.sending import twilio
from tests.support.http_server import Request, reply, serving
from tests.unit.sending.examples import TELNYX, TEXT, TWILIO, Example

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)


class LocalHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's HTTP client with another address."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        return super().request(method, self.base_url + urlsplit(url).path, *args, **options)


def send_by_twilio_sdk(base_url: str) -> None:
    client = Client(TWILIO.account.carrier_account, TWILIO.credentials["token"], http_client=LocalHttpClient(base_url))
    with pytest.raises(TwilioException):
        client.messages.create(
            to=TEXT.recipient,
            from_=TEXT.sender,
            body=TEXT.body,
            media_url=list(TEXT.media_urls),
            status_callback=TEXT.status_url,
        )


def send_by_telnyx_sdk(base_url: str) -> None:
    client = telnyx.Telnyx(api_key=TELNYX.credentials["api_key"], base_url=f"{base_url}/v2", max_retries=0)
    with pytest.raises(telnyx.BadRequestError):
        client.messages.send(
            to=TEXT.recipient,
            from_=TEXT.sender,
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


@pytest.mark.parametrize(
    ("ours", "official", "fields", "headers"),
    [
        pytest.param(TWILIO, send_by_twilio_sdk, form, ("authorization", "content-type"), id="twilio"),
        pytest.param(TELNYX, send_by_telnyx_sdk, document, ("authorization", "content-type", "idempotency-key"), id="telnyx"),
    ],
)
def test_our_request_is_the_official_clients(
    ours: Example,
    official: Callable[[str], None],
    fields: Callable[[Request], dict[str, Any]],
    headers: tuple[str, ...],
) -> None:
    with serving(reply(400, b"{}", {"Content-Type": "application/json"})) as server:
        ours.send(server.url)
        official(server.url)
    our, their = server.requests
    assert (our.method, our.path) == (their.method, their.path)
    assert {name: our.headers[name] for name in headers} == {name: their.headers[name] for name in headers}
    assert fields(our) == fields(their)


def test_our_look_for_a_lost_answer_asks_what_twilios_client_would() -> None:
    no_messages = reply(200, b'{"messages": [], "next_page_uri": null}', {"Content-Type": "application/json"})
    with serving(no_messages) as server:
        twilio.candidates(TWILIO.account, TWILIO.credentials, TEXT.sender, TEXT.recipient, "", SINCE, base_url=server.url)
        client = Client(TWILIO.account.carrier_account, TWILIO.credentials["token"], http_client=LocalHttpClient(server.url))
        client.messages.list(to=TEXT.recipient, from_=TEXT.sender, date_sent_after=SINCE.date().isoformat(), page_size=1000)
    our, their = server.requests
    assert (our.method, our.headers["authorization"]) == (their.method, their.headers["authorization"])
    assert urlsplit(our.path).path == urlsplit(their.path).path
    assert parse_qs(urlsplit(our.path).query) == parse_qs(urlsplit(their.path).query)
