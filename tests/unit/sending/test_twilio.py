from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from outreach.errors import Unavailable, ValidationFailed
from outreach.messages.status import Status
from outreach.sending import carrier_http, twilio
from outreach.sending.outcomes import Accepted, Deferred, Outcome, Refused
from outreach.sending.webhooks import Inbound, OptOut, Receipt, Webhook
from tests.support.http_server import Reply, hang_up, reply, serving
from tests.unit.sending.examples import TEXT, TWILIO

TOKEN = TWILIO.credentials["token"]
FORM = "application/x-www-form-urlencoded"
SETTINGS = "x-twilio-webhooks-signature-settings"
LATER = carrier_http.CONGESTED_SECONDS
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
JSON_BODY = b'{"a": "\xc3\xa9"}'
JSON_URL = f"{URL}&bodySHA256={hashlib.sha256(JSON_BODY).hexdigest()}"


def error(status: int, code: int | None, **headers: str) -> Reply:
    return reply(status, json.dumps({"code": code, "message": "words", "status": status}).encode(), headers)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(201, b'{"sid": "SM1", "status": "queued"}'), Accepted("SM1")),
        (error(401, 20003), Refused("20003: words", account_fault=True)),
        (error(400, 20005), Refused("20005: words", account_fault=True)),
        (error(403, 10001), Refused("10001: words", account_fault=True)),
        (error(429, 20429, **{"Retry-After": "3"}), Deferred(3, "20429: words")),
        (error(503, 20429), Deferred(carrier_http.THROTTLED_SECONDS, "20429: words")),
        (error(400, 21211), Refused("21211: words")),
        (error(403, 21408), Refused("21408: words")),
        (error(400, 21610), Refused("21610: words", opted_out=True)),
        (error(400, 21611), Deferred(LATER, "21611: words")),
        (error(400, 21614), Refused("21614: words")),
        (error(400, 30001), Deferred(LATER, "30001: words")),
        (error(400, 30004), Refused("30004: words")),
        (error(400, 30005), Refused("30005: words")),
        (error(400, 30006), Refused("30006: words")),
        (error(400, 30007), Refused("30007: words")),
        (error(400, 99999), Refused("99999: words")),
        (error(400, None), Refused("words")),
    ],
)
def test_each_answer_has_its_outcome(answer: Reply, outcome: Outcome) -> None:
    with serving(answer) as server:
        assert TWILIO.send(server.url) == outcome


SINCE = datetime(2026, 3, 1, 23, 59, 58, 700_000, tzinfo=UTC)


def listed(sid: str, body: str = TEXT.body, created: datetime = SINCE) -> dict[str, Any]:
    return {"sid": sid, "body": body, "date_created": created.strftime("%a, %d %b %Y %H:%M:%S +0000")}


def list_candidates(base_url: str) -> list[str]:
    return twilio.candidates(TWILIO.account, TWILIO.credentials, TEXT.sender, TEXT.recipient, TEXT.body, SINCE, base_url=base_url)


def test_candidates_have_the_same_body_and_are_not_older() -> None:
    messages = [
        listed("same second"),
        listed("next day", created=SINCE + timedelta(seconds=5)),
        listed("older", created=SINCE - timedelta(seconds=1)),
        listed("other body", body="x"),
    ]
    with serving(reply(200, json.dumps({"messages": messages}).encode())) as server:
        assert list_candidates(server.url) == ["same second", "next day"]
    query = parse_qs(server.requests[0].path.partition("?")[2])
    assert (query["From"], query["To"], query["DateSent>"]) == ([TEXT.sender], [TEXT.recipient], ["2026-03-01"])


@pytest.mark.parametrize("answer", [reply(500), reply(429), hang_up])
def test_candidates_are_unavailable_when_the_list_is(answer: Reply) -> None:
    with serving(answer) as server, pytest.raises(Unavailable):
        list_candidates(server.url)


class Form(dict[str, str]):
    """A form with repeated names, as the SDK understands it."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


def signed(url: str, pairs: list[tuple[str, str]], *, key: str = TOKEN, settings: str = "", signed_url: str = "") -> Webhook:
    """A form webhook signed by the SDK."""
    algorithm = settings.partition("algorithm=")[2] or None
    signature = RequestValidator(key).compute_signature(signed_url or url, Form(pairs), algorithm)
    headers = {"x-twilio-signature": signature, "content-type": f"{FORM}; charset=utf-8"} | (
        {SETTINGS: settings} if settings else {}
    )
    return Webhook(url, headers, urlencode(pairs).encode())


def changed(webhook: Webhook, *, url: str = "", body: bytes = b"", **headers: str) -> Webhook:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Webhook(url or webhook.url, {**webhook.headers, **named}, body or webhook.body)


def signed_json(url: str, body: bytes) -> Webhook:
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    return Webhook(url, {"x-twilio-signature": signature, "content-type": "application/json"}, body)


PAIRS = list(CALL.items())
GENUINE = signed(URL, PAIRS)


def test_the_published_vector_verifies() -> None:
    assert GENUINE.headers["x-twilio-signature"] == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert twilio.verify(GENUINE, TWILIO.credentials)


@pytest.mark.parametrize(
    "webhook",
    [
        pytest.param(signed(URL, []), id="no parameters"),
        pytest.param(signed(URL, [*PAIRS, ("Body", ""), ("", "x")]), id="blanks"),
        pytest.param(signed(URL, [("A", "2"), ("A", "1"), ("A", "2"), ("AB", "0")]), id="repeated names"),
        pytest.param(signed(URL, [("Body", "Grüße 😀 a+b=c&d % \r\n")]), id="any text"),
        pytest.param(signed("https://a.test/x", PAIRS, signed_url="https://a.test:443/x"), id="signed with port"),
        pytest.param(signed("https://a.test:443/x", PAIRS, signed_url="https://a.test/x"), id="signed without port"),
        pytest.param(signed("http://a.test/x", PAIRS, signed_url="http://a.test:80/x"), id="signed with port, http"),
        pytest.param(signed("http://127.0.0.1:3000/x?y=z", PAIRS), id="odd port"),
        pytest.param(signed("http://a.test:8080/x", PAIRS, signed_url="http://a.test/x"), id="odd port left out"),
        pytest.param(signed("http://a.test/x?", PAIRS, signed_url="http://a.test/x?"), id="empty query"),
        pytest.param(signed_json(JSON_URL, JSON_BODY), id="json"),
        pytest.param(signed(URL, PAIRS, settings="algorithm=HMAC_SHA256"), id="sha-256"),
        pytest.param(signed(URL, PAIRS, settings="algorithm=HMAC_SHA1"), id="sha-1, said"),
        pytest.param(signed(URL, PAIRS, key="shared", settings="key=sk1,algorithm=HMAC_SHA256"), id="shared key"),
    ],
)
def test_genuine_webhooks_verify(webhook: Webhook) -> None:
    assert twilio.verify(webhook, TWILIO.credentials | {"shared_key": "shared"})


@pytest.mark.parametrize(
    "webhook",
    [
        pytest.param(signed(URL, PAIRS, key="another"), id="another token"),
        pytest.param(changed(GENUINE, url=URL + "3"), id="another url"),
        pytest.param(changed(GENUINE, url=URL.replace("mycompany", "other")), id="another host"),
        pytest.param(changed(GENUINE, body=GENUINE.body + b"&Extra="), id="a blank more"),
        pytest.param(changed(GENUINE, body=GENUINE.body.replace(b"1234", b"1235")), id="another value"),
        pytest.param(changed(GENUINE, body=b"\xff"), id="no text"),
        pytest.param(changed(GENUINE, x_twilio_signature=""), id="empty signature"),
        pytest.param(changed(GENUINE, x_twilio_signature="é"), id="no ascii"),
        pytest.param(Webhook(URL, {"content-type": FORM}, GENUINE.body), id="no signature"),
        pytest.param(changed(GENUINE, x_twilio_webhooks_signature_settings="algorithm=HMAC_SHA256"), id="another algorithm"),
        pytest.param(changed(GENUINE, x_twilio_webhooks_signature_settings="algorithm=NONE"), id="unknown algorithm"),
        pytest.param(changed(signed(URL, []), content_type="application/json", body=JSON_BODY), id="json without a hash"),
        pytest.param(signed_json(JSON_URL, JSON_BODY + b" "), id="another json"),
        pytest.param(signed_json(f"{URL}&bodySHA256=", JSON_BODY), id="an empty hash"),
    ],
)
def test_forged_webhooks_do_not_verify(webhook: Webhook) -> None:
    assert not twilio.verify(webhook, TWILIO.credentials)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6))
def test_any_form_that_the_sdk_signs_verifies(pairs: list[tuple[str, str]]) -> None:
    assert twilio.verify(signed(URL, pairs), TWILIO.credentials)


def test_a_signature_of_random_bytes_does_not_verify() -> None:
    assert not twilio.verify(changed(GENUINE, x_twilio_signature=b64encode(bytes(20)).decode()), TWILIO.credentials)


def receipt_form(status: str, **more: str) -> bytes:
    return urlencode({"MessageSid": "SM1", "MessageStatus": status, "NewParameter": "x", **more}).encode()


@pytest.mark.parametrize(
    ("carrier", "ours"),
    [
        ("accepted", Status.SENDING),
        ("scheduled", Status.SENDING),
        ("queued", Status.SENDING),
        ("sending", Status.SENDING),
        ("sent", Status.SENT),
        ("partially_delivered", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("read", Status.DELIVERED),
        ("undelivered", Status.UNDELIVERED),
        ("failed", Status.FAILED),
        ("canceled", Status.FAILED),
        ("receiving", None),
        ("received", None),
        ("invented tomorrow", None),
    ],
)
def test_each_status_has_its_meaning(carrier: str, ours: Status | None) -> None:
    assert twilio.parse_receipt(receipt_form(carrier)).status == ours


@pytest.mark.parametrize(
    ("form", "receipt"),
    [
        (receipt_form("undelivered", ErrorCode="30003"), ("30003: the handset can't be reached", False)),
        (receipt_form("undelivered", ErrorCode="30003", ErrorMessage="words"), ("30003: words", False)),
        (receipt_form("failed", ErrorCode="99999"), ("99999: failed", False)),
        (receipt_form("failed"), ("failed", False)),
        (receipt_form("failed", ErrorCode="21610"), ("21610: the recipient has unsubscribed", True)),
        (receipt_form("delivered", ErrorCode=""), (None, False)),
    ],
)
def test_a_failure_has_its_reason(form: bytes, receipt: tuple[str | None, bool]) -> None:
    parsed = twilio.parse_receipt(form)
    assert (parsed.failed_reason, parsed.opted_out) == receipt
    assert isinstance(parsed, Receipt)


def inbound_form(**more: str) -> bytes:
    return urlencode({"MessageSid": "SM2", "From": "+12025550100", "To": "+15005550006", "Body": " STOP ", **more}).encode()


@pytest.mark.parametrize(
    ("form", "media", "opt_out"),
    [
        (inbound_form(), (), None),
        (inbound_form(NumMedia="0", OptOutType=""), (), None),
        (inbound_form(NumMedia="2", MediaUrl0="https://m/0", MediaUrl1="https://m/1"), ("https://m/0", "https://m/1"), None),
        (inbound_form(OptOutType="STOP"), (), OptOut.OUT),
        (inbound_form(OptOutType="START"), (), OptOut.IN),
        (inbound_form(OptOutType="HELP"), (), OptOut.HELP),
        (inbound_form(OptOutType="NEW"), (), None),
    ],
)
def test_an_inbound_message_is_read(form: bytes, media: tuple[str, ...], opt_out: OptOut | None) -> None:
    assert twilio.parse_inbound(form) == Inbound("SM2", "+12025550100", "+15005550006", " STOP ", media, opt_out)


def test_a_status_is_no_inbound_message() -> None:
    assert twilio.parse_inbound(receipt_form("delivered", From="+15005550006", To="+12025550100")) is None


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"MessageSid=SM1", b"From=1&To=2", inbound_form(NumMedia="1"), inbound_form(NumMedia="x")]
)
def test_what_is_no_webhook_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationFailed):
        twilio.parse_receipt(body)
    with pytest.raises(ValidationFailed):
        twilio.parse_inbound(body)
