"""Ticket messages as they travel (specification: Attach a message to the ticket)."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from outreach import clock, wire
from outreach.errors import ValidationFailed
from outreach.ticketing.documents import ENCODED
from outreach.ticketing.models import ContentType, SenderType, TicketMessage


def _decoded(value: Any) -> Any:
    """``data:text/plain;base64,…`` as the text that it stands for; anything else as it is."""
    if value is None:
        return ""
    if not isinstance(value, str) or not value.startswith(ENCODED):
        return value
    try:
        return base64.b64decode(value.removeprefix(ENCODED), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("must be base64 of UTF-8 text") from error


def _or(default: Any) -> BeforeValidator:
    """``null`` means what absence means."""
    return BeforeValidator(lambda value: default if value is None else value)


OptionalGuid = Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)]


class TicketMessageBody(wire.Request):
    """A ticket message as clients send it."""

    id: OptionalGuid = None
    ticket_id: wire.Integer | None = None
    parent_id: OptionalGuid = None
    sent_by_id: wire.Guid
    sent_by_type: Annotated[SenderType, BeforeValidator(wire.one_of(*SenderType))]
    time: wire.OptionalMoment = None
    type: Annotated[ContentType, BeforeValidator(wire.one_of(*ContentType))]
    metadata: Annotated[dict[str, Any], _or({})] = Field(default_factory=dict)
    original_id: str | None = None
    channel_id: Annotated[str, Field(min_length=1)]
    body: Annotated[str, BeforeValidator(_decoded)] = ""
    if_display_in_ticket_correspondences: Annotated[wire.Flag, _or(False)] = False
    is_read: Annotated[wire.Flag, _or(False)] = False
    attachments: Annotated[list[Any], _or([])] = Field(default_factory=list)
    message_delivery: Annotated[dict[str, Any], _or({})] = Field(default_factory=dict)

    def message(self, ticket_id: int, new_id: str) -> TicketMessage:
        """The message for the ticket of the path; without an ``id`` it has the new one, without a ``time`` it is of now.

        Raises:
            ValidationFailed: the body names another ticket.
        """
        if self.ticket_id not in (None, ticket_id):
            raise ValidationFailed.at("/ticketId", "must be the id in the path, or be left out")
        return TicketMessage(
            **dict(self)
            | {
                "id": self.id or new_id,
                "ticket_id": ticket_id,
                "time": clock.timestamp(self.time or clock.now()),
            }
        )
