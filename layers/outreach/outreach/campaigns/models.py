"""A campaign: what is said, to whom, from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outreach.contacts.filters import Filter


@dataclass(frozen=True)
class Wording:
    """What a campaign says.

    Attributes:
        template: of the text, in Liquid.
        replaces_smart_quotes: whether typographic quotes, dashes and the like become plain ones where that makes the text GSM-7,
            which takes fewer segments.
    """

    template: str
    replaces_smart_quotes: bool = False

    @classmethod
    def of_snapshot(cls, campaign: Mapping[str, Any]) -> Wording:
        """What the send of a record says, given its campaign in the form of the API."""
        return cls(campaign["message"], campaign["replacesSmartQuotes"])


@dataclass(frozen=True)
class Campaign:
    """One campaign of a site.

    Attributes:
        message: the Liquid template of the text.
        replaces_smart_quotes: see :class:`Wording`.
        preferred_ticket: ``newTicket`` or ``existing``.
        attach_time: ``whenTheMessageIsSent`` or ``whenContactRepliesTheMessage``.
        schedule_version: raised by each change of ``scheduled_start_time``.
        is_schedule_pending: whether that time is still to come, as far as we have got.
        max_segments: how many carrier segments a send of it may take; ``None``: any number.
        callback_url: who is told of its messages' statuses; ``None`` for the site's default.
    """

    id: str
    site_id: str
    create_time: str
    name: str
    channel_account_id: str
    message: str
    description: str = ""
    is_auto_attached: bool = False
    preferred_ticket: str | None = None
    attach_time: str | None = None
    contact_filter: Filter = field(default_factory=Filter)
    scheduled_start_time: datetime | None = None
    schedule_version: int = 0
    is_schedule_pending: bool = False
    callback_url: str | None = None
    max_segments: int | None = None
    replaces_smart_quotes: bool = False

    @property
    def wording(self) -> Wording:
        return Wording(self.message, self.replaces_smart_quotes)
