"""The interface of a carrier: a module with these functions (docs/carriers.md). :mod:`outreach.carriers.registry` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from outreach.carriers.outcomes import Accepted, OutboundSms, Refused, SendOutcome, Unknown
from outreach.carriers.webhook_messages import CarrierWebhook, InboundMessage, Receipt
from outreach.sites.models import Carrier, ChannelAccount

Credentials = Mapping[str, str]


@dataclass(frozen=True)
class Candidates:
    """Messages in the carrier's list that may be the message whose outcome is unknown.

    Attributes:
        senders: the sender of each message, by the carrier's id of the message; empty if the carrier does not report it yet.
    """

    senders: Mapping[str, str] = field(default_factory=dict)


Reconciliation = Accepted | Refused | Unknown | Candidates


class CarrierClient(Protocol):
    """The client of one carrier's API, and the parser of its webhooks.

    Attributes:
        CARRIER: the carrier.
        SIGNATURE_HEADERS: the request headers that :meth:`verify` reads, in lower case; first the one with the signature itself,
            without which no webhook is genuine.
    """

    CARRIER: Carrier
    SIGNATURE_HEADERS: tuple[str, ...]

    def send(self, account: ChannelAccount, credentials: Credentials, sms: OutboundSms, *, base_url: str) -> SendOutcome:
        """Ask the carrier to send a message, with a single request.

        Args:
            account: the channel account that sends.
            credentials: those of the account, under the carrier's own names (:mod:`outreach.sites.secrets`).
            sms: the message.
            base_url: the URL of the carrier's API, without the version.
        """

    def reconcile(
        self, account: ChannelAccount, credentials: Credentials, sms: OutboundSms, since: datetime, *, base_url: str
    ) -> Reconciliation:
        """Find the outcome of a call whose outcome is unknown, without sending the message twice.

        Args:
            account: as in :meth:`send`.
            credentials: as in :meth:`send`.
            sms: the message, exactly as it was sent.
            since: the earliest time at which the carrier can have accepted it.
            base_url: as in :meth:`send`.
        """

    def verify(self, webhook: CarrierWebhook, credentials: Credentials) -> bool:
        """Return whether the carrier has signed a webhook. A time in the signature is compared with the time of receipt."""

    def parse_receipt(self, body: bytes) -> Receipt | None:
        """Parse a delivery report; ``None`` for any other event that the carrier sends to the same URL.

        Raises:
            ValidationFailed: the body is not a delivery report of this carrier.
        """

    def parse_inbound(self, body: bytes, received: datetime) -> InboundMessage | None:
        """Parse an inbound message; ``None`` for any other event that the carrier sends to the same URL.

        Args:
            received: when the webhook arrived.

        Raises:
            ValidationFailed: the body is not an event of this carrier.
        """
