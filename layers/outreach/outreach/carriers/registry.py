"""What distinguishes the carriers: one entry for each (docs/carriers.md, "Add a carrier")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.carriers import gsm
from outreach.carriers.outcomes import OutboundSms, SendOutcome
from outreach.messages.models import Message
from outreach.settings import Settings, settings
from outreach.sites.models import Carrier, ChannelAccount

if TYPE_CHECKING:
    from datetime import datetime

    from outreach.carriers.protocol import CarrierClient, Credentials, Reconciliation


@dataclass(frozen=True)
class CarrierEntry:
    """A carrier.

    Attributes:
        client: imports the carrier's module on first use, because its HTTP and signature libraries slow a cold start.
        base_url: returns the URL of the carrier's API.
        webhook_path: the carrier's name in the paths of its webhooks.
        pool_name: what the carrier calls a pool of numbers (:data:`outreach.sites.models.POOLS`), with an article.
        name_characters: what the name of a sender may contain in addition to ASCII letters and digits.
        secrets: the secrets that the client needs (:mod:`outreach.sites.secrets`).
        optional_secrets: those that it uses if they are stored.
        public_keys: those of both that are Ed25519 public keys: base64 of 32 bytes.
        names_need_pool: whether an account that sends from a name must name a pool as its ``carrier_account``.
        gsm_extension: the characters outside the GSM basic alphabet that the carrier sends as GSM-7.
        max_segments: how many segments a text may have; ``None`` if only its characters are limited.
    """

    client: Callable[[], CarrierClient]
    base_url: Callable[[Settings], str]
    webhook_path: str
    pool_name: str
    name_characters: str
    secrets: tuple[str, ...]
    optional_secrets: tuple[str, ...] = ()
    public_keys: tuple[str, ...] = ()
    names_need_pool: bool = False
    gsm_extension: frozenset[str] = gsm.EXTENSION
    max_segments: int | None = None


def _twilio() -> CarrierClient:
    from outreach.carriers import twilio

    return twilio


def _telnyx() -> CarrierClient:
    from outreach.carriers import telnyx

    return telnyx


_CARRIERS: Mapping[Carrier, CarrierEntry] = {
    Carrier.TWILIO: CarrierEntry(
        client=_twilio,
        base_url=lambda values: values.twilio_base_url,
        webhook_path="twilio",
        pool_name="a Messaging Service of Twilio",
        name_characters=" +-_&",
        secrets=("token",),
        # The first signs webhooks with the newer header, the second signs them until the token has been replaced.
        optional_secrets=("shared_key", "previous_token"),
    ),
    Carrier.TELNYX: CarrierEntry(
        client=_telnyx,
        base_url=lambda values: values.telnyx_base_url,
        webhook_path="telnyx",
        pool_name="a messaging profile of Telnyx",
        name_characters=" ",
        secrets=("api_key", "public_key"),
        # Signs webhooks until the key has been replaced.
        optional_secrets=("previous_public_key",),
        public_keys=("public_key", "previous_public_key"),
        names_need_pool=True,
        gsm_extension=gsm.EXTENSION - {"€"},  # a text with a euro sign is sent as UCS-2
        max_segments=10,
    ),
}


def entry(carrier: Carrier) -> CarrierEntry:
    """Return the entry of a carrier."""
    return _CARRIERS[carrier]


def send(account: ChannelAccount, credentials: Credentials, message: Message) -> SendOutcome:
    """Ask the account's carrier to send a message, with a single request. A repeated call makes an identical request."""
    carrier = entry(account.carrier)
    return carrier.client().send(account, credentials, _sms(account, message), base_url=carrier.base_url(settings()))


def reconcile(account: ChannelAccount, credentials: Credentials, message: Message, since: datetime) -> Reconciliation:
    """Ask the account's carrier for the outcome of a message.

    Args:
        account: the channel account that sent it.
        credentials: those of the account.
        message: the message whose outcome is unknown.
        since: the earliest time at which the carrier can have accepted it.
    """
    carrier = entry(account.carrier)
    return carrier.client().reconcile(account, credentials, _sms(account, message), since, base_url=carrier.base_url(settings()))


def status_url(account: ChannelAccount, message_id: str) -> str:
    """Return the URL for the receipts of a message. It contains the message's key, so no index by carrier id is needed."""
    return f"{settings().webhook_base_url}/webhooks/{entry(account.carrier).webhook_path}/{account.id}/messages/{message_id}"


def _sms(account: ChannelAccount, message: Message) -> OutboundSms:
    if message.lacks_text:
        raise ValueError(f"the text of message {message.id} was not read")
    sender = message.sender or account.sender
    return OutboundSms(
        message_id=message.id,
        sender=sender,
        pool="" if sender else account.number,
        recipient=message.recipient,
        body=message.body,
        status_url=status_url(account, message.id),
        media_urls=message.media_urls,
    )
