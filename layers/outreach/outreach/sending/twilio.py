"""Twilio Programmable Messaging, API 2010-04-01: https://www.twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests

from outreach.errors import Unavailable
from outreach.http_client import retry_after
from outreach.messages.status import Status
from outreach.sending import carrier_http
from outreach.sending.outcomes import Accepted, Deferred, Outcome, Refused, Text
from outreach.sending.webhooks import OPT_OUTS, Inbound, Receipt, Webhook, reading
from outreach.sites.models import ChannelAccount

_OPTED_OUT = "21610"
_THROTTLED = "20429"

# https://www.twilio.com/docs/api/errors; codes that aren't here are judged by their HTTP status.
_OUTCOMES: carrier_http.Codes = {
    "10001": partial(Refused, account_fault=True),  # account disabled
    "20003": partial(Refused, account_fault=True),  # authentication failed
    "20005": partial(Refused, account_fault=True),  # account not active
    "21211": Refused,  # no valid number
    "21408": Refused,  # region not enabled
    _OPTED_OUT: partial(Refused, opted_out=True),
    "21611": partial(Deferred, carrier_http.CONGESTED_SECONDS),  # the sender's queue is full
    "21614": Refused,  # no mobile number
    "30001": partial(Deferred, carrier_http.CONGESTED_SECONDS),  # queue overflow
    "30004": Refused,
    "30005": Refused,
    "30006": Refused,
    "30007": Refused,
}

_STATUSES = {
    "accepted": Status.SENDING,
    "scheduled": Status.SENDING,
    "queued": Status.SENDING,
    "sending": Status.SENDING,
    "sent": Status.SENT,
    "partially_delivered": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}

# Receipts have a code and no words.
_REASONS = {
    "21610": "the recipient has unsubscribed",
    "30001": "the carrier's queue overflowed",
    "30002": "the account is suspended",
    "30003": "the handset can't be reached",
    "30004": "the message was blocked",
    "30005": "the number is unknown or no longer in service",
    "30006": "the number is a landline or its network can't be reached",
    "30007": "a network filtered the message",
    "30008": "the network gave no reason",
}

_PAGE_SIZE = 1000
_DEFAULT_PORTS = {"https": 443, "http": 80}
_DIGESTS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


def send(account: ChannelAccount, credentials: Mapping[str, str], text: Text, *, base_url: str) -> Outcome:
    """Ask Twilio, once, to send a message. There is no idempotency: an ``Unknown`` must not simply be repeated.

    Args:
        credentials: ``token``, the account's auth token.
        base_url: without the API's version, ``https://api.twilio.com``.
    """
    form = {
        "To": text.recipient,
        "From": text.sender,
        "Body": text.body,
        "MediaUrl": text.media_urls,
        "StatusCallback": text.status_url,
    }
    given = {name: value for name, value in form.items() if value}
    answer = carrier_http.call("POST", _url(account, base_url), data=given, auth=_auth(account, credentials))
    return answer if isinstance(answer, Outcome) else _outcome(answer)


def candidates(
    account: ChannelAccount,
    credentials: Mapping[str, str],
    sender: str,
    recipient: str,
    body: str,
    since: datetime,
    *,
    base_url: str,
) -> list[str]:
    """The SIDs of the messages that Twilio has taken since ``since`` (to the second) with exactly these properties.

    Evidence for a message whose outcome is unknown; that it isn't listed proves nothing.

    Raises:
        Unavailable: Twilio can't be asked now.
    """
    since = since.replace(microsecond=0)
    # A message that waits at Twilio has no DateSent yet, so the filter is the day; the moment is compared here.
    day = since.astimezone(UTC).date().isoformat()
    query: dict[str, Any] = {"To": recipient, "From": sender, "DateSent>": day, "PageSize": _PAGE_SIZE}
    answer = carrier_http.call("GET", _url(account, base_url), params=query, auth=_auth(account, credentials))
    if isinstance(answer, Outcome) or answer.status_code != requests.codes.ok:
        raise Unavailable("Twilio's list of messages can't be read now.")
    return [
        str(message["sid"])
        for message in carrier_http.json_object(answer).get("messages", [])
        if message["body"] == body and parsedate_to_datetime(message["date_created"]) >= since
    ]


def verify(webhook: Webhook, credentials: Mapping[str, str]) -> bool:
    """Whether a webhook is Twilio's (https://www.twilio.com/docs/usage/webhooks/webhooks-security).

    Form parameters are part of what is signed; any other body by its SHA-256 in the query. Twilio is inconsistent about
    the port in the URL, so both spellings count.

    Args:
        credentials: ``token``; ``shared_key`` where Twilio signs with one (``X-Twilio-Webhooks-Signature-Settings``).
    """
    settings = _signature_settings(webhook)
    digest = _DIGESTS.get(settings.get("algorithm") or "HMAC_SHA1")
    signed = _signed_body(webhook)
    if digest is None or signed is None:
        return False
    key = credentials.get("shared_key", credentials["token"]) if "key" in settings else credentials["token"]
    given = _header(webhook, "x-twilio-signature").encode()
    return any(
        hmac.compare_digest(given, b64encode(hmac.digest(key.encode(), (url + signed).encode(), digest)))
        for url in _spellings(webhook.url)
    )


def parse_receipt(body: bytes) -> Receipt:
    """A status callback. Unknown parameters and statuses are no error: Twilio adds them unannounced.

    Raises:
        ValidationFailed: it is no status callback.
    """
    with reading():
        form = _form(body)
        status, code = _STATUSES.get(form["MessageStatus"]), form.get("ErrorCode", "")
        failed = status in (Status.UNDELIVERED, Status.FAILED)
        reason = _reason(code, form.get("ErrorMessage") or _REASONS.get(code) or form["MessageStatus"]) if failed else None
        return Receipt(form["MessageSid"], status, reason, opted_out=code == _OPTED_OUT)


def parse_inbound(body: bytes) -> Inbound | None:
    """An inbound message; ``None`` for a status callback, which Twilio may be configured to send to the same address.

    Raises:
        ValidationFailed: it is neither.
    """
    with reading():
        form = _form(body)
        if "MessageStatus" in form:
            return None
        media = tuple(form[f"MediaUrl{index}"] for index in range(int(form.get("NumMedia") or 0)))
        opt_out = OPT_OUTS.get(form.get("OptOutType", "").upper())
        return Inbound(form["MessageSid"], form["From"], form["To"], form.get("Body", ""), media, opt_out)


def _outcome(answer: requests.Response) -> Outcome:
    body = carrier_http.json_object(answer)
    if answer.ok and body.get("sid"):
        return Accepted(body["sid"])
    code = str(body.get("code") or "")
    reason = _reason(code, body.get("message") or f"HTTP {answer.status_code}")
    status = requests.codes.too_many_requests if code == _THROTTLED else answer.status_code
    return carrier_http.classify(status, code, reason, _OUTCOMES, wait=retry_after(answer))


def _reason(code: str, words: str) -> str:
    return f"{code}: {words}" if code else words


def _url(account: ChannelAccount, base_url: str) -> str:
    return f"{base_url}/2010-04-01/Accounts/{account.carrier_account}/Messages.json"


def _auth(account: ChannelAccount, credentials: Mapping[str, str]) -> tuple[str, str]:
    return account.carrier_account, credentials["token"]


def _header(webhook: Webhook, name: str) -> str:
    return webhook.headers.get(name, "")


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _signature_settings(webhook: Webhook) -> dict[str, str]:
    """``key=…,algorithm=…`` as a mapping; nothing where the account's token signs with SHA-1."""
    parts = _header(webhook, "x-twilio-webhooks-signature-settings").split(",")
    return {name: value for name, _, value in (part.strip().partition("=") for part in parts) if name}


def _signed_body(webhook: Webhook) -> str | None:
    """What is signed after the URL: the sorted form, or nothing when the URL has the body's hash. ``None`` = not authentic."""
    if _header(webhook, "content-type").startswith("application/x-www-form-urlencoded"):
        pairs = set(parse_qsl(webhook.body.decode("utf-8", "replace"), keep_blank_values=True))
        return "".join(name + value for name, value in sorted(pairs))
    given = parse_qs(urlsplit(webhook.url).query).get("bodySHA256", [""])[0]
    expected = hashlib.sha256(webhook.body).hexdigest()
    return "" if hmac.compare_digest(given.lower().encode(), expected.encode()) else None


def _spellings(url: str) -> tuple[str, str]:
    """The URL without and with its port, otherwise untouched."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return url.replace(parts.netloc, host, 1), url.replace(parts.netloc, f"{host}:{port}", 1)
