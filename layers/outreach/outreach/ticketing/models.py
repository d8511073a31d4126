"""A ticket and its messages (specification: Attach a message to the ticket)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class SenderType(StrEnum):
    """Who wrote a ticket message; the values are the specification's."""

    CONTACT = "contact"
    VISITOR = "visitor"
    CHATBOT = "chatbot"
    CHANNEL_ACCOUNT = "channelAccount"
    SYSTEM = "system"
    AGENT = "agent"


class ContentType(StrEnum):
    """What a ticket message holds; the values are the specification's."""

    TEXT = "text"
    HTML = "html"
    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    FILE = "file"
    LOCATION = "location"
    QUICK_REPLY = "quickReply"
    WEB_VIEW = "webView"


@dataclass(frozen=True)
class TicketMessage:
    """One message of a ticket.

    Attributes:
        id: a GUID; the same message is in a ticket once, however often it is attached.
        ticket_id: counted from 1 in each site.
        sent_by_id: the contact's, channel account's, … id.
        time: when it was written, as :mod:`outreach.clock` spells it.
        original_id: its id in the channel that it came by.
        channel_id: the name of that channel.
        body: plain text, whatever way it travelled.
    """

    id: str
    ticket_id: int
    sent_by_id: str
    sent_by_type: SenderType
    time: str
    type: ContentType
    channel_id: str
    body: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parent_id: str | None = None
    original_id: str | None = None
    if_display_in_ticket_correspondences: bool = False
    is_read: bool = False
    attachments: Sequence[Any] = ()
    message_delivery: Mapping[str, Any] = field(default_factory=dict)
