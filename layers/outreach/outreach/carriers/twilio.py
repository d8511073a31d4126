"""Twilio Programmable Messaging, API 2010-04-01 (docs/carriers.md, "Twilio").

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests

from outreach.carriers import carrier_http
from outreach.carriers.outcomes import Accepted, OutboundSms, SendOutcome, Unknown
from outreach.carriers.protocol import Candidates, Credentials
from outreach.carriers.twilio_codes import CODES
from outreach.carriers.webhook_messages import (
    CARRIER_KEYWORDS,
    CarrierWebhook,
    InboundMessage,
    Receipt,
    attachment,
    webhook_errors,
)
from outreach.messages.status import MessageStatus
from outreach.retry_after import retry_after
from outreach.sites.models import Carrier, ChannelAccount

CARRIER = Carrier.TWILIO
SIGNATURE_HEADERS: tuple[str, ...] = ("x-twilio-signature", "x-twilio-webhooks-signature-settings", "content-type")

_STATUSES = {
    "accepted": MessageStatus.SENDING,
    "scheduled": MessageStatus.SENDING,
    "queued": MessageStatus.SENDING,
    "sending": MessageStatus.SENDING,
    "sent": MessageStatus.SENT,
    "partially_delivered": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.FAILED,
}

_FAILURES = (MessageStatus.UNDELIVERED, MessageStatus.FAILED)
# An inbound message has the status of one, or none.
_INBOUND_STATUSES = ("", "receiving", "received")

# Twilio documents ten.
_MAX_MEDIA = 100
# Twilio sends some fifty. To sort a million of them would take seconds, before the signature shows who sent them.
_MAX_PARAMETERS = 1_000
_PAGE_SIZE = 1000
# Twilio's connection overrides: a webhook that fails in any way, a 4xx too, is repeated five times instead of once. The signature
# does not cover the fragment. https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
RETRIES = "#rc=5&rp=all"
# The channel before a number: ``whatsapp:+12125550123``, and ``rcs:+12125550123`` from a phone to which Twilio sent RCS, not SMS.
_CHANNEL = re.compile(r"[a-z]+:(?=\+\d)", re.IGNORECASE)
_DEFAULT_PORTS = {"https": 443, "http": 80}
_FORM = "application/x-www-form-urlencoded"
_DIGESTS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


def send(account: ChannelAccount, credentials: Credentials, sms: OutboundSms, *, base_url: str) -> SendOutcome:
    """Ask Twilio to send a message. Twilio has no idempotency keys, so a request whose outcome is unknown must not be repeated.

    Args:
        account: the channel account that sends.
        credentials: ``token``, the account's auth token.
        sms: the message.
        base_url: ``https://api.twilio.com``, without the API's version.
    """
    form = {
        "To": sms.recipient,
        "From": sms.sender,
        "MessagingServiceSid": sms.pool,
        "Body": sms.body,
        "MediaUrl": sms.media_urls,
        "StatusCallback": sms.status_url and sms.status_url + RETRIES,
    }
    data = {name: value for name, value in form.items() if value}
    response = carrier_http.call("POST", _url(account, base_url), data=data, auth=_auth(account, credentials))
    return response if isinstance(response, SendOutcome) else _outcome(response)


def reconcile(
    account: ChannelAccount, credentials: Credentials, sms: OutboundSms, since: datetime, *, base_url: str
) -> Candidates | Unknown:
    """Return the messages with the same numbers and body that Twilio has accepted since a time (to the second).

    For a Messaging Service, the sending number is not known, so the messages of the whole service are compared.
    An empty list does not prove that Twilio has not accepted the message.
    """
    since = since.replace(microsecond=0)
    # A message in Twilio's queue has no DateSent yet, so Twilio filters by day, and the time is compared here.
    day = since.astimezone(UTC).date().isoformat()
    query: dict[str, Any] = {"To": sms.recipient, "From": sms.sender, "DateSent>": day, "PageSize": _PAGE_SIZE}
    params = {name: value for name, value in query.items() if value}
    response = carrier_http.call("GET", _url(account, base_url), params=params, auth=_auth(account, credentials))
    messages = None if isinstance(response, SendOutcome) or not response.is_success else response.body.get("messages")
    if not isinstance(messages, list):
        return Unknown("Twilio's list of messages cannot be read")
    candidates = [_candidate(message, sms, since) for message in messages]
    return Candidates(dict(filter(None, candidates)))


def verify(webhook: CarrierWebhook, credentials: Credentials) -> bool:
    """Return whether Twilio has signed a webhook (https://www.twilio.com/docs/usage/webhooks/webhooks-security).

    The signature covers the URL and the parameters of a form; for any other body it covers the SHA-256 in the query. Twilio is
    inconsistent about the port in the URL, so the URL is accepted with and without it.

    Args:
        webhook: the request.
        credentials: ``token``; ``previous_token`` while the token is being replaced; ``shared_key`` if Twilio signs with one
            (``X-Twilio-Webhooks-Signature-Settings``).
    """
    settings = _signature_settings(webhook)
    digest = _DIGESTS.get((settings.get("algorithm") or "HMAC_SHA1").upper())
    signed = _signed_parameters(webhook)
    if digest is None or signed is None:
        return False
    signature = _header(webhook, "x-twilio-signature").encode()
    return any(
        hmac.compare_digest(signature, b64encode(hmac.digest(key.encode(), (url + signed).encode(), digest)))
        for key in _keys(settings, credentials)
        for url in _url_variants(webhook.url)
    )


def parse_receipt(body: bytes) -> Receipt:
    """Parse a status callback. Unknown parameters and statuses are ignored, because Twilio adds new ones without notice.

    Raises:
        ValidationFailed: the body is not a status callback.
    """
    with webhook_errors():
        form = _form(body)
        reported, number = _status(form), form.get("ErrorCode", "")
        if not reported:
            raise ValueError("the message has no status")
        status, code = _STATUSES.get(reported), CODES.get(number)
        words = form.get("ErrorMessage", "")
        reason = carrier_http.describe(number, words, CODES, reported) if status in _FAILURES else None
        return Receipt(_sid(form), status, reason, code.scope if code else None, form.get("From", ""))


def parse_inbound(body: bytes, received: datetime) -> InboundMessage | None:
    """Parse an inbound message; ``None`` for a status callback, which Twilio may be configured to send to the same URL.

    Args:
        body: the form.
        received: when the webhook arrived, which is all that is known about the message's time.

    Raises:
        ValidationFailed: the body is neither.
    """
    del received
    with webhook_errors():
        form = _form(body)
        if _status(form) not in _INBOUND_STATUSES:
            return None
        # Do not rely on NumMedia: a missing attachment must not prevent an opt-out.
        media = [(form.get(f"MediaUrl{index}", ""), form.get(f"MediaContentType{index}", "")) for index in range(_MAX_MEDIA)]
        opt_out = CARRIER_KEYWORDS.get(form.get("OptOutType", "").upper())
        return InboundMessage(
            carrier_message_id=_sid(form),
            sender=_number(form, "From"),
            recipient=_number(form, "To"),
            body=form.get("Body", ""),
            media_urls=tuple(url for url, _ in media if url),
            opt_out=opt_out,
            attachments=tuple(attachment(*file) for file in media if any(file)),
        )


def _candidate(message: object, sms: OutboundSms, since: datetime) -> tuple[str, str] | None:
    """Return the id and the sender of a listed message that may be ``sms``; ``None`` for any other entry."""
    if not isinstance(message, dict) or message.get("body") != sms.body:
        return None
    if sms.pool and message.get("messaging_service_sid") != sms.pool:
        return None
    try:
        created = parsedate_to_datetime(carrier_http.text_of(message.get("date_created")))
    except (ValueError, OverflowError):  # the latter for a year of many digits
        return None
    is_newer = (created if created.tzinfo else created.replace(tzinfo=UTC)) >= since
    sid = carrier_http.id_of(message.get("sid"))
    return (sid, carrier_http.text_of(message.get("from"))) if is_newer and sid else None


def _outcome(response: carrier_http.CarrierResponse) -> SendOutcome:
    sid = carrier_http.id_of(response.body.get("sid"))
    if response.is_success and sid:
        return _first_status(sid, response.body)
    code, description = carrier_http.code_of(response.body.get("code")), carrier_http.text_of(response.body.get("message"))
    return carrier_http.classify(response.status, code, description, CODES, retry_seconds=retry_after(response))


def _first_status(sid: str, message: Mapping[str, Any]) -> SendOutcome:
    """Return the outcome of a message that Twilio has created. No receipt reports its first status, which may be a failure."""
    status = carrier_http.text_of(message.get("status"))
    if _STATUSES.get(status) not in _FAILURES:
        return Accepted(sid, carrier_http.text_of(message.get("from")))
    code, description = carrier_http.code_of(message.get("error_code")), carrier_http.text_of(message.get("error_message"))
    words = description or ("" if code in CODES else status)
    return carrier_http.classify(requests.codes.bad_request, code, words, CODES, retry_seconds=None)


def _url(account: ChannelAccount, base_url: str) -> str:
    return f"{base_url}/2010-04-01/Accounts/{account.carrier_account}/Messages.json"


def _auth(account: ChannelAccount, credentials: Credentials) -> tuple[str, str]:
    return account.carrier_account, credentials["token"]


def _header(webhook: CarrierWebhook, name: str) -> str:
    return webhook.headers.get(name, "")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Return the parameters of a form.

    Raises:
        ValueError: there are more than Twilio ever sends.
    """
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)


def _form(body: bytes) -> dict[str, str]:
    return dict(_pairs(body))


def _status(form: Mapping[str, str]) -> str:
    """Return the status in a form, in lower case; empty if it has none. Older webhooks have ``Sms…`` parameters alone."""
    return (form.get("MessageStatus") or form.get("SmsStatus", "")).lower()


def _sid(form: Mapping[str, str]) -> str:
    return carrier_http.required_id(form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid"))


def _number(form: Mapping[str, str], name: str) -> str:
    """Return a parameter without the channel before its number, because an opt-out belongs to the number."""
    return _CHANNEL.sub("", form.get(name, ""), count=1)


def _signature_settings(webhook: CarrierWebhook) -> dict[str, str]:
    """Parse the header ``key=…,algorithm=…``; empty when Twilio signs with the account's token and SHA-1."""
    parts = _header(webhook, "x-twilio-webhooks-signature-settings").split(",")
    pairs = [part.strip().partition("=") for part in parts]
    return {name: value for name, _, value in pairs if name}


def _keys(settings: Mapping[str, str], credentials: Credentials) -> Iterator[str]:
    """Yield the keys that Twilio may have signed with. It signs with the previous token until the new one is made the primary."""
    if "key" in settings and "shared_key" in credentials:
        yield credentials["shared_key"]
    else:
        yield from (credentials[name] for name in ("token", "previous_token") if credentials.get(name))


def _signed_parameters(webhook: CarrierWebhook) -> str | None:
    """Return the text that is signed after the URL.

    Returns:
        The sorted parameters of a form; empty for any other body whose hash is in the URL; ``None`` when that hash is wrong, or a
        form has too many parameters.
    """
    if _header(webhook, "content-type").partition(";")[0].strip().lower() == _FORM:
        try:
            return "".join(name + value for name, value in sorted(set(_pairs(webhook.body))))
        except ValueError:
            return None
    body_hash = parse_qs(urlsplit(webhook.url).query).get("bodySHA256", [""])[0]
    expected = hashlib.sha256(webhook.body).hexdigest()
    return "" if hmac.compare_digest(body_hash.lower().encode(), expected.encode()) else None


def _url_variants(url: str) -> tuple[str, str]:
    """Return the URL without and with its port, otherwise unchanged."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return url.replace(parts.netloc, host, 1), url.replace(parts.netloc, f"{host}:{port}", 1)
