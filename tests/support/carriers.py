"""Both carriers' simulated sides with a channel account of ours at each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
import requests
from aws_lambda_powertools.utilities import parameters
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from outreach import clock
from outreach.messages import store
from outreach.messages.models import Message
from outreach.sending import queue
from outreach.sites import secrets
from outreach.sites import store as sites
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
    """Our clock, which the test may put forward; the carriers keep the real time."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._real = clock.now

    def now(self) -> datetime:
        return self._real() + self._ahead

    def skip(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


@dataclass
class Channel:
    """One carrier with our account there. The send queue has no delays; what isn't due yet goes round until our clock says so."""

    name: str
    simulator: str
    clock: Clock
    pump: pipeline.Pump = field(default_factory=pipeline.Pump)

    @property
    def account(self) -> ChannelAccount:
        return ACCOUNTS[self.name]

    def queue(self, *numbers: str, **changes: Any) -> list[str]:
        """Put single messages on the send queue; their ids."""
        slot = clock.timestamp(clock.now())
        messages = [
            self._message(f"{index:08}-0000-4000-8000-000000000000", number, slot, changes)
            for index, number in enumerate(numbers)
        ]
        store.create_many(messages)
        queue.enqueue(messages, [0.0] * len(messages))
        return [message.id for message in messages]

    def _message(self, message_id: str, number: str, slot: str, changes: dict[str, Any]) -> Message:
        account = self.account
        return Message(message_id, SITE, f"contact of {number}", account.id, account.number, number, "Hello", slot, **changes)

    def run_until(self, done: Callable[[], bool], *, pace: float = 2) -> None:
        """Let everything work until ``done``; our clock runs ``pace`` seconds a turn."""

        def done_by_now() -> bool:
            self.clock.skip(pace)
            return done()

        self.pump.run_until(done_by_now)

    def calls(self, number: str | None = None) -> list[str]:
        """What came of each request to send that the carrier has seen."""
        query = {"limit": "1000"} | ({"to": number} if number else {})
        found = requests.get(f"{self.simulator}/_simulate/requests", params=query, timeout=5).json()["requests"]
        return [request["outcome"] for request in found]

    def use_credentials(self, credentials: dict[str, str]) -> None:
        """Replace the account's credentials on our side, past the cache."""
        put_credentials(self.account, credentials)
        parameters.clear_caches()  # type: ignore[no-untyped-call]


def put_credentials(account: ChannelAccount, credentials: dict[str, str]) -> None:
    """What we know of an account's secrets."""
    path = secrets.account_path(account.site_id, account.id)
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps(credentials), Type="SecureString", Overwrite=True)


def put_accounts() -> None:
    """The site with an account at each carrier."""
    pipeline.put_site()
    for name, account in ACCOUNTS.items():
        sites.put_account(account)
        put_credentials(account, CREDENTIALS[name])


def status(message_id: str) -> str:
    """How far a message has come."""
    return store.get(SITE, message_id).status
