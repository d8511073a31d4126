"""Telnyx Messaging, API v2: https://developers.telnyx.com/api-reference/messages/send-a-message."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import requests
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from outreach import clock
from outreach.http_client import retry_after
from outreach.messages.status import Status
from outreach.sending import carrier_http
from outreach.sending.outcomes import Accepted, Deferred, Outcome, Refused, Text, Unknown
from outreach.sending.webhooks import OPT_OUTS, Inbound, Receipt, Webhook, reading
from outreach.sites.models import ChannelAccount

_OPTED_OUT = "40300"
_TOLERANCE_SECONDS = 300


def _stopped_until_midnight(reason: str) -> Deferred:
    """The daily spending limit is lifted at midnight UTC."""
    now = clock.now()
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Deferred((midnight - now).total_seconds(), reason, account_stopped=True)


# https://developers.telnyx.com/docs/messaging/messages/error-codes; codes that aren't here are judged by their HTTP status.
_OUTCOMES: carrier_http.Codes = {
    "10009": partial(Refused, account_fault=True),  # authentication failed
    "10010": partial(Refused, account_fault=True),  # not authorised
    "10036": Unknown,  # an earlier request with the same Idempotency-Key is still in flight
    "40001": Refused,
    "40002": partial(Deferred, carrier_http.CONGESTED_SECONDS),
    "40003": Refused,
    "40004": partial(Deferred, carrier_http.CONGESTED_SECONDS),
    "40006": partial(Deferred, carrier_http.CONGESTED_SECONDS),
    "40008": Refused,
    "40011": partial(Deferred, carrier_http.CONGESTED_SECONDS),
    "40012": Refused,
    _OPTED_OUT: partial(Refused, opted_out=True),  # its HTTP status varies
    "40310": Refused,  # no valid number
    "40333": _stopped_until_midnight,
}

_STATUSES = {
    "queued": Status.SENDING,
    "sending": Status.SENDING,
    "sent": Status.SENT,
    # No receipt will come any more; that is what "sent" means to us.
    "delivery_unconfirmed": Status.SENT,
    "delivered": Status.DELIVERED,
    "delivery_failed": Status.UNDELIVERED,
    "expired": Status.FAILED,
    "sending_failed": Status.FAILED,
}


def send(account: ChannelAccount, credentials: Mapping[str, str], text: Text, *, base_url: str) -> Outcome:
    """Ask Telnyx to send a message. An ``Unknown`` may be repeated for 24 hours with the same ``text``: the same
    ``Idempotency-Key`` and the same bytes are answered with what came of the first request.

    Args:
        credentials: ``api_key``.
        base_url: without the API's version, ``https://api.telnyx.com``.
    """
    del account  # the API key says whose message it is
    headers = {
        "Authorization": f"Bearer {credentials['api_key']}",
        "Content-Type": "application/json",
        "Idempotency-Key": text.message_id,
    }
    answer = carrier_http.call("POST", f"{base_url}/v2/messages", data=_body(text), headers=headers)
    return answer if isinstance(answer, Outcome) else _outcome(answer)


def verify(webhook: Webhook, credentials: Mapping[str, str]) -> bool:
    """Whether a webhook is Telnyx's and not older than five minutes: Ed25519 over ``{timestamp}|{raw body}``
    (https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks).

    Args:
        credentials: ``public_key``, base64 of 32 bytes.
    """
    timestamp = webhook.headers.get("telnyx-timestamp", "")
    try:
        age = clock.now().timestamp() - int(timestamp)
        signature = b64decode(webhook.headers.get("telnyx-signature-ed25519", ""), validate=True)
        VerifyKey(b64decode(credentials["public_key"])).verify(timestamp.encode() + b"|" + webhook.body, signature)
    except (CryptoError, ValueError, OverflowError, binascii.Error):
        return False
    return abs(age) <= _TOLERANCE_SECONDS


def parse_receipt(body: bytes) -> Receipt:
    """A ``message.sent`` or ``message.finalized`` event.

    Raises:
        ValidationFailed: it is no event about a message.
    """
    with reading():
        payload = _payload(body)
        status = _STATUSES.get(payload["to"][0]["status"])
        errors = payload.get("errors") or []
        failed = status in (Status.UNDELIVERED, Status.FAILED)
        reason = (_reason(errors) or payload["to"][0]["status"]) if failed else None
        return Receipt(payload["id"], status, reason, opted_out=_code(errors) == _OPTED_OUT)


def parse_inbound(body: bytes) -> Inbound | None:
    """A ``message.received`` event; ``None`` for any other, which Telnyx sends to the profile's address as well.

    Raises:
        ValidationFailed: it is no event.
    """
    with reading():
        if orjson.loads(body)["data"]["event_type"] != "message.received":
            return None
        payload = _payload(body)
        media = tuple(medium["url"] for medium in payload.get("media") or [])
        opt_out = OPT_OUTS.get((payload.get("autoresponse_type") or "").upper())
        sender, recipient = payload["from"]["phone_number"], payload["to"][0]["phone_number"]
        return Inbound(payload["id"], sender, recipient, payload.get("text") or "", media, opt_out)


def _body(text: Text) -> bytes:
    """The request's JSON: the same bytes for the same text, always."""
    fields = {
        "from": text.sender,
        "to": text.recipient,
        "text": text.body,
        "media_urls": text.media_urls,
        "webhook_url": text.status_url,
    }
    # The profile's webhooks would get the receipts too if ours failed, and they are for inbound messages.
    return orjson.dumps({name: value for name, value in fields.items() if value} | {"use_profile_webhooks": False})


def _outcome(answer: requests.Response) -> Outcome:
    body = carrier_http.json_object(answer)
    message = body.get("data") or {}
    if answer.ok and message.get("id"):
        return Accepted(message["id"])
    errors = body.get("errors") or []
    reason = _reason(errors) or f"HTTP {answer.status_code}"
    return carrier_http.classify(answer.status_code, _code(errors), reason, _OUTCOMES, wait=_wait(answer))


def _wait(answer: requests.Response) -> float | None:
    """``x-ratelimit-reset`` is in seconds from now."""
    reset = answer.headers.get("x-ratelimit-reset", "")
    return float(reset) if reset.isdecimal() else retry_after(answer)


def _payload(body: bytes) -> dict[str, Any]:
    return orjson.loads(body)["data"]["payload"]  # type: ignore[no-any-return]


def _code(errors: list[dict[str, Any]]) -> str:
    return str(errors[0].get("code", "")) if errors else ""


def _reason(errors: list[dict[str, Any]]) -> str:
    if not errors:
        return ""
    return f"{_code(errors)}: {errors[0].get('detail') or errors[0].get('title') or ''}"
