"""Simulates Telnyx Messaging (API v2): sending and fetching messages, idempotency keys, signed status and inbound webhooks.

Sources: https://developers.telnyx.com/api/messaging/send-message, https://developers.telnyx.com/docs/messaging/messages/error-codes,
https://developers.telnyx.com/docs/development/api-fundamentals/idempotency and the webhook verification of the official SDK.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import ClientTimeout, web

from carrier_simulator.accounts import NAME, Accounts, TelnyxAccount, owner_of
from carrier_simulator.intake import INTAKE, LEDGER, CarrierError
from carrier_simulator.ledger import Message, Receipt, Submission
from carrier_simulator.outcomes import E164, Refusal
from carrier_simulator.receipts import Inbound, Webhook, WebhookPolicy
from carrier_simulator.segments import GSM_EXTENDED, segments

IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_:-]{1,255}")
IDEMPOTENCY_SECONDS = 24 * 3600
PROFILE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RATE_LIMIT_RESET_SECONDS = 1
# Telnyx's GSM-7 table has no euro sign; Telnyx sends a text with one as UCS-2.
EXTENDED = GSM_EXTENDED - {"€"}
MAX_PARTS = 10

# code -> HTTP status, title, detail
ERRORS = {
    "10004": (422, "Missing required parameter", "A required parameter was missing."),
    "10005": (404, "Resource not found", "The requested resource or URL could not be found."),
    "10006": (422, "Invalid messaging profile", "The messaging profile's id is not a UUID."),
    "10007": (500, "Unexpected error", "An unexpected error occurred."),
    "10009": (401, "Authentication failed", "Could not find any usable credentials in the request."),
    "10011": (429, "Too many requests", "You have exceeded the maximum number of allowed requests."),
    "10015": (400, "Bad Request", "The request failed because it was not well-formed."),
    "10036": (409, "Idempotency key in use", "A request with this idempotency key is being processed."),
    "40300": (409, "Blocked due to STOP message", "Messages cannot be sent to a recipient who has opted out."),
    "40302": (400, "Message too large", "The message has more than ten parts."),
    "40305": (400, "Invalid 'from' address", "The 'from' address is not a number of this account."),
    "40310": (400, "Invalid 'to' address", "The 'to' address should be a single valid number."),
}
REFUSALS = {
    Refusal.INVALID_RECIPIENT: "40310",
    Refusal.OPTED_OUT: "40300",
    Refusal.THROTTLED: "10011",
    Refusal.SERVER_ERROR: "10007",
}
STATUSES = {"queued": "queued", "sent": "sent", "delivered": "delivered", "undelivered": "delivery_failed"}
UNDELIVERED_TITLE = "Undeliverable message"


class TelnyxError(CarrierError):
    """An error of ``ERRORS``.

    Args:
        pointer: JSON pointer to the invalid field of the body.
        status: replaces the HTTP status in ``ERRORS``.
    """

    def __init__(self, code: str, pointer: str | None = None, *, status: int | None = None) -> None:
        usual_status, self._title, detail = ERRORS[code]
        super().__init__(code, status or usual_status, detail)
        self._pointer = pointer

    def response(self) -> web.Response:
        """Make the error response of Telnyx."""
        error: dict[str, Any] = {
            "code": self.code,
            "title": self._title,
            "detail": str(self),
            "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{self.code}"},
        }
        if self._pointer:
            error["source"] = {"pointer": self._pointer}
        headers = {"x-ratelimit-reset": str(RATE_LIMIT_RESET_SECONDS)} if self.status == 429 else None
        return web.json_response({"errors": [error]}, status=self.status, headers=headers)


class Telnyx:
    """The endpoints and webhooks of Telnyx."""

    webhook_policy = WebhookPolicy(attempts=3, timeout=ClientTimeout(total=2))
    undelivered_code = "40008"
    prefix = "/v2"

    def __init__(self, accounts: Accounts, webhook_base: str) -> None:
        self._accounts = {account.organization_id: account for account in accounts.telnyx}
        self._webhook_base = webhook_base
        self._in_flight: set[tuple[str, str]] = set()

    def routes(self) -> list[web.RouteDef]:
        """List the endpoints below ``prefix``."""
        return [web.post("/messages", self.create_message), web.get("/messages/{sid}", self.fetch_message)]

    async def create_message(self, request: web.Request) -> web.Response:
        """``POST /v2/messages``: send a message. A repeated ``Idempotency-Key`` gets the first response again."""
        intake, raw = request.config_dict[INTAKE], await request.read()
        fields = _fields(raw)
        account = self._account(request)
        submission = self._submission(account, fields, request.headers.get("Idempotency-Key"), raw)
        with intake.recording_refusals(submission), self._locked_idempotency_key(submission):
            if account is None:
                raise TelnyxError("10009")
            _validate(account, fields, submission)
            if replayed := self._replayed_message(request, submission):
                intake.ledger.record_request(submission, "replayed", sid=replayed.sid)
                return _accepted_response(replayed)
            if refusal := await intake.refusal_for(submission):
                raise TelnyxError(REFUSALS[refusal])
            return _accepted_response(await intake.accept(account.with_sender(submission), str(uuid.uuid4())))

    async def fetch_message(self, request: web.Request) -> web.Response:
        """``GET /v2/messages/{id}``: fetch a message of this organisation."""
        account = self._account(request)
        if account is None:
            raise TelnyxError("10009")
        messages = request.config_dict[LEDGER].messages(limit=1, account=account.organization_id, sid=request.match_info["sid"])
        if not messages:
            raise TelnyxError("10005")
        return web.json_response({"data": resource(messages[0])})

    def status_webhook(self, message: Message, receipt: Receipt) -> Webhook:
        """Make ``message.sent`` or ``message.finalized`` for the message's ``webhook_url``."""
        reported = replace(
            message, status=receipt.status, error_code=self.undelivered_code if receipt.status == "undelivered" else None
        )
        event = "message.sent" if receipt.status == "sent" else "message.finalized"
        account = self._accounts[message.account]
        return _webhook(account, message.callback_url, event, resource(reported), receipt.event_id, receipt.attempts + 1)

    def inbound_webhook(self, inbound: Inbound) -> Webhook:
        """Make ``message.received`` for the webhook URL of the recipient's number."""
        account = owner_of(inbound.recipient, self._accounts.values())
        encoding, parts = segments(inbound.body, EXTENDED)
        payload = {
            "record_type": "message",
            "direction": "inbound",
            "id": inbound.id or str(uuid.uuid4()),
            "type": "SMS",
            "organization_id": account.organization_id,
            "from": {"phone_number": inbound.sender, "carrier": "", "line_type": "Wireless"},
            "to": [{"phone_number": inbound.recipient, "status": "webhook_delivered", "carrier": "", "line_type": "Wireless"}],
            "text": inbound.body,
            "media": [],
            "encoding": encoding,
            "parts": parts,
            "received_at": _iso(time.time()),
            "errors": [],
            **inbound.extra,
        }
        url = inbound.url or account.inbound_url_of(inbound.recipient, self._webhook_base)
        return _webhook(account, url, "message.received", payload, str(uuid.uuid4()), attempt=1)

    def _account(self, request: web.Request) -> TelnyxAccount | None:
        authorization = request.headers.get("Authorization", "")
        return next((account for account in self._accounts.values() if authorization == f"Bearer {account.key}"), None)

    def _submission(
        self, account: TelnyxAccount | None, fields: Mapping[str, Any], idempotency_key: str | None, raw: bytes
    ) -> Submission:
        sender, profile_url = str(fields.get("from") or ""), ""
        if account and sender in account.channels:
            profile_url = account.inbound_url_of(sender, self._webhook_base)
        to = fields.get("to") or ""
        return Submission(
            carrier="telnyx",
            account=account.organization_id if account else "",
            sender=sender,
            recipient=str(to[0]) if isinstance(to, list) and len(to) == 1 else str(to),
            body=str(fields.get("text") or ""),
            callback_url=str(fields.get("webhook_url") or profile_url),
            details={name: fields.get(name) for name in ("messaging_profile_id", "media_urls", "webhook_failover_url", "tags")},
            idempotency_key=idempotency_key,
            fingerprint=hashlib.sha256(raw).hexdigest(),
        )

    def _replayed_message(self, request: web.Request, submission: Submission) -> Message | None:
        """Return the message that an earlier request with this idempotency key created."""
        if submission.idempotency_key is None:
            return None
        ledger = request.config_dict[LEDGER]
        message = ledger.find_by_idempotency_key(submission.account, submission.idempotency_key, max_age=IDEMPOTENCY_SECONDS)
        if message and message.fingerprint != submission.fingerprint:
            raise TelnyxError("10015", status=422)
        return message

    @contextmanager
    def _locked_idempotency_key(self, submission: Submission) -> Iterator[None]:
        """Lock the idempotency key during a request; a concurrent request with the same key gets 409."""
        if submission.idempotency_key is None:
            yield
            return
        if not IDEMPOTENCY_KEY.fullmatch(submission.idempotency_key):
            raise TelnyxError("10015")
        key = (submission.account, submission.idempotency_key)
        if key in self._in_flight:
            raise TelnyxError("10036")
        self._in_flight.add(key)
        try:
            yield
        finally:
            self._in_flight.discard(key)


def resource(message: Message) -> dict[str, Any]:
    """Make the message resource of responses and webhooks."""
    encoding, parts = segments(message.body, EXTENDED)
    media = message.details["media_urls"] or []
    errors = [{"code": message.error_code, "title": UNDELIVERED_TITLE}] if message.error_code else []
    is_final = message.status in ("delivered", "undelivered")
    return {
        "record_type": "message",
        "direction": "outbound",
        "id": message.sid,
        "type": "MMS" if media else "SMS",
        "organization_id": message.account,
        "messaging_profile_id": message.details["messaging_profile_id"],
        "from": {"phone_number": message.sender, "carrier": "", "line_type": "Wireless"},
        "to": [{"phone_number": message.recipient, "status": STATUSES[message.status], "carrier": "", "line_type": "Wireless"}],
        "text": message.body,
        "media": [{"url": url, "content_type": None, "sha256": None, "size": None} for url in media],
        "webhook_url": message.callback_url,
        "webhook_failover_url": message.details["webhook_failover_url"],
        "encoding": encoding,
        "parts": parts,
        "tags": message.details["tags"] or [],
        "cost": None,
        "received_at": _iso(message.accepted_at),
        "sent_at": _iso(message.sent_at) if message.sent_at else None,
        "completed_at": _iso(message.updated_at) if is_final else None,
        "valid_until": _iso(message.accepted_at + 3600),
        "errors": errors,
    }


def _accepted_response(message: Message) -> web.Response:
    """Make the response to a send request: always the message in its first state, so that a replay is identical."""
    return web.json_response({"data": resource(replace(message, status="queued", error_code=None, sent_at=None))})


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(raw)  # unlike json, it refuses half a surrogate pair and too many levels
    except ValueError:
        raise TelnyxError("10015") from None
    if not isinstance(fields, dict):
        raise TelnyxError("10015")
    return fields


def _validate(account: TelnyxAccount, fields: Mapping[str, Any], submission: Submission) -> None:
    profile = fields.get("messaging_profile_id")
    faults = {
        ("10004", "/to"): not submission.recipient,
        ("10004", "/from"): not submission.sender and not fields.get("messaging_profile_id"),
        ("10004", "/text"): not submission.body and not fields.get("media_urls"),
        ("40310", "/to"): not E164.fullmatch(submission.recipient),
        ("40305", "/from"): bool(submission.sender) and not account.can_send_from(submission.sender),
        ("10004", "/messaging_profile_id"): bool(NAME.fullmatch(submission.sender)) and not profile,
        ("10006", "/messaging_profile_id"): bool(profile) and not PROFILE.fullmatch(str(profile)),
        ("40302", "/text"): not fields.get("media_urls") and segments(submission.body, EXTENDED)[1] > MAX_PARTS,
    }
    for (code, pointer), is_present in faults.items():
        if is_present:
            raise TelnyxError(code, pointer)


def _webhook(
    account: TelnyxAccount, url: str, event_type: str, payload: Mapping[str, Any], event_id: str, attempt: int
) -> Webhook:
    """Make a webhook, signed with Ed25519 over ``{timestamp}|{raw body}``."""
    now = time.time()
    timestamp = int(now)
    event = {
        "event_type": event_type,
        "id": event_id,
        "occurred_at": _iso(now),
        "payload": payload,
        "record_type": "event",
    }
    body = json.dumps({"data": event, "meta": {"attempt": attempt, "delivered_to": url}}).encode()
    signature = account.signing_key.sign(b"%d|%b" % (timestamp, body)).signature
    headers = {
        "Content-Type": "application/json",
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        "telnyx-timestamp": str(timestamp),
    }
    return Webhook(url, headers, body)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
