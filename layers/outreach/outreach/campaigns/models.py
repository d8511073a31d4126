"""A campaign: what is said, to whom, from where."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from outreach.contacts.filters import Filter


@dataclass(frozen=True)
class Campaign:
    """One campaign of a site.

    Attributes:
        message: the Liquid template of the text.
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
