"""Messages as they travel (specification: OutreachMessage; contract, Campaigns, records, messages)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from outreach import clock, parsing, wire
from outreach.campaigns.records import Record
from outreach.errors import ValidationFailed
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Message, Period
from outreach.messages.options import Channel, OptionalAttachTime, OptionalPreferredTicket
from outreach.messages.status import Status

# What carriers take at most (Twilio: Body).
MAX_BODY = 1_600

_DATE = re.compile(r"\s*\d{4}-\d{2}-\d{2}\s*")
_INSTANT = timedelta(milliseconds=1)


_read_status = wire.one_of(*(status for status in Status if status is not Status.SKIPPED))


def _status(value: Any) -> Any:
    given = wire.none_if_blank(value)
    return given and Status(_read_status(given))


def _ticket(value: Any) -> str | None:
    """Ticket ids come as integers and as strings (contract, Campaigns, records, messages)."""
    if isinstance(value, bool) or not isinstance(value, int | str | None):
        raise ValueError("must be the id of a ticket")  # noqa: TRY004 - pydantic wants ValueError
    return None if value is None else str(value).strip() or None


TicketId = Annotated[str | None, BeforeValidator(_ticket)]


def sent_period(text: str) -> Period | None:
    """The filter ``sentTime``: a day, an instant, or a range ``<from>..<until>`` of either; ``None`` when it is blank.

    The last day of a range is in it, its last instant isn't.

    Raises:
        ValidationFailed: it is none of them.
    """
    first, is_range, last = text.partition("..")
    try:
        start, end = _stretch(first), _stretch(last if is_range else first)
    except (ValueError, OverflowError) as error:
        raise ValidationFailed.at("sentTime", str(error)) from error
    if start is None or end is None:
        if text.strip():
            raise ValidationFailed.at("sentTime", "must be a day, an instant, or a range such as 2022-05-23..2022-05-24")
        return None
    until = end.start if is_range and not _DATE.fullmatch(last) else end.end
    if until < start.start:
        raise ValidationFailed.at("sentTime", "must not end before it starts")
    return Period(start.start, until)


def _stretch(text: str) -> Period | None:
    start = parsing.parse_moment(text)
    if start is None:
        return None
    return Period(start, start + (timedelta(days=1) if _DATE.fullmatch(text) else _INSTANT))


class MessageUpdateBody(wire.Request):
    """What a PUT may change; what it leaves out keeps its value."""

    id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    sent_time: wire.OptionalMoment = None
    channel: Channel = "sms"
    channel_account_id: wire.Guid | None = None
    contact_id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    message: Annotated[str, Field(min_length=1, max_length=MAX_BODY)] | None = None
    sender: Annotated[str | None, BeforeValidator(wire.none_if_blank)] = Field(None, alias="from")
    recipient: Annotated[str | None, BeforeValidator(wire.none_if_blank)] = Field(None, alias="to")
    status: Annotated[Status | None, BeforeValidator(_status)] = None
    failed_reason: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    campaign_id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    campaign_sent_time: wire.OptionalMoment = None
    is_message_auto_attached_to_ticket: Annotated[wire.Flag, BeforeValidator(lambda value: False if value is None else value)] = (
        False
    )
    preferred_ticket_to_auto_attach: OptionalPreferredTicket = None
    time_to_auto_attach_to_ticket: OptionalAttachTime = Field(
        None, validation_alias=AliasChoices("timeToAutoAttachToTicket", "timeToAutoCreateNewTicket")
    )
    attached_to_ticket_id: TicketId = None
    callback_url: wire.OptionalUrl = Field(None, alias="callbackURL")

    def given(self) -> dict[str, Any]:
        """The attributes of :class:`Message` that the body names."""
        named = {_ATTRIBUTES.get(name, name): getattr(self, name) for name in self.model_fields_set - _NOT_ATTRIBUTES}
        return {
            name: clock.timestamp(value) if isinstance(value, datetime) else value
            for name, value in named.items()
            if name not in _KEPT or value is not None
        }


class MessageBody(MessageUpdateBody):
    """What a POST needs at least."""

    channel_account_id: wire.Guid
    contact_id: wire.Guid
    message: Annotated[str, Field(min_length=1, max_length=MAX_BODY)]


# Where a property is called differently in the domain.
_ATTRIBUTES = {
    "channel_account_id": "account_id",
    "message": "body",
    "is_message_auto_attached_to_ticket": "is_auto_attached",
    "preferred_ticket_to_auto_attach": "preferred_ticket",
    "time_to_auto_attach_to_ticket": "attach_time",
    "attached_to_ticket_id": "ticket_id",
}
_NOT_ATTRIBUTES = {"id", "channel"}
# ``null`` leaves these as they are: what a message must have, and the ticket, which clients may not know of yet.
_KEPT = {"sent_time", "account_id", "contact_id", "body", "sender", "recipient", "status", "ticket_id"}


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
        wish = AutoAttach.of(message, record.campaign if record else None)
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


class MessagesResponse(wire.PagedResponse):
    messages: list[MessageResponse]


class UnattachedMessagesResponse(wire.Response):
    messages: list[MessageResponse]


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
