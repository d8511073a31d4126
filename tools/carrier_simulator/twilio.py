"""Simulates Twilio Messaging (API 2010-04-01): sending, listing and fetching messages, signed status and inbound webhooks.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/usage/webhooks/webhooks-security
and https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

import base64
import hmac
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urldefrag, urlencode, urlsplit

from aiohttp import ClientTimeout, encode_basic_auth, web
from multidict import MultiMapping

from carrier_simulator.accounts import Accounts, TwilioAccount, owner_of
from carrier_simulator.intake import INTAKE, LEDGER, CarrierError
from carrier_simulator.ledger import Message, Receipt, Submission
from carrier_simulator.outcomes import E164, Refusal
from carrier_simulator.receipts import Inbound, Webhook, WebhookPolicy
from carrier_simulator.segments import segments

API_VERSION = "2010-04-01"
MAX_BODY = 1600
MAX_MEDIA = 10
DEFAULT_PAGE, MAX_PAGE = 50, 1000
MAX_DIGITS = 15  # of a number in a query; SQLite's integers have 64 bits
SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")

# code -> HTTP status, text with placeholders
ERRORS = {
    "20001": (400, "Invalid parameter {parameter}"),
    "20003": (401, "Authenticate"),
    "20404": (404, "The requested resource {path} was not found"),
    "20429": (429, "Too Many Requests"),
    "20500": (500, "Internal Server Error"),
    "21211": (400, "Invalid 'To' Phone Number: {to}"),
    "21602": (400, "Message body is required."),
    "21603": (400, "A 'From' phone number is required."),
    "21604": (400, "A 'To' phone number is required."),
    "21606": (400, "The 'From' phone number {sender} is not a valid, message-capable number of this account"),
    "21609": (400, "The 'StatusCallback' URL {url} is not a valid URL."),
    "21610": (400, "Attempt to send to unsubscribed recipient"),
    "21617": (400, "The concatenated message body exceeds the 1600 character limit"),
    "21623": (400, "Number of media files exceeds allowed limit"),
    "21701": (400, "The Messaging Service does not exist"),
}
REFUSALS = {
    Refusal.INVALID_RECIPIENT: "21211",
    Refusal.OPTED_OUT: "21610",
    Refusal.THROTTLED: "20429",
    Refusal.SERVER_ERROR: "20500",
}


class TwilioError(CarrierError):
    """An error of ``ERRORS``; ``values`` fill the placeholders of its text."""

    def __init__(self, code: str, **values: str) -> None:
        status, text = ERRORS[code]
        super().__init__(code, status, text.format(**values))

    def response(self) -> web.Response:
        """Make the error response of Twilio."""
        return web.json_response(
            {
                "code": int(self.code),
                "message": str(self),
                "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
                "status": self.status,
            },
            status=self.status,
            headers={"WWW-Authenticate": 'Basic realm="Twilio API"'} if self.status == 401 else None,
        )


class Twilio:
    """The endpoints and webhooks of Twilio."""

    webhook_policy = WebhookPolicy(attempts=2, timeout=ClientTimeout(total=15, sock_connect=5))
    undelivered_code = "30005"
    prefix = f"/{API_VERSION}"

    def __init__(self, accounts: Accounts, webhook_base: str) -> None:
        self._accounts = {account.sid: account for account in accounts.twilio}
        self._webhook_base = webhook_base

    def routes(self) -> list[web.RouteDef]:
        """List the endpoints below ``prefix``."""
        messages = "/Accounts/{account}/Messages"
        return [
            web.post(f"{messages}.json", self.create_message),
            web.get(f"{messages}.json", self.list_messages),
            web.get(messages + "/{sid}.json", self.fetch_message),
        ]

    async def create_message(self, request: web.Request) -> web.Response:
        """``POST …/Messages.json``: send a message. Records every request, also refused ones."""
        form = await _form(request)
        fields = {name: str(value) for name, value in form.items()}
        intake = request.config_dict[INTAKE]
        submission = _submission(request.match_info["account"], fields, [str(url) for url in form.getall("MediaUrl", [])])
        with intake.recording_refusals(submission):
            account = self._authenticate(request)
            _validate(account, fields, submission)
            if refusal := await intake.refusal_for(submission):
                raise TwilioError(REFUSALS[refusal], to=submission.recipient)
        prefix = "MM" if submission.details["media"] else "SM"
        message = await intake.accept(account.with_sender(submission), prefix + uuid.uuid4().hex)
        # Twilio answers before it has chosen a number of a Messaging Service.
        chosen_later = {} if submission.sender else {"from": None}
        return web.json_response(resource(message) | chosen_later, status=201)

    async def fetch_message(self, request: web.Request) -> web.Response:
        """``GET …/Messages/{Sid}.json``: fetch a message of this account."""
        account, sid = self._authenticate(request), request.match_info["sid"]
        messages = request.config_dict[LEDGER].messages(limit=1, account=account.sid, sid=sid)
        if not messages:
            raise TwilioError("20404", path=request.path)
        return web.json_response(resource(messages[0]))

    async def list_messages(self, request: web.Request) -> web.Response:
        """``GET …/Messages.json``: list the account's messages, newest first. Filters: ``To``, ``From``, ``DateSent``."""
        account, query, ledger = self._authenticate(request), request.query, request.config_dict[LEDGER]
        size = max(1, min(_integer(query, "PageSize", DEFAULT_PAGE), MAX_PAGE))
        page = _integer(query, "Page", 0)
        # The token names the newest message of the first page, so that later messages do not shift the pages.
        newest_id = query.get("PageToken", "").removeprefix("PA")
        filters: dict[str, Any] = {
            "account": account.sid,
            "recipient": query.get("To"),
            "sender": query.get("From"),
            **_date_sent_filter(query),
        }
        filters["until"] = int(newest_id) if newest_id.isdecimal() and len(newest_id) <= MAX_DIGITS else None
        messages = ledger.messages(limit=size + 1, offset=page * size, newest_first=True, **filters)
        token = newest_id or (f"{messages[0].id}" if messages else "")
        return web.json_response(_page(request, messages[:size], page, size, token, has_more=len(messages) > size))

    def status_webhook(self, message: Message, receipt: Receipt) -> Webhook:
        """Make the status webhook for the message's ``StatusCallback``."""
        parameters = {
            "SmsSid": message.sid,
            "SmsStatus": receipt.status,
            "MessageStatus": receipt.status,
            "To": message.recipient,
            "MessageSid": message.sid,
            "AccountSid": message.account,
            "From": message.sender,
            "ApiVersion": API_VERSION,
        }
        if receipt.status == "undelivered":
            parameters["ErrorCode"] = self.undelivered_code
        if receipt.status != "sent":
            parameters["RawDlrDoneDate"] = datetime.fromtimestamp(receipt.due, UTC).strftime("%y%m%d%H%M")
        return _webhook(self._accounts[message.account], message.callback_url, parameters, receipt.event_id)

    def inbound_webhook(self, inbound: Inbound) -> Webhook:
        """Make the webhook of an inbound message for the webhook URL of the recipient's number."""
        account = owner_of(inbound.recipient, self._accounts.values())
        sid = inbound.id or f"SM{uuid.uuid4().hex}"
        parameters = {
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "SmsSid": sid,
            "SmsStatus": "received",
            "Body": inbound.body,
            "To": inbound.recipient,
            "NumSegments": str(segments(inbound.body)[1]),
            "MessageSid": sid,
            "AccountSid": account.sid,
            "From": inbound.sender,
            "ApiVersion": API_VERSION,
        }
        parameters |= {name: str(value) for name, value in inbound.extra.items()}
        url = inbound.url or account.inbound_url_of(inbound.recipient, self._webhook_base)
        return _webhook(account, url, parameters, str(uuid.uuid4()))

    def _authenticate(self, request: web.Request) -> TwilioAccount:
        account = self._accounts.get(request.match_info["account"])
        authorization = request.headers.get("Authorization")
        if account is None or authorization != encode_basic_auth(account.sid, account.token):
            raise TwilioError("20003")
        return account


def signature(token: str, url: str, parameters: Mapping[str, str]) -> str:
    """Compute ``X-Twilio-Signature``: the base64 of HMAC-SHA1 with the auth token, over the URL and the sorted parameters."""
    signed = url + "".join(name + value for name, value in sorted(parameters.items()))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def resource(message: Message) -> dict[str, Any]:
    """Make the message resource: numbers of segments and media as strings, dates by RFC 2822."""
    uri = f"/{API_VERSION}/Accounts/{message.account}/Messages/{message.sid}"
    service = message.details["messaging_service_sid"]
    return {
        "account_sid": message.account,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": _rfc2822(message.accepted_at),
        "date_sent": _rfc2822(message.sent_at),
        "date_updated": _rfc2822(message.updated_at),
        "direction": "outbound-api",
        "error_code": int(message.error_code) if message.error_code else None,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": service,
        "num_media": str(len(message.details["media"])),
        "num_segments": str(segments(message.body)[1]),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.recipient,
        "uri": f"{uri}.json",
    }


async def _form(request: web.Request) -> MultiMapping[Any]:
    try:
        return await request.post()
    except (ValueError, LookupError):  # bytes that are no text, or an unknown charset
        raise TwilioError("20001", parameter="body") from None


def _submission(account: str, fields: Mapping[str, str], media: list[str]) -> Submission:
    return Submission(
        carrier="twilio",
        account=account,
        sender=fields.get("From", ""),
        recipient=fields.get("To", ""),
        body=fields.get("Body", ""),
        callback_url=fields.get("StatusCallback", ""),
        details={"media": media, "messaging_service_sid": fields.get("MessagingServiceSid")},
    )


def _validate(account: TwilioAccount, fields: Mapping[str, str], submission: Submission) -> None:
    media = submission.details["media"]
    # In Twilio's order: the first fault decides the response.
    faults = {
        "21604": not submission.recipient,
        "21603": not submission.sender and "MessagingServiceSid" not in fields,
        "21602": not submission.body and not media,
        "21617": len(submission.body) > MAX_BODY,
        "21623": len(media) > MAX_MEDIA,
        "21211": not E164.fullmatch(submission.recipient),
        "21606": bool(submission.sender) and not account.can_send_from(submission.sender),
        "21701": not submission.sender and not SERVICE.fullmatch(fields.get("MessagingServiceSid", "")),
        "21609": bool(submission.callback_url) and not _is_callback_url(submission.callback_url),
    }
    for code, is_present in faults.items():
        if is_present:
            raise TwilioError(code, to=submission.recipient, sender=submission.sender, url=submission.callback_url)


def _is_callback_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # Twilio refuses host names with an underscore.
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in (parts.hostname or "")


def _webhook(account: TwilioAccount, url: str, parameters: Mapping[str, str], event_id: str) -> Webhook:
    url = urldefrag(url).url  # connection overrides, which Twilio neither signs nor sends
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": event_id,
        "X-Twilio-Signature": signature(account.token, url, parameters),
    }
    return Webhook(url, headers, urlencode(parameters).encode())


def _page(request: web.Request, messages: list[Message], page: int, size: int, token: str, *, has_more: bool) -> dict[str, Any]:
    def uri(number: int) -> str:
        query = {**request.query, "PageSize": str(size), "Page": str(number)} | ({"PageToken": f"PA{token}"} if number else {})
        return f"{request.path}?{urlencode(query)}"

    return {
        "messages": [resource(message) for message in messages],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(messages) - 1, 0),
        "uri": request.path_qs,
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": uri(page + 1) if has_more else None,
    }


def _date_sent_filter(query: MultiMapping[str]) -> dict[str, int]:
    """Parse ``DateSent`` (a UTC day or time), ``DateSent>=`` and ``DateSent<=`` into bounds in whole Unix seconds."""
    bounds = {}
    if day := query.get("DateSent"):
        start = _unix_seconds("DateSent", day)
        bounds = {"sent_from": start, "sent_to": start + int(timedelta(days=1).total_seconds()) - 1}
    if earliest := query.get("DateSent>"):
        bounds["sent_from"] = _unix_seconds("DateSent>", earliest)
    if latest := query.get("DateSent<"):
        bounds["sent_to"] = _unix_seconds("DateSent<", latest)
    return bounds


def _unix_seconds(name: str, text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise TwilioError("20001", parameter=name) from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def _integer(query: MultiMapping[str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise TwilioError("20001", parameter=name)
    return int(text)


def _rfc2822(seconds: float | None) -> str | None:
    return None if seconds is None else format_datetime(datetime.fromtimestamp(seconds, UTC))
