"""The messages of tickets (docs/api.md, "Tickets")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AuthorType(StrEnum):
    """The kind of author of a ticket message; the values are those of the API."""

    CONTACT = "contact"
    VISITOR = "visitor"
    CHATBOT = "chatbot"
    CHANNEL_ACCOUNT = "channelAccount"
    SYSTEM = "system"
    AGENT = "agent"


class ContentType(StrEnum):
    """The content type of a ticket message; the values are those of the API."""

    TEXT = "text"
    HTML = "html"
    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    FILE = "file"
    LOCATION = "location"
    QUICK_REPLY = "quickReply"
    WEB_VIEW = "webView"


class DeliveryStatus(StrEnum):
    """What has become of a ticket message; the values are those of the API."""

    WAIT_FOR_SENDING = "waitForSending"
    SENDING = "sending"
    FAILED = "failed"
    SUCCESS = "success"


@dataclass(frozen=True)
class Ticket:
    """A ticket of the built-in ticketing system.

    Attributes:
        id: its number, counted from 1 in each site.
        contact_id: the contact that it was opened for.
        account_id: the channel account that it was opened for.
        create_time: when it was opened, as :mod:`outreach.clock` formats it.
    """

    id: int
    contact_id: str
    account_id: str
    create_time: str


@dataclass(frozen=True)
class TicketMessage:
    """A message of a ticket.

    Attributes:
        id: a GUID; a message that is attached again with the same id is in the ticket only once.
        ticket_id: the ticket number, counted from 1 in each site.
        sent_by_id: the id of the author, such as a contact or a channel account.
        time: when it was written, as :mod:`outreach.clock` formats it.
        original_id: its id in the channel.
        channel_id: the name of the channel that carried it.
        body: plain text, decoded if it was sent in base64.
    """

    id: str
    ticket_id: int
    sent_by_id: str
    sent_by_type: AuthorType
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
