"""Response schemas of a site and its channel accounts (docs/api.md, "Sites and API keys")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from outreach import __version__, clock, wire
from outreach.sites.models import Carrier, ChannelAccount, SenderType, Site

if TYPE_CHECKING:
    from outreach.sending.circuit_breaker import BreakerState


class QuotasResponse(wire.Response):
    """The quotas of a site; ``None`` for no limit. ``used_segments`` counts today's, if the site has a quota of them."""

    max_contacts: int | None
    daily_segments: int | None
    used_segments: int | None


class SiteResponse(wire.Response):
    """The site of an API key, what the key may do (no scopes mean all), and the version of Outreach that answers."""

    site_id: str
    key_name: str
    scopes: list[str]
    default_region: str
    sending_hours: str | None
    callback_url: str | None = Field(alias="callbackURL")
    quotas: QuotasResponse
    version: str

    @classmethod
    def of(cls, site: Site, key_name: str, scopes: frozenset[str], used_segments: int | None) -> SiteResponse:
        """Make the response to a caller with a key's name and scopes."""
        return cls(
            site_id=site.id,
            key_name=key_name,
            scopes=sorted(scopes),
            default_region=site.default_region,
            sending_hours=site.sending_hours,
            callback_url=site.callback_url,
            quotas=QuotasResponse(
                max_contacts=site.max_contacts, daily_segments=site.daily_segments, used_segments=used_segments
            ),
            version=__version__,
        )


# The reason of an account that an operator has stopped.
STOPPED = "stopped by the operator"


class ChannelAccountResponse(wire.Response):
    """A channel account, without its credentials and its carrier's id of it."""

    id: str
    name: str
    carrier: Carrier
    number: str
    sender_type: SenderType
    messages_per_second: float
    status: Literal["active", "paused"]
    status_reason: str | None
    paused_until: str | None

    @classmethod
    def of(cls, account: ChannelAccount, pause: BreakerState | None) -> ChannelAccountResponse:
        """Make the response of an account. It is paused while stopped by an operator, or refused by its carrier."""
        status_reason, paused_until = None, None
        if account.stop:  # an operator's reason is for other operators only
            status_reason = STOPPED
        elif pause:
            status_reason, paused_until = pause.reason, clock.timestamp(clock.from_epoch(pause.until))
        return cls(
            id=account.id,
            name=account.name or account.number,
            carrier=account.carrier,
            number=account.number,
            sender_type=account.sender_type,
            messages_per_second=account.messages_per_second,
            status="paused" if account.stop or pause else "active",
            status_reason=status_reason,
            paused_until=paused_until,
        )


class ChannelAccountsResponse(wire.PagedResponse):
    channel_accounts: list[ChannelAccountResponse]
