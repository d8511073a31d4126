"""Messages as they travel (specification: OutreachMessage; contract, Campaigns, records, messages)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from outreach import wire
from outreach.campaigns.records import Record
from outreach.http.paging import PagedResponse
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Message
from outreach.messages.status import Status


class MessageResponse(wire.Response):
    """A message as we write it, in the API and in callbacks. What its campaign determines is taken from the record, if any."""

    id: str
    sent_time: str
    channel: Literal["sms"] = "sms"
    channel_account_id: str
    contact_id: str
    message: str
    sender: str = Field(alias="from")
    recipient: str = Field(alias="to")
    status: Status
    failed_reason: str
    campaign_id: str | None
    campaign_record_id: str | None
    campaign_sent_time: str | None
    is_message_auto_attached_to_ticket: bool
    preferred_ticket_to_auto_attach: str | None
    time_to_auto_attach_to_ticket: str | None
    attached_to_ticket_id: str | None
    callback_url: str | None = Field(alias="callbackURL")

    @classmethod
    def of(cls, message: Message, record: Record | None) -> MessageResponse:
        """
        Args:
            record: the campaign record that the message belongs to, if it belongs to one.
        """
        wish = AutoAttach.of(message, record)
        return cls(
            id=message.id,
            sent_time=message.sent_time or message.slot,
            channel_account_id=message.account_id,
            contact_id=message.contact_id,
            message=message.body,
            sender=message.sender,
            recipient=message.recipient,
            status=message.status,
            failed_reason=message.failed_reason,
            campaign_id=record.campaign_id if record else message.campaign_id,
            campaign_record_id=message.record_id,
            campaign_sent_time=record.sent_time if record else message.campaign_sent_time,
            is_message_auto_attached_to_ticket=wish.is_wanted,
            preferred_ticket_to_auto_attach=wish.preferred_ticket,
            time_to_auto_attach_to_ticket=wish.time,
            attached_to_ticket_id=message.ticket_id,
            callback_url=record.callback_url if record else message.callback_url,
        )


class MessagesResponse(PagedResponse):
    messages: list[MessageResponse]
