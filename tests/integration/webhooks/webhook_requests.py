"""Webhook requests of the carriers, with their signatures."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl, urlencode

from twilio.request_validator import RequestValidator

from outreach.settings import settings
from tests.support.carriers import ACCOUNTS, CREDENTIALS, TELNYX_KEY
from tests.support.functions import invoke
from tests.support.pipeline import webhook_event

TELNYX_STATUSES = {"sent": "sent", "delivered": "delivered", "undelivered": "delivery_failed"}


def post(carrier: str, path: str, body: bytes, headers: dict[str, str]) -> int:
    """Post to the carrier's handler, at a path below the account's URL; returns the status of the answer."""
    return post_to(carrier, f"/webhooks/{carrier}/{ACCOUNTS[carrier].id}{path}", body, headers)


def post_to(carrier: str, url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post to the carrier's handler, at a path; returns the status of the answer."""
    return int(invoke(f"webhooks/receive_{carrier}", webhook_event(url, headers, body))["statusCode"])


def signed(carrier: str, path: str, body: bytes) -> dict[str, str]:
    """The request headers with the carrier's signature, for a path below the account's URL."""
    return signed_for(carrier, f"/webhooks/{carrier}/{ACCOUNTS[carrier].id}{path}", body)


def signed_for(carrier: str, path: str, body: bytes) -> dict[str, str]:
    """The request headers with the carrier's signature, for a whole path."""
    if carrier == "telnyx":
        timestamp = str(int(time.time()))
        signature = TELNYX_KEY.sign(timestamp.encode() + b"|" + body).signature
        return {
            "content-type": "application/json",
            "telnyx-timestamp": timestamp,
            "telnyx-signature-ed25519": b64encode(signature).decode(),
        }
    url = f"{settings().webhook_base_url}{path}"
    signature = RequestValidator(CREDENTIALS["twilio"]["token"]).compute_signature(url, dict(parse_qsl(body.decode())))
    return {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}


def receipt(carrier: str, status: str, **more: Any) -> bytes:
    """The body of a receipt."""
    if carrier == "telnyx":
        to = [{"phone_number": "+12125550199", "status": TELNYX_STATUSES[status]}]
        return event("message.sent" if status == "sent" else "message.finalized", id="carrier-id", to=to, **more)
    return urlencode({"MessageSid": "carrier-id", "MessageStatus": status, "From": "+15005550006", **more}).encode()


def inbound(carrier: str, text: str, message_id: str = "inbound-id") -> bytes:
    """The body of an inbound message."""
    sender, recipient = "+12125550199", ACCOUNTS[carrier].number
    if carrier == "telnyx":
        numbers: dict[str, Any] = {"from": {"phone_number": sender}, "to": [{"phone_number": recipient}]}
        return event("message.received", id=message_id, text=text, **numbers)
    return urlencode({"MessageSid": message_id, "From": sender, "To": recipient, "Body": text, "NumMedia": "0"}).encode()


def without_sender(carrier: str) -> bytes:
    """The body of an inbound message that names no sender."""
    to = ACCOUNTS[carrier].number
    if carrier == "telnyx":
        return event("message.received", id="inbound-id", text="STOP", to=[{"phone_number": to}], **{"from": None})
    return urlencode({"MessageSid": "inbound-id", "To": to, "Body": "STOP"}).encode()


def event(kind: str, **payload: Any) -> bytes:
    """The body of a Telnyx event."""
    return json.dumps({"data": {"event_type": kind, "id": "event-id", "payload": payload}}).encode()
