"""Outbound messages as they travel (specification: Create a outbound message, OutboundMessage, Attachment)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from outreach import wire
from outreach.messages.models import Message
from outreach.messages.status import Status
from outreach.sites.models import Carrier

# Twilio takes no more of either; what Telnyx takes of text is about as much.
MAX_LENGTH = 1_600
MAX_ATTACHMENTS = 10

_CARRIERS = wire.one_of(*Carrier)

ChannelCarrier = Annotated[Carrier | None, BeforeValidator(lambda value: wire.none_if_blank(value) and _CARRIERS(value))]
AttachmentType = Annotated[
    Literal["video", "audio", "image", "file"], BeforeValidator(wire.one_of("video", "audio", "image", "file"))
]


class AttachmentBody(wire.Request):
    """A file that the carrier fetches and sends along."""

    type: AttachmentType
    url: wire.Url
    size: wire.Integer | None = None
    name: str | None = None


class OutboundMessageBody(wire.Request):
    """What a POST takes."""

    channel_account_id: wire.Guid
    channel_carrier: ChannelCarrier = None
    contact_id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    to: Annotated[str, Field(min_length=1, max_length=100)]
    message: Annotated[str, BeforeValidator(lambda value: value or ""), Field(max_length=MAX_LENGTH)] = ""
    attachments: Annotated[
        tuple[AttachmentBody, ...], BeforeValidator(lambda value: value or ()), Field(max_length=MAX_ATTACHMENTS)
    ] = ()
    callback_url: wire.OptionalUrl = Field(None, alias="callbackURL")


class AttachmentResponse(wire.Response):
    """An attachment as the client described it."""

    type: str
    url: str
    size: int | None = None
    name: str | None = None


class OutboundMessageResponse(wire.Response):
    """An outbound message as we write it, in the API and in callbacks.

    ``originMessageid`` (so spelt in the specification) is the carrier's id; ``channelAccountId`` the account that has sent.
    """

    id: str
    origin_message_id: str | None = Field(alias="originMessageid")
    channel_account_id: str
    contact_id: str | None
    message: str
    attachments: list[AttachmentResponse]
    to: str
    status: Status
    failed_reason: str
    sent_time: str
    callback_url: str | None = Field(alias="callbackURL")

    @classmethod
    def of(cls, message: Message) -> OutboundMessageResponse:
        return cls(
            id=message.id,
            origin_message_id=message.carrier_message_id,
            channel_account_id=message.account_id,
            contact_id=message.contact_id or None,
            message=message.body,
            attachments=[AttachmentResponse(**attachment) for attachment in message.attachments],
            to=message.recipient,
            status=message.status,
            failed_reason=message.failed_reason,
            sent_time=message.sent_time or message.slot,
            callback_url=message.callback_url,
        )
