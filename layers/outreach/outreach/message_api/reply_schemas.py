"""Response schemas of replies (docs/api.md, "Replies")."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from outreach import wire
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.consent.keywords import Keyword
from outreach.messages.models import Message


class ReplyAttachmentResponse(wire.Response):
    """A file that came with a reply. Properties that the carrier does not report are omitted."""

    type: Literal["image", "video", "audio", "file"]
    url: str | None = None
    content_type: str | None = None
    name: str | None = None
    size: int | None = None

    @model_serializer(mode="wrap")
    def _leave_out_unknown(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if value is not None}


class ReplyResponse(wire.Response):
    """An inbound message. ``campaign_id`` and ``campaign_record_id`` are those of the campaign message that it answers."""

    id: str
    received_time: str
    contact_id: str
    channel_account_id: str
    sender: str = Field(alias="from")
    recipient: str = Field(alias="to")
    message: str
    attachments: list[ReplyAttachmentResponse]
    keyword: Keyword | None
    campaign_id: str | None
    campaign_record_id: str | None
    attached_to_ticket_id: str | None

    @classmethod
    def of(cls, reply: Message, _record: CampaignRecord | None = None) -> ReplyResponse:
        """Return the response for a reply, from its row alone."""
        return cls(
            id=reply.id,
            received_time=reply.slot,
            contact_id=reply.contact_id,
            channel_account_id=reply.account_id,
            sender=reply.sender,
            recipient=reply.recipient,
            message=reply.body,
            attachments=[ReplyAttachmentResponse(**attachment) for attachment in reply.attachments],
            keyword=reply.keyword,
            campaign_id=reply.campaign_id,
            campaign_record_id=reply.record_id,
            attached_to_ticket_id=reply.ticket_id,
        )


class RepliesResponse(wire.PagedResponse):
    replies: list[ReplyResponse]
