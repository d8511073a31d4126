"""Campaigns and their message templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outreach.contacts.filters.models import Filter


@dataclass(frozen=True)
class MessageTemplate:
    """The template of a campaign's messages.

    Attributes:
        template: the text, in Liquid.
        replaces_smart_quotes: whether to replace typographic quotes, dashes and spaces with plain ones if that makes the text
            GSM-7, which takes fewer segments.
    """

    template: str
    replaces_smart_quotes: bool = False

    @classmethod
    def of_snapshot(cls, campaign: Mapping[str, Any]) -> MessageTemplate:
        """Return the template in a record's snapshot of its campaign."""
        return cls(campaign["message"], campaign["replacesSmartQuotes"])


@dataclass(frozen=True)
class Campaign:
    """One campaign of a site.

    Attributes:
        message: the text, in Liquid.
        replaces_smart_quotes: see :class:`MessageTemplate`.
        preferred_ticket: ``newTicket`` or ``existing``.
        attach_time: ``whenTheMessageIsSent`` or ``whenContactRepliesTheMessage``.
        schedule_version: incremented by each change of ``scheduled_start_time``.
        is_schedule_pending: whether the scheduled start has not happened yet.
        max_segments: how many segments one send may take; ``None`` for no limit.
        callback_url: where status changes of the messages are posted; ``None`` for the site's default.
        schedule_status_reason: why the scheduled start was given up, or ``None``.
        version: incremented by each change of the campaign.
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
    schedule_status_reason: str | None = None
    version: int = 0

    @property
    def message_template(self) -> MessageTemplate:
        return MessageTemplate(self.message, self.replaces_smart_quotes)
