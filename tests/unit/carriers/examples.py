"""An account and a message for each carrier, with one interface for both carriers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from outreach.carriers import outcomes, telnyx, twilio
from outreach.carriers.webhook_messages import CarrierWebhook, InboundMessage, Receipt
from outreach.sites.models import Carrier, ChannelAccount

TELNYX_SIGNING_KEY = SigningKey(b"a seed of exactly 32 bytes, yes!")

TEXT = outcomes.OutboundSms(
    message_id="8e03978e-40d5-43e8-bc93-6894a57f9326",
    sender="+15005550006",
    recipient="+12025550199",
    body="Grüße, “Ada” & Co. + 100 %",
    status_url="https://example.test/webhooks/status?message=1&site=10000",
    media_urls=("https://example.test/a.png", "https://example.test/b.png?c=d&e=f"),
)


class Client(Protocol):
    """The interface of both carriers' modules."""

    def send(
        self, account: ChannelAccount, credentials: dict[str, str], text: outcomes.OutboundSms, *, base_url: str
    ) -> outcomes.SendOutcome: ...
    def verify(self, webhook: CarrierWebhook, credentials: dict[str, str]) -> bool: ...
    def parse_receipt(self, body: bytes) -> Receipt | None: ...
    def parse_inbound(self, body: bytes, received: datetime) -> InboundMessage | None: ...


@dataclass(frozen=True)
class Example:
    """A carrier's client with an account and its credentials."""

    client: Client
    account: ChannelAccount
    credentials: dict[str, str]

    def send(self, base_url: str, text: outcomes.OutboundSms = TEXT) -> outcomes.SendOutcome:
        return self.client.send(self.account, self.credentials, text, base_url=base_url)


def _account(carrier: Carrier, carrier_account: str) -> ChannelAccount:
    return ChannelAccount("account", "10000", carrier, TEXT.sender, carrier_account, 1.0)


TWILIO = Example(twilio, _account(Carrier.TWILIO, "AC" + "a" * 32), {"token": "12345"})
TELNYX = Example(
    telnyx,
    _account(Carrier.TELNYX, ""),
    {"api_key": "KEY0123", "public_key": TELNYX_SIGNING_KEY.verify_key.encode(Base64Encoder).decode()},
)
