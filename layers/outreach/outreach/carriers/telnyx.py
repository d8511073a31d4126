"""Telnyx Messaging, API v2 (docs/carriers.md, "Telnyx").

https://developers.telnyx.com/api-reference/messages/send-a-message
"""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any

import orjson
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from outreach import clock
from outreach.carriers import carrier_http
from outreach.carriers.outcomes import Accepted, OutboundSms, Refused, RetryLater, SendOutcome, Throttled, Unknown
from outreach.carriers.protocol import Credentials
from outreach.carriers.telnyx_codes import CODES
from outreach.carriers.webhook_messages import (
    CARRIER_KEYWORDS,
    CarrierWebhook,
    InboundMessage,
    Receipt,
    attachment,
    webhook_errors,
)
from outreach.messages.status import MessageStatus
from outreach.parsing import parse_moment
from outreach.retry_after import retry_after
from outreach.sites.models import Carrier, ChannelAccount, SenderType

CARRIER = Carrier.TELNYX
SIGNATURE_HEADERS: tuple[str, ...] = ("telnyx-signature-ed25519", "telnyx-timestamp")

_TOLERANCE_SECONDS = 300
# Telnyx repeats a webhook for some minutes at most.
_OLDEST_EVENT = timedelta(days=1)

# Matches an escaped backslash and a surrogate pair as a whole, so that what else begins like a surrogate is half a pair. A phone
# may send half an emoji, whose other half was in a part that has been lost.
_SURROGATE = re.compile(
    rb"(?P<whole>\\\\|\\u[Dd][89ABab][\da-fA-F]{2}\\u[Dd][C-Fc-f][\da-fA-F]{2})|\\u[Dd][89A-Fa-f][\da-fA-F]{2}"
)

_RECEIPTS = ("message.sent", "message.finalized")
_STATUSES = {
    "queued": MessageStatus.SENDING,
    "sending": MessageStatus.SENDING,
    "sent": MessageStatus.SENT,
    # Telnyx sends no further receipt.
    "delivery_unconfirmed": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "delivery_failed": MessageStatus.UNDELIVERED,
    "expired": MessageStatus.FAILED,
    "sending_failed": MessageStatus.FAILED,
}


def send(account: ChannelAccount, credentials: Credentials, sms: OutboundSms, *, base_url: str) -> SendOutcome:
    """Ask Telnyx to send a message.

    A request whose outcome is unknown may be repeated for 24 hours with the same ``sms``: Telnyx then responds to the same
    ``Idempotency-Key`` and the same bytes with the outcome of the first request.

    Args:
        account: the channel account that sends.
        credentials: ``api_key``.
        sms: the message.
        base_url: ``https://api.telnyx.com``, without the API's version.
    """
    headers = {
        "Authorization": f"Bearer {credentials['api_key']}",
        "Content-Type": "application/json",
        "Idempotency-Key": sms.message_id,
    }
    response = carrier_http.call("POST", f"{base_url}/v2/messages", data=_body(account, sms), headers=headers)
    return response if isinstance(response, SendOutcome) else _outcome(response)


def reconcile(
    account: ChannelAccount, credentials: Credentials, sms: OutboundSms, since: datetime, *, base_url: str
) -> Accepted | Refused | Unknown:
    """Repeat the request: Telnyx responds with the outcome of the first request, or accepts this one if it received no other."""
    del since  # the key identifies the request
    outcome = send(account, credentials, sms, base_url=base_url)
    match outcome:
        case RetryLater(reason=reason) | Throttled(reason=reason) | Refused(reason=reason, account_fault=True):
            return Unknown(reason)  # this response concerns only the repeated request
    return outcome


def verify(webhook: CarrierWebhook, credentials: Credentials) -> bool:
    """Return whether Telnyx signed a webhook at most five minutes before it arrived: Ed25519 over ``{timestamp}|{raw body}``.

    https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks

    Args:
        webhook: the request.
        credentials: ``public_key``, base64 of 32 bytes; ``previous_public_key`` while the key is being replaced.
    """
    timestamp = webhook.headers.get("telnyx-timestamp", "")
    try:
        age = webhook.received.timestamp() - int(timestamp)
        signature = b64decode(webhook.headers.get("telnyx-signature-ed25519", ""), validate=True)
    except (ValueError, OverflowError):
        return False
    signed = timestamp.encode() + b"|" + webhook.body
    keys = (credentials.get(name, "") for name in ("public_key", "previous_public_key"))
    return abs(age) <= _TOLERANCE_SECONDS and any(_has_signed(key, signed, signature) for key in keys)


def parse_receipt(body: bytes) -> Receipt | None:
    """Parse a ``message.sent`` or ``message.finalized`` event; ``None`` for any other, because Telnyx adds new ones.

    Raises:
        ValidationFailed: the body is not an event, or one of these without a message's status.
    """
    with webhook_errors():
        data = _event(body)
        if data["event_type"] not in _RECEIPTS:
            return None
        payload = data["payload"]
        status = _STATUSES.get(payload["to"][0]["status"])
        number, description = _error(payload.get("errors"))
        failed = status in (MessageStatus.UNDELIVERED, MessageStatus.FAILED)
        code = CODES.get(number)
        reason = carrier_http.describe(number, description, CODES, payload["to"][0]["status"]) if failed else None
        return Receipt(carrier_http.required_id(payload["id"]), status, reason, code.scope if code else None, _sender(payload))


def parse_inbound(body: bytes, received: datetime) -> InboundMessage | None:
    """Parse a ``message.received`` event; ``None`` for any other event, which Telnyx sends to the profile's URL as well.

    Args:
        body: the event.
        received: when the webhook arrived, before which the message must have been sent.

    Raises:
        ValidationFailed: the body is not an event.
    """
    with webhook_errors():
        data = _event(body)
        if data["event_type"] != "message.received":
            return None
        payload = data["payload"]
        recipients = [*_texts(payload.get("to"), "phone_number"), *_texts(payload.get("cc"), "phone_number")]
        files = _files(payload.get("media"))
        return InboundMessage(
            carrier_message_id=carrier_http.required_id(payload["id"]),
            sender=_sender(payload),
            recipient=recipients[0] if recipients else "",
            body=carrier_http.text_of(payload.get("text")),
            media_urls=tuple(file["url"] for file in files if "url" in file),
            opt_out=CARRIER_KEYWORDS.get(carrier_http.text_of(payload.get("autoresponse_type")).upper()),
            occurred=_moment(data.get("occurred_at"), received),
            others=tuple(recipients[1:]),
            attachments=files,
        )


def _has_signed(public_key: str, signed: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(b64decode(public_key)).verify(signed, signature)
    except (CryptoError, ValueError):
        return False
    return True


def _body(account: ChannelAccount, sms: OutboundSms) -> bytes:
    """Return the request's JSON: always the same bytes for the same message.

    A number or a short code belongs to one profile; a pool is a profile; a name is sent with the profile of the account.
    """
    is_name = account.sender_type is SenderType.ALPHANUMERIC
    fields = {
        "from": sms.sender,
        "messaging_profile_id": sms.pool or (account.carrier_account if is_name else ""),
        "to": sms.recipient,
        "text": sms.body,
        "media_urls": sms.media_urls,
        "webhook_url": sms.status_url,
    }
    # Otherwise Telnyx sends receipts to the profile's webhooks, which are for inbound messages, when ``webhook_url`` fails.
    return orjson.dumps({name: value for name, value in fields.items() if value} | {"use_profile_webhooks": False})


def _outcome(response: carrier_http.CarrierResponse) -> SendOutcome:
    message = response.body.get("data")
    message_id = carrier_http.id_of(message.get("id")) if isinstance(message, dict) else ""
    if response.is_success and message_id:
        return Accepted(message_id, _sender(response.body["data"]))
    code, description = _error(response.body.get("errors"))
    return carrier_http.classify(response.status, code, description, CODES, retry_seconds=_retry_seconds(response))


def _retry_seconds(response: carrier_http.CarrierResponse) -> float | None:
    """Return the wait time that Telnyx asks for; ``x-ratelimit-reset`` is in seconds from now."""
    reset = response.headers.get("x-ratelimit-reset", "")
    if reset.isascii() and reset.isdigit() and len(reset) < 10:
        return min(float(reset), carrier_http.LONGEST_WAIT_SECONDS)
    return retry_after(response)


def _event(body: bytes) -> dict[str, Any]:
    """Return the event in a body, with U+FFFD for half of a surrogate pair, which JSON can express and text cannot hold."""
    return orjson.loads(_SURROGATE.sub(lambda found: found["whole"] or rb"\ufffd", body))["data"]  # type: ignore[no-any-return]


def _sender(message: dict[str, Any]) -> str:
    """Return what a message was sent from; empty if Telnyx does not say."""
    return "".join(_texts([message.get("from")], "phone_number"))


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; a malformed entry does not lose the message."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(value: object, name: str) -> tuple[str, ...]:
    """Return a property of each object in a list, without those that lack it."""
    return tuple(text for entry in _objects(value) if (text := carrier_http.text_of(entry.get(name))))


def _files(value: object) -> tuple[dict[str, Any], ...]:
    files = (
        (carrier_http.text_of(medium.get("url")), carrier_http.text_of(medium.get("content_type")), medium.get("size"))
        for medium in _objects(value)
    )
    return tuple(attachment(*file) for file in files if any(file[:2]))


def _moment(value: object, received: datetime) -> str:
    """Return the time of an event of the day before its receipt, but never a later one; empty for anything else."""
    try:
        moment = parse_moment(carrier_http.text_of(value))
    except ValueError:
        return ""
    return clock.timestamp(min(moment, received)) if moment and moment > received - _OLDEST_EVENT else ""


def _error(errors: object) -> tuple[str, str]:
    """Return code and description of the first error, of a list or alone; empty where there is none."""
    listed = [errors] if isinstance(errors, dict) else errors
    first = next(iter(_objects(listed)), {})
    description = carrier_http.text_of(first.get("detail")) or carrier_http.text_of(first.get("title"))
    return carrier_http.code_of(first.get("code")), description
