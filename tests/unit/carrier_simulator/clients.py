"""Wraps the official SDKs in one interface, so that each test runs against both carriers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

import telnyx
from carrier_simulator.accounts import load_accounts
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.unit.carrier_simulator.receiver import Hook

ACCOUNTS = load_accounts(None)


@dataclass
class RefusedError(Exception):
    """An error response of the carrier, as its SDK reports it."""

    status: int
    code: str


@dataclass(frozen=True)
class Report:
    """The content of a status webhook whose signature the SDK has verified."""

    event: str
    sid: str
    status: str
    error_code: str | None


class Carrier(Protocol):
    """A client of a carrier."""

    name: str
    sender: str
    channel: str
    undelivered: str

    def send(self, to: str, body: str = "Hello", callback_url: str = "") -> str:
        """Send a message and return its id.

        Raises:
            RefusedError: the carrier refused the message.
        """

    def status(self, sid: str) -> str:
        """Fetch the status of a message."""

    def read(self, hook: Hook) -> Report:
        """Verify and parse a status webhook."""

    def read_inbound(self, hook: Hook) -> tuple[str, str, str]:
        """Verify an inbound webhook and return its sender, recipient and text."""


class _LocalHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK is untyped
    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._base_url), *args, **kwargs)


class TwilioCarrier:
    """A client with Twilio's SDK."""

    name, undelivered = "twilio", "undelivered"
    account = ACCOUNTS.twilio[0]
    sender, channel = next(iter(account.channels.items()))

    def __init__(self, base_url: str, timeout: float = 5, token: str = account.token) -> None:
        self.sdk = Client(self.account.sid, token, http_client=_LocalHttpClient(base_url, timeout))

    def send(self, to: str, body: str = "Hello", callback_url: str = "") -> str:
        try:
            message = self.sdk.messages.create(to=to, from_=self.sender, body=body, status_callback=callback_url or None)
        except TwilioRestException as error:
            raise RefusedError(error.status, str(error.code)) from None
        return str(message.sid)

    def status(self, sid: str) -> str:
        return str(self.sdk.messages(sid).fetch().status)

    def read(self, hook: Hook) -> Report:
        parameters, event = self._verified_data(hook), hook.headers["i-twilio-idempotency-token"]
        return Report(event, parameters["MessageSid"], parameters["MessageStatus"], parameters.get("ErrorCode"))

    def read_inbound(self, hook: Hook) -> tuple[str, str, str]:
        parameters = self._verified_data(hook)
        assert parameters["SmsStatus"] == "received"
        return parameters["From"], parameters["To"], parameters["Body"]

    def _verified_data(self, hook: Hook) -> dict[str, str]:
        parameters = dict(parse_qsl(hook.body.decode(), keep_blank_values=True))
        assert RequestValidator(self.account.token).validate(hook.url, parameters, hook.headers["x-twilio-signature"])
        return parameters


class TelnyxCarrier:
    """A client with Telnyx's SDK, without the SDK's own retries."""

    name, undelivered = "telnyx", "delivery_failed"
    account = ACCOUNTS.telnyx[0]
    sender, channel = next(iter(account.channels.items()))

    def __init__(self, base_url: str, timeout: float = 5, key: str = account.key) -> None:
        public_key = base64.b64encode(bytes(self.account.signing_key.verify_key)).decode()
        self.sdk = telnyx.Telnyx(api_key=key, public_key=public_key, base_url=f"{base_url}/v2", timeout=timeout, max_retries=0)

    def send(self, to: str, body: str = "Hello", callback_url: str = "", idempotency_key: str = "") -> str:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        url = callback_url or telnyx.omit
        try:
            response = self.sdk.messages.send(to=to, from_=self.sender, text=body, webhook_url=url, extra_headers=headers)
        except telnyx.APIStatusError as error:
            raise RefusedError(error.status_code, error.response.json()["errors"][0]["code"]) from None
        assert response.data
        return str(response.data.id)

    def status(self, sid: str) -> str:
        message = json.loads(self.sdk.messages.retrieve(sid).to_json())["data"]
        return str(message["to"][0]["status"])

    def read(self, hook: Hook) -> Report:
        event = self._verified_data(hook)
        payload = event["payload"]
        errors = payload["errors"]
        return Report(event["id"], payload["id"], payload["to"][0]["status"], errors[0]["code"] if errors else None)

    def read_inbound(self, hook: Hook) -> tuple[str, str, str]:
        event = self._verified_data(hook)
        assert event["event_type"] == "message.received"
        payload = event["payload"]
        return payload["from"]["phone_number"], payload["to"][0]["phone_number"], payload["text"]

    def _verified_data(self, hook: Hook) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.sdk.webhooks.unwrap(hook.body.decode(), headers=hook.headers).to_json())
        data: dict[str, Any] = event["data"]
        return data
