"""Request and response schemas of messages (docs/api.md, "Messages")."""

from __future__ import annotations

import operator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints

from outreach import clock, periods, wire
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Message
from outreach.messages.schema_types import MessageText, OptionalAttachTime, OptionalChannel, OptionalPreferredTicket
from outreach.messages.status import MessageStatus
from outreach.parsing import folded_guid, parse_integer
from outreach.periods import Period

_read_status = wire.one_of(*(status for status in MessageStatus if status is not MessageStatus.SKIPPED))


_Status = Annotated[MessageStatus, BeforeValidator(lambda value: MessageStatus(_read_status(value)))]
OptionalStatus = Annotated[_Status | None, BeforeValidator(wire.none_if_blank)]
OptionalText = Annotated[str | None, BeforeValidator(wire.none_if_blank)]


def _ticket(value: Any) -> str | None:
    """Read a ticket id, which clients may send as an integer, also as a float without a fraction, or as a string."""
    if isinstance(value, float) and value.is_integer():
        value = parse_integer(value)
    if isinstance(value, bool) or not isinstance(value, int | str | None):
        raise ValueError("must be the id of a ticket")  # noqa: TRY004 - pydantic requires ValueError
    return None if value is None else folded_guid(str(value).strip()) or None


# An index of the messages has the ticket in its key.
MAX_TICKET_ID = 256
TicketId = Annotated[Annotated[str, StringConstraints(max_length=MAX_TICKET_ID)] | None, BeforeValidator(_ticket)]


def sent_period(text: str) -> Period | None:
    """Read the filter ``sentTime``; see :func:`outreach.periods.parse`."""
    return periods.parse(text, "/sentTime")


class MessageUpdateBody(wire.Request):
    """The properties that an update may change; absent properties keep their values."""

    id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    sent_time: wire.OptionalMoment = None
    channel: OptionalChannel = "sms"
    channel_account_id: wire.Changeable[wire.Guid] = None
    contact_id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    message: wire.Changeable[MessageText] = None
    sender: OptionalText = Field(None, alias="from")
    recipient: OptionalText = Field(None, alias="to")
    status: OptionalStatus = None
    failed_reason: Annotated[str, wire.blank_as("")] = ""
    campaign_id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    campaign_sent_time: wire.OptionalMoment = None
    is_message_auto_attached_to_ticket: Annotated[wire.Flag, wire.NULL_IS_ABSENT] = False
    preferred_ticket_to_auto_attach: OptionalPreferredTicket = None
    time_to_auto_attach_to_ticket: OptionalAttachTime = Field(
        None, validation_alias=AliasChoices("timeToAutoAttachToTicket", "timeToAutoCreateNewTicket")
    )
    attached_to_ticket_id: TicketId = None
    callback_url: wire.OptionalUrl = Field(None, alias="callbackURL")

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of :class:`Message` that the body names."""
        values = {_ATTRIBUTES.get(name, name): getattr(self, name) for name in self.model_fields_set - _NOT_ATTRIBUTES}
        return {
            name: clock.timestamp(value) if isinstance(value, datetime) else value
            for name, value in values.items()
            if name not in _KEPT_IF_EMPTY or value
        }


class MessageBody(MessageUpdateBody):
    """A message to create, with the required properties."""

    id: wire.ReadOnlyId = None
    channel_account_id: wire.Guid
    contact_id: wire.Guid
    message: MessageText


# Properties whose attribute of Message has another name.
_ATTRIBUTES = {
    "channel_account_id": "account_id",
    "message": "body",
    "is_message_auto_attached_to_ticket": "is_auto_attached",
    "preferred_ticket_to_auto_attach": "preferred_ticket",
    "time_to_auto_attach_to_ticket": "attach_time",
    "attached_to_ticket_id": "ticket_id",
}
_NOT_ATTRIBUTES = {"id", "channel"}
# Attributes that an empty value leaves as they are: those that a message has in any case, the sender, which a pool chooses later,
# and the ticket, which clients may not know yet.
_KEPT_IF_EMPTY = {"sent_time", "contact_id", "sender", "recipient", "status", "ticket_id"}


class MessageResponse(wire.Response):
    """A message in responses and callbacks. A message of a campaign takes some properties from its campaign record."""

    id: str
    sent_time: str
    channel: Literal["sms"] = "sms"
    channel_account_id: str
    contact_id: str
    message: str
    sender: str = Field(alias="from")
    recipient: str = Field(alias="to")
    status: MessageStatus
    failed_reason: str
    campaign_id: str | None
    campaign_record_id: str | None
    campaign_sent_time: str | None
    # Only tests have it, so that other messages have exactly the properties of a message.
    is_test: bool = Field(default=False, exclude_if=operator.not_)
    is_message_auto_attached_to_ticket: bool
    preferred_ticket_to_auto_attach: str | None
    time_to_auto_attach_to_ticket: str | None
    attached_to_ticket_id: str | None
    callback_url: str | None = Field(alias="callbackURL")

    @classmethod
    def of(cls, message: Message, record: CampaignRecord | None) -> MessageResponse:
        """Make the response of a message.

        Args:
            record: the campaign record that the message belongs to, if any.
        """
        preference = AutoAttach.of(message, record.auto_attach if record else None)
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
            is_test=message.is_test,
            is_message_auto_attached_to_ticket=preference.is_requested,
            preferred_ticket_to_auto_attach=preference.preferred_ticket,
            time_to_auto_attach_to_ticket=preference.time,
            attached_to_ticket_id=message.ticket_id,
            callback_url=record.callback_url if record else message.callback_url,
        )


class MessagesResponse(wire.PagedResponse):
    messages: list[MessageResponse]


class UnattachedMessagesResponse(wire.Response):
    messages: list[MessageResponse]


class AttachmentResponse(wire.Response):
    """An attachment, as the client described it."""

    type: str
    url: str
    size: int | None = None
    name: str | None = None


class OutboundMessageResponse(wire.Response):
    """An outbound message in responses and callbacks.

    ``originMessageid`` (the API's spelling) is the carrier's id of the message. ``channelAccountId`` is the account that sent it.
    """

    id: str
    origin_message_id: str | None = Field(alias="originMessageid")
    channel_account_id: str
    contact_id: str | None
    message: str
    attachments: list[AttachmentResponse]
    to: str
    status: MessageStatus
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
