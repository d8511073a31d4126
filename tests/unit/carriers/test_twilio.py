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

from outreach import clock
from outreach.carriers import carrier_http, twilio
from outreach.carriers.outcomes import Accepted, Refused, RetryLater, SendOutcome, Throttled, Unknown
from outreach.carriers.protocol import Candidates
from outreach.carriers.webhook_messages import CarrierWebhook, InboundMessage, Receipt, attachment
from outreach.consent.keywords import Keyword
from outreach.errors import ValidationFailed
from outreach.messages.status import MessageStatus
from tests.support.http_server import Reply, hang_up, reply, serving
from tests.unit.carriers.examples import TEXT, TWILIO

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


def parse_inbound(body: bytes) -> InboundMessage | None:
    """Parse the body of a webhook that has just arrived."""
    return twilio.parse_inbound(body, clock.now())


def error(status: int, code: int | None, **headers: str) -> Reply:
    return reply(status, json.dumps({"code": code, "message": "words", "status": status}).encode(), headers)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(201, b'{"sid": "SM1", "status": "queued"}'), Accepted("SM1")),
        (error(401, 20003), Refused("20003: words", account_fault=True)),
        (error(400, 20005), Refused("20005: words", account_fault=True)),
        (error(403, 10001), Refused("10001: words", account_fault=True)),
        (error(429, 20429, **{"Retry-After": "3"}), Throttled("20429: words", 3)),
        (error(503, 20429), Throttled("20429: words")),
        (error(400, 21211), Refused("21211: words")),
        (error(403, 21408), Refused("21408: words")),
        (error(400, 21610), Refused("21610: words", opted_out=True)),
        (error(400, 21606), Refused("21606: words", account_fault=True, sender_fault=True)),
        (error(400, 21611), RetryLater(LATER, "21611: words", account_stopped=True)),
        (error(400, 21614), Refused("21614: words")),
        (error(400, 30001), RetryLater(LATER, "30001: words", account_stopped=True)),
        (error(400, 30004), Refused("30004: words")),
        (error(400, 30005), Refused("30005: words")),
        (error(400, 30006), Refused("30006: words")),
        (error(400, 30007), Refused("30007: words")),
        (error(429, 63038), RetryLater(3600, "63038: words", account_stopped=True)),
        (error(400, 99999), Refused("99999: words", unknown_code="99999")),
        (error(400, None), Refused("words", unknown_code="HTTP 400")),
        (reply(400, b'{"code": 21610, "message": null}'), Refused("21610: the recipient has unsubscribed", opted_out=True)),
    ],
)
def test_each_response_has_its_outcome(answer: Reply, outcome: SendOutcome) -> None:
    with serving(answer) as server:
        assert TWILIO.send(server.url) == outcome


def created(status: str, code: int | None = None, message: str | None = None) -> Reply:
    return reply(201, json.dumps({"sid": "SM1", "status": status, "error_code": code, "error_message": message}).encode())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (created("accepted"), Accepted("SM1")),
        (created("invented tomorrow", 30003), Accepted("SM1")),
        (created("failed", 30007, "words"), Refused("30007: words")),
        (created("undelivered", 21610), Refused("21610: the recipient has unsubscribed", opted_out=True)),
        (created("failed", 30002), Refused("30002: the account is suspended", account_fault=True)),
        (created("failed", 99999), Refused("99999: failed", unknown_code="99999")),
        (created("canceled"), Refused("canceled", unknown_code="HTTP 400")),
    ],
)
def test_a_message_that_has_failed_at_once_is_refused_because_no_receipt_follows(answer: Reply, outcome: SendOutcome) -> None:
    with serving(answer) as server:
        assert TWILIO.send(server.url) == outcome


def test_twilio_is_asked_to_repeat_receipts_that_are_refused_or_throttled() -> None:
    with serving(reply(201, b'{"sid": "SM1"}')) as server:
        TWILIO.send(server.url)
    (address,) = parse_qs(server.requests[0].body.decode())["StatusCallback"]
    assert address == f"{TEXT.status_url}#rc=5&rp=all"


SINCE = datetime(2026, 3, 1, 23, 59, 58, 700_000, tzinfo=UTC)


def listed(sid: str, body: str = TEXT.body, created: datetime = SINCE) -> dict[str, Any]:
    return {"sid": sid, "body": body, "date_created": created.strftime("%a, %d %b %Y %H:%M:%S +0000")}


def reconcile(base_url: str) -> Candidates | Unknown:
    return twilio.reconcile(TWILIO.account, TWILIO.credentials, TEXT, SINCE, base_url=base_url)


def test_candidates_have_the_same_body_and_are_not_older() -> None:
    messages = [
        listed("same second"),
        listed("next day", created=SINCE + timedelta(seconds=5)),
        listed("older", created=SINCE - timedelta(seconds=1)),
        listed("other body", body="x"),
        *(listed("no time") | {"date_created": time} for time in (None, "", "x", f"Sun, 01 Mar {'9' * 20} 23:59:59 +0000")),
    ]
    with serving(reply(200, json.dumps({"messages": messages}).encode())) as server:
        assert reconcile(server.url) == Candidates({"same second": "", "next day": ""})
    query = parse_qs(server.requests[0].path.partition("?")[2])
    assert (query["From"], query["To"], query["DateSent>"]) == ([TEXT.sender], [TEXT.recipient], ["2026-03-01"])


@pytest.mark.parametrize("answer", [reply(500), reply(429), hang_up])
def test_the_outcome_stays_unknown_when_the_list_is_unavailable(answer: Reply) -> None:
    with serving(answer) as server:
        assert isinstance(reconcile(server.url), Unknown)


class Form(dict[str, str]):
    """A form with repeated names, in the form that the SDK accepts."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


def signed(
    url: str, pairs: list[tuple[str, str]], *, key: str = TOKEN, settings: str = "", signed_url: str = ""
) -> CarrierWebhook:
    """A form webhook signed by the SDK."""
    algorithm = settings.partition("algorithm=")[2] or None
    signature = RequestValidator(key).compute_signature(signed_url or url, Form(pairs), algorithm)
    headers = {"x-twilio-signature": signature, "content-type": f"{FORM}; charset=utf-8"} | (
        {SETTINGS: settings} if settings else {}
    )
    return CarrierWebhook(url, headers, urlencode(pairs).encode())


def modified(webhook: CarrierWebhook, *, url: str = "", body: bytes = b"", **headers: str) -> CarrierWebhook:
    new = {name.replace("_", "-"): value for name, value in headers.items()}
    return CarrierWebhook(url or webhook.url, {**webhook.headers, **new}, body or webhook.body)


def signed_json(url: str, body: bytes) -> CarrierWebhook:
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    return CarrierWebhook(url, {"x-twilio-signature": signature, "content-type": "application/json"}, body)


PAIRS = list(CALL.items())
GENUINE = signed(URL, PAIRS)


def test_the_published_example_is_verified() -> None:
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
        pytest.param(signed("http://127.0.0.1:3000/x?y=z", PAIRS), id="unusual port"),
        pytest.param(signed("http://a.test:8080/x", PAIRS, signed_url="http://a.test/x"), id="unusual port omitted"),
        pytest.param(signed("http://a.test/x?", PAIRS, signed_url="http://a.test/x?"), id="empty query"),
        pytest.param(signed_json(JSON_URL, JSON_BODY), id="json"),
        pytest.param(signed(URL, PAIRS, settings="algorithm=HMAC_SHA256"), id="sha-256"),
        pytest.param(signed(URL, PAIRS, settings="algorithm=HMAC_SHA1"), id="sha-1, explicit"),
        pytest.param(signed(URL, PAIRS, key="shared", settings="key=sk1,algorithm=HMAC_SHA256"), id="shared key"),
    ],
)
def test_genuine_webhooks_are_verified(webhook: CarrierWebhook) -> None:
    assert twilio.verify(webhook, TWILIO.credentials | {"shared_key": "shared"})


@pytest.mark.parametrize(("key", "genuine"), [("old", True), (TWILIO.credentials["token"], True), ("older", False), ("", False)])
def test_webhooks_signed_with_the_previous_token_are_verified_while_it_is_replaced(key: str, genuine: bool) -> None:
    credentials = TWILIO.credentials | {"previous_token": "old"}
    assert twilio.verify(signed(URL, PAIRS, key=key), credentials) == genuine
    assert not twilio.verify(signed(URL, PAIRS, key=""), credentials | {"previous_token": ""})


@pytest.mark.parametrize(
    "webhook",
    [
        pytest.param(signed(URL, PAIRS, key="another"), id="another token"),
        pytest.param(modified(GENUINE, url=URL + "3"), id="another url"),
        pytest.param(modified(GENUINE, url=URL.replace("mycompany", "other")), id="another host"),
        pytest.param(modified(GENUINE, body=GENUINE.body + b"&Extra="), id="an extra blank parameter"),
        pytest.param(modified(GENUINE, body=GENUINE.body.replace(b"1234", b"1235")), id="another value"),
        pytest.param(modified(GENUINE, body=b"\xff"), id="not text"),
        pytest.param(modified(GENUINE, x_twilio_signature=""), id="empty signature"),
        pytest.param(modified(GENUINE, x_twilio_signature="é"), id="not ascii"),
        pytest.param(CarrierWebhook(URL, {"content-type": FORM}, GENUINE.body), id="no signature"),
        pytest.param(modified(GENUINE, x_twilio_webhooks_signature_settings="algorithm=HMAC_SHA256"), id="another algorithm"),
        pytest.param(modified(GENUINE, x_twilio_webhooks_signature_settings="algorithm=NONE"), id="unknown algorithm"),
        pytest.param(modified(signed(URL, []), content_type="application/json", body=JSON_BODY), id="json without a hash"),
        pytest.param(signed_json(JSON_URL, JSON_BODY + b" "), id="another json"),
        pytest.param(signed_json(f"{URL}&bodySHA256=", JSON_BODY), id="an empty hash"),
        pytest.param(signed(URL, [(str(number), "") for number in range(1_001)]), id="more parameters than Twilio sends"),
    ],
)
def test_forged_webhooks_are_rejected(webhook: CarrierWebhook) -> None:
    assert not twilio.verify(webhook, TWILIO.credentials)


@pytest.mark.parametrize("parameters", ["", ";charset=UTF-8", " ; Charset=utf-8"])
@pytest.mark.parametrize("media_type", [FORM, FORM.upper(), FORM.title()])
def test_a_genuine_form_is_verified_however_its_media_type_is_spelled(media_type: str, parameters: str) -> None:
    assert twilio.verify(modified(GENUINE, content_type=media_type + parameters), TWILIO.credentials)


def test_a_media_type_that_only_begins_like_a_form_is_no_form() -> None:
    assert not twilio.verify(modified(GENUINE, content_type=f"{FORM}-v2"), TWILIO.credentials)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6))
def test_every_form_that_the_sdk_signs_is_verified(pairs: list[tuple[str, str]]) -> None:
    assert twilio.verify(signed(URL, pairs), TWILIO.credentials)


def test_a_random_signature_is_rejected() -> None:
    assert not twilio.verify(modified(GENUINE, x_twilio_signature=b64encode(bytes(20)).decode()), TWILIO.credentials)


def receipt_form(status: str, **more: str) -> bytes:
    return urlencode({"MessageSid": "SM1", "MessageStatus": status, "NewParameter": "x", **more}).encode()


@pytest.mark.parametrize(
    ("carrier", "ours"),
    [
        ("accepted", MessageStatus.SENDING),
        ("scheduled", MessageStatus.SENDING),
        ("queued", MessageStatus.SENDING),
        ("sending", MessageStatus.SENDING),
        ("sent", MessageStatus.SENT),
        ("partially_delivered", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("read", MessageStatus.DELIVERED),
        ("undelivered", MessageStatus.UNDELIVERED),
        ("failed", MessageStatus.FAILED),
        ("canceled", MessageStatus.FAILED),
        ("receiving", None),
        ("received", None),
        ("invented tomorrow", None),
    ],
)
def test_each_status_is_mapped(carrier: str, ours: MessageStatus | None) -> None:
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
        (inbound_form(OptOutType="STOP"), (), Keyword.OUT),
        (inbound_form(OptOutType="START"), (), Keyword.IN),
        (inbound_form(OptOutType="HELP"), (), Keyword.HELP),
        (inbound_form(OptOutType="NEW"), (), None),
        (inbound_form(NumMedia="2", MediaUrl1="https://m/1"), ("https://m/1",), None),
        (inbound_form(NumMedia="1"), (), None),
        (inbound_form(NumMedia="x", MediaUrl0=""), (), None),
        (inbound_form(NumMedia="999999999"), (), None),
    ],
)
def test_an_inbound_message_is_parsed(form: bytes, media: tuple[str, ...], opt_out: Keyword | None) -> None:
    files = tuple(attachment(url) for url in media)
    expected = InboundMessage("SM2", "+12025550100", "+15005550006", " STOP ", media, opt_out, attachments=files)
    assert parse_inbound(form) == expected


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/png", "image"),
        ("IMAGE/JPEG", "image"),
        ("Video/mp4; codecs=avc1", "video"),
        (" audio/amr", "audio"),
        ("text/vcard", "file"),
        ("x", "file"),
        ("", "file"),
    ],
)
def test_a_file_has_the_type_that_the_carrier_reports(content_type: str, kind: str) -> None:
    parsed = parse_inbound(inbound_form(NumMedia="1", MediaUrl0="https://m/0", MediaContentType0=content_type))
    assert parsed
    described = {"contentType": content_type} if content_type else {}
    assert parsed.attachments == ({"type": kind, "url": "https://m/0", **described},)


def test_a_file_without_an_address_is_kept_with_what_is_known() -> None:
    media = {"MediaContentType0": "image/png", "MediaUrl2": "https://m/2"}
    parsed = parse_inbound(inbound_form(NumMedia="3", **media))
    assert parsed
    assert parsed.attachments == ({"type": "image", "contentType": "image/png"}, {"type": "file", "url": "https://m/2"})
    assert parsed.media_urls == ("https://m/2",)


def test_an_inbound_message_without_a_sender_is_kept() -> None:
    parsed = parse_inbound(urlencode({"MessageSid": "SM2", "To": "+15005550006"}).encode())
    assert parsed == InboundMessage("SM2", "", "+15005550006", "")


def test_an_inbound_message_without_a_recipient_is_kept() -> None:
    parsed = parse_inbound(urlencode({"MessageSid": "SM2", "From": "+12025550100", "Body": "STOP"}).encode())
    assert parsed
    assert parsed.at("+15005550006") == InboundMessage("SM2", "+12025550100", "+15005550006", "STOP")


@pytest.mark.parametrize("name", ["MessageStatus", "SmsStatus"])
@pytest.mark.parametrize("status", ["delivered", "read", "invented tomorrow"])
def test_a_status_is_not_an_inbound_message(name: str, status: str) -> None:
    assert parse_inbound(inbound_form(**{name: status})) is None


@pytest.mark.parametrize("name", ["MessageStatus", "SmsStatus"])
@pytest.mark.parametrize("status", ["", "received", "receiving", "Received"])
def test_an_inbound_message_may_have_the_status_of_one(name: str, status: str) -> None:
    assert parse_inbound(inbound_form(**{name: status})) == parse_inbound(inbound_form())


def test_an_inbound_message_at_the_fallback_address_is_the_same() -> None:
    fallback = inbound_form(ErrorCode="11200", ErrorUrl="https://a.test/webhooks/twilio/x/inbound")
    assert parse_inbound(fallback) == parse_inbound(inbound_form())


@pytest.mark.parametrize(
    ("reported", "sender"),
    [
        ("whatsapp:+12025550100", "+12025550100"),
        ("rcs:+12025550100", "+12025550100"),
        ("rcs:agent", "rcs:agent"),
        ("messenger:12345", "messenger:12345"),
        ("Shop: +1 off", "Shop: +1 off"),
    ],
)
def test_a_number_has_no_channel_before_it(reported: str, sender: str) -> None:
    parsed = parse_inbound(inbound_form(From=reported, To=reported))
    assert parsed
    assert (parsed.sender, parsed.recipient) == (sender, sender)


def test_the_older_names_of_parameters_are_read() -> None:
    receipt = twilio.parse_receipt(urlencode({"SmsSid": "SM1", "SmsStatus": "delivered"}).encode())
    assert receipt == Receipt("SM1", MessageStatus.DELIVERED)
    form = {"SmsMessageSid": "SM2", "SmsStatus": "received", "From": "+12025550100", "To": "+15005550006", "Body": "Hi"}
    parsed = parse_inbound(urlencode(form).encode())
    assert parsed == InboundMessage("SM2", "+12025550100", "+15005550006", "Hi")


def test_bytes_that_are_no_text_do_not_lose_a_message() -> None:
    assert twilio.parse_receipt(receipt_form("delivered") + b"&City=Orl\xe9ans").status is MessageStatus.DELIVERED
    parsed = parse_inbound(inbound_form() + b"&City=Orl\xe9ans")
    assert parsed
    assert parsed.body == " STOP "


@pytest.mark.parametrize("body", [b"", b"\xff", b"MessageSid=SM1", b"From=1&To=2", b"MessageSid=&MessageStatus=sent"])
def test_a_receipt_without_an_id_or_a_status_is_rejected(body: bytes) -> None:
    with pytest.raises(ValidationFailed):
        twilio.parse_receipt(body)


@pytest.mark.parametrize("body", [b"", b"\xff", b"From=1&To=2", inbound_form(MessageSid="")])
def test_an_inbound_message_without_an_id_is_rejected(body: bytes) -> None:
    with pytest.raises(ValidationFailed):
        parse_inbound(body)
