"""A site (one customer's team), its API keys and its channel accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Carrier(StrEnum):
    """Who transports the messages; the values are those of the specification's ``channelCarrier``."""

    TWILIO = "twilio"
    TELNYX = "telnyxsms"


@dataclass(frozen=True)
class FrequencyCap:
    """A contact gets at most ``messages`` in ``days`` days."""

    messages: int
    days: int


@dataclass(frozen=True)
class Site:
    """One tenant.

    Attributes:
        default_region: ISO 3166 region that national phone numbers are read in.
        callback_url: where callbacks of campaigns without a ``callbackURL`` of their own go, or ``None``.
        sending_hours: when campaigns may write to people, in their local time (``08:00-21:00``); ``None``: at any time.
        frequency_cap: how often campaigns may write to one contact; ``None``: as often as they like.
        daily_segments: how many segments may be sent a day (UTC); ``None``: any number.
        max_contacts: how many contacts it may have; ``None``: any number.
        rates: how fast it may ask, by kind of action, where it isn't as fast as all (:mod:`outreach.sites.rates`, as text).
        private_callbacks: whether callbacks may go to private addresses; only for development.
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


@dataclass(frozen=True)
class ApiKey:
    """What a request may do. Only the SHA-256 of the key itself is stored. No scopes = all.

    Attributes:
        last_used: ``YYYY-MM-DDTHH:MM:SS.mmmZ``, five minutes off at most; ``None``: never.
    """

    site_id: str
    name: str
    scopes: frozenset[str] = frozenset()
    revoked: bool = False
    last_used: str | None = None


@dataclass(frozen=True)
class ChannelAccount:
    """A sender: a number at a carrier. Its credentials are not here but in the secret store.

    Attributes:
        number: E.164 number that messages come from.
        carrier_account: the carrier's own id of the account (Twilio: the Account SID).
        messages_per_second: how many segments the carrier takes a second from this number.
        resends_unknown: send a message again when nobody can find out whether the carrier has taken it; somebody may then
            get it twice.
    """

    id: str
    site_id: str
    carrier: Carrier
    number: str
    carrier_account: str
    messages_per_second: float
    resends_unknown: bool = False
