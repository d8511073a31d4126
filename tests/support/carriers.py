"""The site's channel accounts at both simulated carriers, and helpers to send messages through them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import requests
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from outreach import clock, parameter_store
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.sending import send_queue
from outreach.sites import secrets, site_store
from outreach.sites.models import Carrier, ChannelAccount
from tests.support import pipeline
from tests.support.pipeline import SITE

TELNYX_KEY = SigningKey(hashlib.sha256(b"outreach local telnyx").digest())
TELNYX_ACCOUNT = ChannelAccount(
    id="747277e8-06a5-4eec-ba66-1cdd617dc778",
    site_id=SITE,
    carrier=Carrier.TELNYX,
    number="+15005550008",
    carrier_account="",
    messages_per_second=100,
)
ACCOUNTS = {"twilio": pipeline.ACCOUNT, "telnyx": TELNYX_ACCOUNT}
CREDENTIALS = {
    "twilio": {"token": "local-twilio-token"},
    "telnyx": {"api_key": "local-telnyx-key", "public_key": TELNYX_KEY.verify_key.encode(Base64Encoder).decode()},
}


class Clock:
    """A clock for our code that a test can advance; the carriers use the real time."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._real = clock.now

    def now(self) -> datetime:
        return self._real() + self._ahead

    def skip(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


@dataclass
class Channel:
    """A carrier with the site's channel account there.

    The send queue delivers without delay: a message that is not due yet is requeued until the clock reaches its time.
    """

    name: str
    simulator: str
    clock: Clock
    pump: pipeline.Pump = field(default_factory=pipeline.Pump)

    @property
    def account(self) -> ChannelAccount:
        return ACCOUNTS[self.name]

    def queue(self, *numbers: str, **changes: Any) -> list[str]:
        """Create single messages and put them on the send queue.

        Returns:
            The ids of the messages.
        """
        slot = clock.timestamp(clock.now())
        messages = [
            self._message(f"{index:08}-0000-4000-8000-000000000000", number, slot, changes)
            for index, number in enumerate(numbers)
        ]
        message_store.create_many(messages)
        send_queue.enqueue(messages, [0.0] * len(messages))
        return [message.id for message in messages]

    def _message(self, message_id: str, number: str, slot: str, changes: dict[str, Any]) -> Message:
        account = self.account
        message = Message(message_id, SITE, f"contact of {number}", account.id, account.number, number, "Hello", slot)
        return replace(message, **changes)

    def run_until(self, done: Callable[[], bool], *, pace: float = 2) -> None:
        """Process queues and streams until ``done``; the clock advances by ``pace`` seconds in each turn."""

        def advance_and_check() -> bool:
            self.clock.skip(pace)
            return done()

        self.pump.run_until(advance_and_check)

    def calls(self, number: str | None = None) -> list[str]:
        """The outcome of each request to send that the carrier has received."""
        query = {"limit": "1000"} | ({"to": number} if number else {})
        answer = requests.get(f"{self.simulator}/_simulate/requests", params=query, timeout=5)
        return [request["outcome"] for request in answer.json()["requests"]]

    def use_credentials(self, credentials: dict[str, str]) -> None:
        """Replace the account's stored credentials and clear the cache."""
        put_credentials(self.account, credentials)
        parameter_store.clear()


def put_credentials(account: ChannelAccount, credentials: dict[str, str]) -> None:
    """Store an account's credentials."""
    path = secrets.account_path(account.site_id, account.id)
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps(credentials), Type="SecureString", Overwrite=True)


def put_accounts() -> None:
    """Create the site with a channel account at each carrier."""
    pipeline.put_site()
    for name, account in ACCOUNTS.items():
        site_store.put_account(account)
        put_credentials(account, CREDENTIALS[name])


def status(message_id: str) -> str:
    """The current status of a message."""
    return message_store.get(SITE, message_id).status
