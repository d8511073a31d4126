"""One account and one message for each carrier, and both carriers behind one face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from outreach.sending import outcomes, telnyx, twilio
from outreach.sending.webhooks import Inbound, Receipt, Webhook
from outreach.sites.models import Carrier, ChannelAccount

TELNYX_SIGNING_KEY = SigningKey(b"a seed of exactly 32 bytes, yes!")

TEXT = outcomes.Text(
    message_id="8e03978e-40d5-43e8-bc93-6894a57f9326",
    sender="+15005550006",
    recipient="+12025550199",
    body="Grüße, “Ada” & Co. + 100 %",
    status_url="https://example.test/webhooks/status?message=1&site=10000",
    media_urls=("https://example.test/a.png", "https://example.test/b.png?c=d&e=f"),
)


class Client(Protocol):
    """What both carriers' modules offer."""

    def send(
        self, account: ChannelAccount, credentials: dict[str, str], text: outcomes.Text, *, base_url: str
    ) -> outcomes.Outcome: ...
    def verify(self, webhook: Webhook, credentials: dict[str, str]) -> bool: ...
    def parse_receipt(self, body: bytes) -> Receipt: ...
    def parse_inbound(self, body: bytes) -> Inbound | None: ...


@dataclass(frozen=True)
class Example:
    """A carrier with its customer's account."""

    client: Client
    account: ChannelAccount
    credentials: dict[str, str]

    def send(self, base_url: str, text: outcomes.Text = TEXT) -> outcomes.Outcome:
        return self.client.send(self.account, self.credentials, text, base_url=base_url)


def _account(carrier: Carrier, carrier_account: str) -> ChannelAccount:
    return ChannelAccount("account", "10000", carrier, TEXT.sender, carrier_account, 1.0)


TWILIO = Example(twilio, _account(Carrier.TWILIO, "AC" + "a" * 32), {"token": "12345"})
TELNYX = Example(
    telnyx,
    _account(Carrier.TELNYX, ""),
    {"api_key": "KEY0123", "public_key": TELNYX_SIGNING_KEY.verify_key.encode(Base64Encoder).decode()},
)
