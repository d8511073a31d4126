from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import telnyx as sdk
from nacl.signing import SigningKey

from outreach import clock
from outreach.carriers import carrier_http, telnyx
from outreach.carriers.outcomes import Accepted, Refused, RetryLater, SendOutcome, Throttled, Unknown
from outreach.carriers.webhook_messages import CarrierWebhook, InboundMessage, Receipt, attachment
from outreach.consent.keywords import Keyword
from outreach.errors import ValidationFailed
from outreach.messages.status import MessageStatus
from tests.support.http_server import Reply, hang_up, reply, serving
from tests.unit.carriers.examples import TELNYX, TELNYX_SIGNING_KEY

LATER = carrier_http.CONGESTED_SECONDS
NOW = datetime(2026, 3, 1, 23, 0, 30, tzinfo=UTC)
PUBLIC_KEY = TELNYX.credentials["public_key"]


def parse_inbound(body: bytes) -> InboundMessage | None:
    """Parse the body of a webhook that has just arrived."""
    return telnyx.parse_inbound(body, clock.now())


def error(status: int, code: str, **headers: str) -> Reply:
    body = {"errors": [{"code": code, "title": "Title", "detail": "words", "meta": {}}]}
    return reply(status, json.dumps(body).encode(), headers)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(200, b'{"data": {"id": "m1", "to": [{"status": "queued"}]}}'), Accepted("m1")),
        (error(401, "10009"), Refused("10009: words", account_fault=True)),
        (error(403, "10010"), Refused("10010: words", account_fault=True)),
        (error(429, "10011", **{"x-ratelimit-reset": "17"}), Throttled("10011: words", 17)),
        (error(429, "10011", **{"x-ratelimit-reset": "soon"}), Throttled("10011: words")),
        (error(429, "10011", **{"x-ratelimit-reset": "9" * 9}), Throttled("10011: words", 86_400)),
        (error(402, "20100"), Refused("20100: words", account_fault=True)),
        (error(403, "40312"), Refused("40312: words", account_fault=True)),
        (error(400, "40305"), Refused("40305: words", account_fault=True, sender_fault=True)),
        (error(400, "40318"), RetryLater(LATER, "40318: words", account_stopped=True)),
        (error(409, "10036"), Unknown("10036: words")),
        (error(400, "40001"), Refused("40001: words")),
        (error(400, "40002"), RetryLater(LATER, "40002: words")),
        (error(400, "40003"), Refused("40003: words")),
        (error(400, "40004"), RetryLater(LATER, "40004: words")),
        (error(400, "40006"), RetryLater(LATER, "40006: words")),
        (error(400, "40008"), Refused("40008: words")),
        (error(400, "40011"), Throttled("40011: words")),
        (error(400, "40012"), Refused("40012: words")),
        (error(400, "40300"), Refused("40300: words", opted_out=True)),
        (error(409, "40300"), Refused("40300: words", opted_out=True)),
        (error(500, "40300"), Refused("40300: words", opted_out=True)),
        (error(400, "40310"), Refused("40310: words")),
        (reply(400, b'{"errors": {"code": "40310", "detail": "words"}}'), Refused("40310: words")),
        (error(429, "40333"), RetryLater(3570, "40333: words", account_stopped=True)),
        (error(422, "99999"), Refused("99999: words", unknown_code="99999")),
        (reply(400, b'{"errors": [{"code": "1", "title": "Title"}]}'), Refused("1: Title", unknown_code="1")),
        (reply(400, b'{"errors": [{"code": "40310"}]}'), Refused("40310: not a valid number")),
        (reply(400, b'{"errors": []}'), Refused("HTTP 400", unknown_code="HTTP 400")),
    ],
)
def test_each_response_has_its_outcome(answer: Reply, outcome: SendOutcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with serving(answer) as server:
        assert TELNYX.send(server.url) == outcome


def test_a_repeated_request_has_the_same_key_and_bytes() -> None:
    with serving(hang_up) as server:
        outcomes = [TELNYX.send(server.url) for _ in range(2)]
    first, second = server.requests
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]
    assert (first.body, first.headers["idempotency-key"]) == (second.body, second.headers["idempotency-key"])


BODY = '{"data": {"id": "e1", "payload": "Grüße"}}'.encode()


def signed(offset: int = 0, *, signed_body: bytes = BODY, key: Any = TELNYX_SIGNING_KEY, **headers: str) -> CarrierWebhook:
    """A webhook with a timestamp ``offset`` seconds from now."""
    timestamp = str(int(clock.now().timestamp()) + offset)
    signature = key.sign(f"{timestamp}|".encode() + signed_body).signature
    valid = {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": b64encode(signature).decode()}
    return CarrierWebhook("https://a.test/x", valid | {name.replace("_", "-"): value for name, value in headers.items()}, BODY)


@pytest.mark.parametrize(
    ("make_webhook", "genuine"),
    [
        pytest.param(lambda: signed(), True, id="now"),
        pytest.param(lambda: signed(-270), True, id="almost too old"),
        pytest.param(lambda: signed(+270), True, id="almost too new"),
        pytest.param(lambda: signed(-330), False, id="too old"),
        pytest.param(lambda: signed(+330), False, id="too new"),
        pytest.param(lambda: signed(signed_body=b"{}"), False, id="another body"),
        pytest.param(lambda: signed(key=type(TELNYX_SIGNING_KEY)(bytes(32))), False, id="another key"),
        pytest.param(lambda: signed(telnyx_timestamp=str(int(clock.now().timestamp()) + 1)), False, id="another time"),
        pytest.param(lambda: signed(telnyx_timestamp="now"), False, id="not a time"),
        pytest.param(lambda: signed(telnyx_signature_ed25519="?"), False, id="not base64"),
        pytest.param(lambda: signed(telnyx_signature_ed25519="é"), False, id="not ascii"),
        pytest.param(lambda: signed(telnyx_signature_ed25519=b64encode(bytes(63)).decode()), False, id="too short"),
        pytest.param(lambda: CarrierWebhook("https://a.test/x", {}, BODY), False, id="no headers"),
        pytest.param(lambda: CarrierWebhook("https://a.test/x", signed().headers, b"\xff"), False, id="not text"),
    ],
)
def test_a_webhook_is_verified_like_in_the_sdk(make_webhook: Callable[[], CarrierWebhook], genuine: bool) -> None:
    webhook = make_webhook()  # here, because its timestamp must be recent
    assert telnyx.verify(webhook, TELNYX.credentials) == genuine
    assert accepted_by_sdk(webhook) == genuine


NEW_KEY = SigningKey(bytes(range(32)))


@pytest.mark.parametrize(("key", "genuine"), [(NEW_KEY, True), (TELNYX_SIGNING_KEY, True), (SigningKey(bytes(32)), False)])
def test_either_key_verifies_webhooks_while_the_key_is_replaced(key: SigningKey, genuine: bool) -> None:
    credentials = {"public_key": b64encode(bytes(NEW_KEY.verify_key)).decode(), "previous_public_key": PUBLIC_KEY}
    assert telnyx.verify(signed(key=key), credentials) == genuine


@pytest.mark.parametrize("unusable", ["", "?", "c2hvcnQ="])
def test_an_unusable_key_does_not_keep_the_other_one_from_verifying(unusable: str) -> None:
    assert telnyx.verify(signed(), {"public_key": unusable, "previous_public_key": PUBLIC_KEY})
    assert telnyx.verify(signed(), {"public_key": PUBLIC_KEY, "previous_public_key": unusable})
    assert not telnyx.verify(signed(), {"public_key": unusable})


@pytest.mark.parametrize("digits", [400, 5000])
def test_an_enormous_timestamp_is_rejected(digits: int) -> None:
    """The SDK itself fails with an error."""
    assert not telnyx.verify(signed(telnyx_timestamp="9" * digits), TELNYX.credentials)


def accepted_by_sdk(webhook: CarrierWebhook) -> bool:
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
        ("queued", MessageStatus.SENDING),
        ("sending", MessageStatus.SENDING),
        ("sent", MessageStatus.SENT),
        ("delivery_unconfirmed", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("delivery_failed", MessageStatus.UNDELIVERED),
        ("expired", MessageStatus.FAILED),
        ("sending_failed", MessageStatus.FAILED),
        ("webhook_delivered", None),
    ],
)
def test_each_status_is_mapped(carrier: str, ours: MessageStatus | None) -> None:
    receipt = telnyx.parse_receipt(event(to=[{"status": carrier}]))
    assert receipt
    assert receipt.status == ours


@pytest.mark.parametrize(
    ("status", "errors", "reason", "opted_out"),
    [
        ("delivery_failed", [{"code": "40008", "title": "Undeliverable", "detail": "words"}], "40008: words", False),
        ("delivery_failed", [{"code": "40008", "title": "Undeliverable"}], "40008: Undeliverable", False),
        ("sending_failed", [{"code": "40300", "title": "Blocked"}], "40300: Blocked", True),
        ("expired", [], "expired", False),
        ("expired", None, "expired", False),
        ("expired", "40300", "expired", False),
        ("sending_failed", [None, {"code": "40300", "title": "Blocked"}], "40300: Blocked", True),
        ("sending_failed", {"code": 40300}, "40300: the recipient has opted out", True),
        ("delivered", [], None, False),
    ],
)
def test_a_failure_has_its_reason(status: str, errors: Any, reason: str | None, opted_out: bool) -> None:
    receipt = telnyx.parse_receipt(event(to=[{"status": status}], errors=errors))
    assert receipt
    assert (receipt.failed_reason, receipt.opted_out) == (reason, opted_out)
    assert isinstance(receipt, Receipt)


NUMBERS: dict[str, Any] = {"from": {"phone_number": "+12025550100"}, "to": [{"phone_number": "+15005550008"}]}


@pytest.mark.parametrize(
    ("payload", "body", "media", "opt_out"),
    [
        ({"text": "Hi", "media": []}, "Hi", (), None),
        ({"text": None, "media": [{"url": "https://m/0"}]}, "", ("https://m/0",), None),
        ({"text": "stop", "autoresponse_type": "STOP"}, "stop", (), Keyword.OUT),
        ({"text": "start", "autoresponse_type": "START"}, "start", (), Keyword.IN),
        ({"text": "help", "autoresponse_type": "HELP"}, "help", (), Keyword.HELP),
        ({"text": "x", "autoresponse_type": None}, "x", (), None),
        ({"text": "STOP", "media": [{}, {"sha256": "0"}, {"url": 7}]}, "STOP", (), None),
        ({"text": "STOP", "media": [None, {"url": None}, {"url": "https://m/1"}]}, "STOP", ("https://m/1",), None),
        ({"text": "STOP", "media": {"url": "https://m/0"}, "autoresponse_type": 7}, "STOP", (), None),
    ],
)
def test_an_inbound_message_is_parsed(
    payload: dict[str, Any], body: str, media: tuple[str, ...], opt_out: Keyword | None
) -> None:
    files = tuple(attachment(url) for url in media)
    expected = InboundMessage("m1", "+12025550100", "+15005550008", body, media, opt_out, attachments=files)
    assert parse_inbound(event("message.received", **NUMBERS, **payload)) == expected


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"STOP \ud83d", "STOP \ufffd"),
        (r"\uDE00\uD83D STOP", "\ufffd\ufffd STOP"),
        (r"STOP \ud83d\ud83d\ude00", "STOP \ufffd😀"),
        (r"C:\\ud83d", r"C:\ud83d"),
        (r"\ud55c\u0041", "한A"),
    ],
)
def test_half_an_emoji_does_not_lose_a_message(escaped: str, text: str) -> None:
    body = event("message.received", **NUMBERS, text="TEXT", tags=["TEXT"]).replace(b"TEXT", escaped.encode())
    parsed = parse_inbound(body)
    assert parsed
    assert parsed.body == text


@pytest.mark.parametrize("numbers", [{}, {"from": None}, {"from": {"phone_number": None}}, {"from": {}, "to": None}])
def test_an_inbound_message_without_numbers_is_kept(numbers: dict[str, Any]) -> None:
    parsed = parse_inbound(event("message.received", text="STOP", **numbers))
    assert parsed
    assert (parsed.sender, parsed.at("+15005550008").recipient) == ("", "+15005550008")


@pytest.mark.parametrize(
    ("content_type", "size", "file"),
    [
        ("image/jpeg", 1024, {"type": "image", "url": "https://m/0", "contentType": "image/jpeg", "size": 1024}),
        ("VIDEO/3gpp", None, {"type": "video", "url": "https://m/0", "contentType": "VIDEO/3gpp"}),
        ("audio/amr; codecs=x", "7", {"type": "audio", "url": "https://m/0", "contentType": "audio/amr; codecs=x"}),
        ("text/vcard", 3, {"type": "file", "url": "https://m/0", "contentType": "text/vcard", "size": 3}),
        (None, None, {"type": "file", "url": "https://m/0"}),
    ],
)
def test_a_file_has_the_type_that_the_carrier_reports(content_type: Any, size: Any, file: dict[str, Any]) -> None:
    media = [{"url": "https://m/0", "content_type": content_type, "size": size}]
    parsed = parse_inbound(event("message.received", **NUMBERS, media=media))
    assert parsed
    assert parsed.attachments == (file,)


def test_a_file_without_an_address_is_kept_with_what_is_known() -> None:
    media = [{"content_type": "image/jpeg", "size": 9}, {"url": "https://m/1"}]
    parsed = parse_inbound(event("message.received", **NUMBERS, media=media))
    assert parsed
    image = {"type": "image", "contentType": "image/jpeg", "size": 9}
    assert parsed.attachments == (image, {"type": "file", "url": "https://m/1"})
    assert parsed.media_urls == ("https://m/1",)


def test_our_number_is_the_recipient_of_a_group_message() -> None:
    to = [{"phone_number": "+12025550101"}, None, {"phone_number": "+15005550008"}]
    parsed = parse_inbound(event("message.received", **NUMBERS | {"to": to, "cc": [{"phone_number": "+12025550102"}]}))
    assert parsed
    assert [parsed.at(number).recipient for number in ("+15005550008", "+12025550102")] == ["+15005550008", "+12025550102"]
    assert parsed.at("+15005550008").others == ()


@pytest.mark.parametrize(
    ("reported", "occurred"),
    [
        ("2026-03-03T09:29:58.123456Z", "2026-03-03T09:29:58.123Z"),
        ("2026-03-03T10:29:58+01:00", "2026-03-03T09:29:58.000Z"),
        ("2026-03-03T09:31:00Z", "2026-03-03T09:30:00.000Z"),
        ("1970-01-01T00:00:00Z", ""),
        ("yesterday", ""),
        (1772530200, ""),
        (None, ""),
    ],
    ids=["microseconds", "offset", "future", "too old", "no time", "number", "none"],
)
def test_an_inbound_message_has_the_time_of_its_event(reported: Any, occurred: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 3, 9, 30, tzinfo=UTC))
    body = json.loads(event("message.received", **NUMBERS))
    body["data"]["occurred_at"] = reported
    parsed = parse_inbound(json.dumps(body).encode())
    assert parsed
    assert parsed.occurred == occurred


def test_a_status_is_not_an_inbound_message() -> None:
    assert parse_inbound(event(**NUMBERS)) is None


@pytest.mark.parametrize("kind", ["message.received", "message.queued", "10dlc.campaign.update", None, 5])
def test_an_event_of_another_kind_is_not_a_receipt(kind: Any) -> None:
    assert telnyx.parse_receipt(event(kind)) is None


@pytest.mark.parametrize("body", [event("message.sent"), event("message.finalized", to=[])])
def test_a_receipt_without_a_status_is_rejected(body: bytes) -> None:
    with pytest.raises(ValidationFailed):
        telnyx.parse_receipt(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"data": null}',
        b'{"data": {"payload": "x"}}',
    ],
)
def test_an_invalid_webhook_is_rejected(body: bytes) -> None:
    with pytest.raises(ValidationFailed):
        telnyx.parse_receipt(body)
    with pytest.raises(ValidationFailed):
        parse_inbound(body)


def test_an_inbound_message_without_an_id_is_rejected() -> None:
    with pytest.raises(ValidationFailed):
        parse_inbound(event("message.received", id=None))
