"""A site (one customer's team), its API keys and its channel accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Carrier(StrEnum):
    """A carrier; the values are those of the property ``channelCarrier``."""

    TWILIO = "twilio"
    TELNYX = "telnyxsms"


class SenderType(StrEnum):
    """The kinds of senders; the values are those of the API.

    ``ALPHANUMERIC``: a name, to which no one can reply. ``POOL``: the carrier chooses one of several numbers for each message.
    """

    NUMBER = "number"
    SHORT_CODE = "shortCode"
    ALPHANUMERIC = "alphanumeric"
    POOL = "pool"


# A Messaging Service of Twilio, and a messaging profile of Telnyx.
POOLS: Mapping[Carrier, re.Pattern[str]] = {
    Carrier.TWILIO: re.compile(r"MG[0-9a-fA-F]{32}"),
    Carrier.TELNYX: re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}
SHORT_CODE = re.compile(r"[0-9]{3,8}")


@dataclass(frozen=True)
class FrequencyCap:
    """A contact gets at most ``messages`` campaign messages in ``days`` days."""

    messages: int
    days: int


@dataclass(frozen=True)
class Site:
    """A tenant.

    Attributes:
        default_region: the ISO 3166 region of phone numbers without a country code.
        callback_url: the callback URL of campaigns and messages without a ``callbackURL``; ``None`` for no callbacks.
        sending_hours: the local time of day at which campaigns may message a contact (``08:00-21:00``); ``None`` for any time.
        frequency_cap: how often campaigns may message one contact; ``None`` for no limit.
        daily_segments: the quota of segments per day (UTC); ``None`` for no limit.
        max_contacts: the maximum number of contacts; ``None`` for no limit.
        rates: rate limits that differ from the defaults, by action, as text (:mod:`outreach.sites.rate_limits`).
        opt_out_keywords: words that opt their sender out, in addition to those of every site; the other two are alike.
        private_callbacks: whether callbacks may go to private addresses; for development only.
    """

    id: str
    default_region: str = "US"
    callback_url: str | None = None
    private_callbacks: bool = False
    sending_hours: str | None = None
    frequency_cap: FrequencyCap | None = None
    daily_segments: int | None = None
    max_contacts: int | None = None
    rates: Mapping[str, str] = field(default_factory=dict)
    opt_out_keywords: tuple[str, ...] = ()
    opt_in_keywords: tuple[str, ...] = ()
    help_keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class ApiKey:
    """An API key. Only the SHA-256 of the key itself is stored.

    Attributes:
        scopes: the scopes of its requests; empty for all scopes.
        last_used: ``YYYY-MM-DDTHH:MM:SS.mmmZ``, exact to five minutes; ``None`` for never.
    """

    site_id: str
    name: str
    scopes: frozenset[str] = frozenset()
    revoked: bool = False
    last_used: str | None = None


@dataclass(frozen=True)
class SendingStop:
    """An operator has stopped sending (docs/operations.md, "Stop sending").

    Attributes:
        since: ``YYYY-MM-DDTHH:MM:SS.mmmZ``.
        reason: why, for the other operators; may be empty.
    """

    since: str
    reason: str = ""


@dataclass(frozen=True)
class ChannelAccount:
    """A sender at a carrier. Its credentials are in the secret store (:mod:`outreach.sites.secrets`).

    Attributes:
        number: what sends messages: an E.164 number, a short code, a name, or the carrier's id of a pool of numbers
            (docs/carriers.md, "Senders").
        carrier_account: the carrier's id of the account (Twilio: the Account SID; Telnyx: the messaging profile).
        messages_per_second: how many segments per second the carrier accepts from this sender.
        resends_unknown: whether a message is sent again if its outcome stays unknown; the recipient may then get it twice.
        name: its display name; if empty, its number is shown.
        stop: set while an operator has stopped its messages, which then wait. All code that sends reads the account anyway.
    """

    id: str
    site_id: str
    carrier: Carrier
    number: str
    carrier_account: str
    messages_per_second: float
    resends_unknown: bool = False
    name: str = ""
    stop: SendingStop | None = None

    @property
    def sender_type(self) -> SenderType:
        """What kind of sender ``number`` is."""
        if POOLS[self.carrier].fullmatch(self.number):
            return SenderType.POOL
        if SHORT_CODE.fullmatch(self.number):
            return SenderType.SHORT_CODE
        return SenderType.ALPHANUMERIC if any(map(str.isalpha, self.number)) else SenderType.NUMBER

    @property
    def sender(self) -> str:
        """What the recipient sees as the sender; empty for a pool, because the carrier chooses its number for each message."""
        return "" if self.sender_type is SenderType.POOL else self.number

    def is_own_sender(self, sender: str) -> bool:
        """Return whether a message with this sender is sent from the account's own, which one without a sender takes.

        A client may name another (docs/carriers.md, "Senders"). What the carrier says about that says nothing about the account.
        """
        return sender in ("", self.sender)

    @property
    def receives_replies(self) -> bool:
        """Whether the recipient of a message can reply to it."""
        return self.sender_type is not SenderType.ALPHANUMERIC
