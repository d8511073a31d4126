from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import telnyx as sdk

from outreach import clock
from outreach.errors import ValidationFailed
from outreach.messages.status import Status
from outreach.sending import carrier_http, telnyx
from outreach.sending.outcomes import Accepted, Deferred, Outcome, Refused, Unknown
from outreach.sending.webhooks import Inbound, OptOut, Receipt, Webhook
from tests.support.http_server import Reply, hang_up, reply, serving
from tests.unit.sending.examples import TELNYX, TELNYX_SIGNING_KEY

LATER = carrier_http.CONGESTED_SECONDS
NOW = datetime(2026, 3, 1, 23, 0, 30, tzinfo=UTC)
PUBLIC_KEY = TELNYX.credentials["public_key"]


def error(status: int, code: str, **headers: str) -> Reply:
    body = {"errors": [{"code": code, "title": "Title", "detail": "words", "meta": {}}]}
    return reply(status, json.dumps(body).encode(), headers)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(200, b'{"data": {"id": "m1", "to": [{"status": "queued"}]}}'), Accepted("m1")),
        (error(401, "10009"), Refused("10009: words", account_fault=True)),
        (error(403, "10010"), Refused("10010: words", account_fault=True)),
        (error(429, "10011", **{"x-ratelimit-reset": "17"}), Deferred(17, "10011: words")),
        (error(429, "10011", **{"x-ratelimit-reset": "soon"}), Deferred(carrier_http.THROTTLED_SECONDS, "10011: words")),
        (error(409, "10036"), Unknown("10036: words")),
        (error(400, "40001"), Refused("40001: words")),
        (error(400, "40002"), Deferred(LATER, "40002: words")),
        (error(400, "40003"), Refused("40003: words")),
        (error(400, "40004"), Deferred(LATER, "40004: words")),
        (error(400, "40006"), Deferred(LATER, "40006: words")),
        (error(400, "40008"), Refused("40008: words")),
        (error(400, "40011"), Deferred(LATER, "40011: words")),
        (error(400, "40012"), Refused("40012: words")),
        (error(400, "40300"), Refused("40300: words", opted_out=True)),
        (error(409, "40300"), Refused("40300: words", opted_out=True)),
        (error(500, "40300"), Refused("40300: words", opted_out=True)),
        (error(400, "40310"), Refused("40310: words")),
        (error(429, "40333"), Deferred(3570, "40333: words", account_stopped=True)),
        (error(422, "99999"), Refused("99999: words")),
        (reply(400, b'{"errors": [{"code": "1", "title": "Title"}]}'), Refused("1: Title")),
        (reply(400, b'{"errors": []}'), Refused("HTTP 400")),
    ],
)
def test_each_answer_has_its_outcome(answer: Reply, outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with serving(answer) as server:
        assert TELNYX.send(server.url) == outcome


def test_a_repetition_has_the_same_key_and_the_same_bytes() -> None:
    with serving(hang_up) as server:
        outcomes = [TELNYX.send(server.url) for _ in range(2)]
    first, second = server.requests
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]
    assert (first.body, first.headers["idempotency-key"]) == (second.body, second.headers["idempotency-key"])


BODY = '{"data": {"id": "e1", "payload": "Grüße"}}'.encode()


def signed(offset: int = 0, *, signed_body: bytes = BODY, key: Any = TELNYX_SIGNING_KEY, **headers: str) -> Webhook:
    """A webhook of ``offset`` seconds from now."""
    timestamp = str(int(clock.now().timestamp()) + offset)
    signature = key.sign(f"{timestamp}|".encode() + signed_body).signature
    given = {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": b64encode(signature).decode()}
    return Webhook("https://a.test/x", given | {name.replace("_", "-"): value for name, value in headers.items()}, BODY)


@pytest.mark.parametrize(
    ("make_webhook", "genuine"),
    [
        pytest.param(lambda: signed(), True, id="now"),
        pytest.param(lambda: signed(-270), True, id="just not too old"),
        pytest.param(lambda: signed(+270), True, id="just not too new"),
        pytest.param(lambda: signed(-330), False, id="too old"),
        pytest.param(lambda: signed(+330), False, id="too new"),
        pytest.param(lambda: signed(signed_body=b"{}"), False, id="another body"),
        pytest.param(lambda: signed(key=type(TELNYX_SIGNING_KEY)(bytes(32))), False, id="another key"),
        pytest.param(lambda: signed(telnyx_timestamp=str(int(clock.now().timestamp()) + 1)), False, id="another time"),
        pytest.param(lambda: signed(telnyx_timestamp="now"), False, id="no time"),
        pytest.param(lambda: signed(telnyx_signature_ed25519="?"), False, id="no base64"),
        pytest.param(lambda: signed(telnyx_signature_ed25519="é"), False, id="no ascii"),
        pytest.param(lambda: signed(telnyx_signature_ed25519=b64encode(bytes(63)).decode()), False, id="too short"),
        pytest.param(lambda: Webhook("https://a.test/x", {}, BODY), False, id="no headers"),
        pytest.param(lambda: Webhook("https://a.test/x", signed().headers, b"\xff"), False, id="no text"),
    ],
)
def test_a_webhook_verifies_when_the_sdk_says_so(make_webhook: Callable[[], Webhook], genuine: bool) -> None:
    webhook = make_webhook()  # now, for it grows old
    assert telnyx.verify(webhook, TELNYX.credentials) == genuine
    assert accepted_by_sdk(webhook) == genuine


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_time_beyond_all_numbers_is_no_signature(digits: int) -> None:
    """The SDK itself trips over it."""
    assert not telnyx.verify(signed(telnyx_timestamp="9" * digits), TELNYX.credentials)


def accepted_by_sdk(webhook: Webhook) -> bool:
    try:
        sdk.Telnyx(api_key="x").webhooks.unwrap(webhook.body.decode(), headers=dict(webhook.headers), key=PUBLIC_KEY)
    except ValueError:
        return False
    return True


def event(kind: str = "message.finalized", **payload: Any) -> bytes:
    return json.dumps({"data": {"id": "e1", "event_type": kind, "payload": {"id": "m1", **payload}}}).encode()


@pytest.mark.parametrize(
    ("carrier", "ours"),
    [
        ("queued", Status.SENDING),
        ("sending", Status.SENDING),
        ("sent", Status.SENT),
        ("delivery_unconfirmed", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("delivery_failed", Status.UNDELIVERED),
        ("expired", Status.FAILED),
        ("sending_failed", Status.FAILED),
        ("webhook_delivered", None),
    ],
)
def test_each_status_has_its_meaning(carrier: str, ours: Status | None) -> None:
    assert telnyx.parse_receipt(event(to=[{"status": carrier}])).status == ours


@pytest.mark.parametrize(
    ("status", "errors", "reason", "opted_out"),
    [
        ("delivery_failed", [{"code": "40008", "title": "Undeliverable", "detail": "words"}], "40008: words", False),
        ("delivery_failed", [{"code": "40008", "title": "Undeliverable"}], "40008: Undeliverable", False),
        ("sending_failed", [{"code": "40300", "title": "Blocked"}], "40300: Blocked", True),
        ("expired", [], "expired", False),
        ("expired", None, "expired", False),
        ("delivered", [], None, False),
    ],
)
def test_a_failure_has_its_reason(status: str, errors: Any, reason: str | None, opted_out: bool) -> None:
    receipt = telnyx.parse_receipt(event(to=[{"status": status}], errors=errors))
    assert (receipt.failed_reason, receipt.opted_out) == (reason, opted_out)
    assert isinstance(receipt, Receipt)


NUMBERS: dict[str, Any] = {"from": {"phone_number": "+12025550100"}, "to": [{"phone_number": "+15005550008"}]}


@pytest.mark.parametrize(
    ("payload", "body", "media", "opt_out"),
    [
        ({"text": "Hi", "media": []}, "Hi", (), None),
        ({"text": None, "media": [{"url": "https://m/0"}]}, "", ("https://m/0",), None),
        ({"text": "stop", "autoresponse_type": "STOP"}, "stop", (), OptOut.OUT),
        ({"text": "start", "autoresponse_type": "START"}, "start", (), OptOut.IN),
        ({"text": "help", "autoresponse_type": "HELP"}, "help", (), OptOut.HELP),
        ({"text": "x", "autoresponse_type": None}, "x", (), None),
    ],
)
def test_an_inbound_message_is_read(payload: dict[str, Any], body: str, media: tuple[str, ...], opt_out: OptOut | None) -> None:
    expected = Inbound("m1", "+12025550100", "+15005550008", body, media, opt_out)
    assert telnyx.parse_inbound(event("message.received", **NUMBERS, **payload)) == expected


def test_a_status_is_no_inbound_message() -> None:
    assert telnyx.parse_inbound(event(**NUMBERS)) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"data": null}',
        b'{"data": {"payload": "x"}}',
        event("message.received"),
        event("message.received", to=[]),
    ],
)
def test_what_is_no_webhook_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationFailed):
        telnyx.parse_receipt(body)
    with pytest.raises(ValidationFailed):
        telnyx.parse_inbound(body)
