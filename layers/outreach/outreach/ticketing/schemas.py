"""Request and response schemas of tickets and their messages (docs/api.md, "Tickets")."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from outreach import clock, wire
from outreach.errors import ValidationFailed
from outreach.messages.attachment_schemas import AttachmentBody
from outreach.ticketing.models import AuthorType, ContentType, DeliveryStatus, Ticket, TicketMessage
from outreach.ticketing.ticket_documents import document_of

# RFC 2397. Scheme, type and parameters match in any case. Nothing is matched twice (``++``), because white space after a value
# could be divided in many ways.
_DATA_URL = re.compile(
    r'\s*+data:text/plain(?P<parameters>(?:\s*+;\s*+[\w-]++=(?:"[^",]*+"|[^;",]*+))*+)\s*+;\s*+base64\s*+,', re.IGNORECASE
)
_CHARSET = re.compile(r';\s*charset="?([^;"\s]*)', re.IGNORECASE)
# Codecs of Python that are no character sets.
_NO_CHARSETS = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape")


def _decode(value: Any) -> Any:
    """Return the text of a ``data:text/plain[;charset=…];base64,…`` value; any other value unchanged."""
    if value is None:
        return ""
    if not isinstance(value, str) or not (prefix := _DATA_URL.match(value)):
        return value
    content, charset = _decode_base64(value[prefix.end() :]), _charset(prefix["parameters"])
    try:
        return content.decode(charset)
    except UnicodeError as error:
        raise ValueError(f"must be base64 of {charset} text") from error
    except LookupError as error:  # a codec of Python that does not make text, such as hex
        raise _unknown(charset) from error


def _charset(parameters: str) -> str:
    named = _CHARSET.search(parameters)
    charset = (named[1] if named else "") or "UTF-8"
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError) as error:  # ValueError: a null character in the name
        raise _unknown(charset) from error
    if name.replace("_", "-") in _NO_CHARSETS:
        raise _unknown(charset)
    return charset


def _unknown(charset: str) -> ValueError:
    return ValueError(f"names the unknown charset {charset[:40]!r}")


def _decode_base64(text: str) -> bytes:
    """Decode either alphabet of RFC 4648, with or without padding and white space."""
    compact = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError as error:  # also characters that are not ASCII
        raise ValueError("must be base64") from error


Json = Annotated[Any, wire.limited_strings()]
OptionalGuid = Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)]

_delivery_status = wire.one_of(*DeliveryStatus)
OptionalDeliveryStatus = Annotated[DeliveryStatus | None, wire.blank_as(None, _delivery_status)]


class TicketAttachmentBody(AttachmentBody):
    """A file of a ticket message. It has the properties of a reply's file, too, so that these can be passed on."""

    content_type: str | None = None


class MessageDeliveryBody(wire.Request):
    """The delivery of a ticket message (docs/api.md, "Tickets")."""

    message_id: wire.Guid
    status: OptionalDeliveryStatus = None
    fail_reason: str | None = None
    time: wire.OptionalMoment = None
    group_id: OptionalGuid = None
    order_num: wire.Integer | None = None


class TicketMessageBody(wire.Request):
    """A ticket message that a client posts."""

    id: OptionalGuid = None
    ticket_id: wire.Integer
    parent_id: OptionalGuid = None
    sent_by_id: wire.Guid
    sent_by_type: Annotated[AuthorType, BeforeValidator(wire.one_of(*AuthorType))]
    time: wire.OptionalMoment = None
    type: Annotated[ContentType, BeforeValidator(wire.one_of(*ContentType))]
    metadata: dict[str, Json]
    original_id: str | None = None
    channel_id: Annotated[str, Field(min_length=1)]
    body: Annotated[str, BeforeValidator(_decode)] = ""
    if_display_in_ticket_correspondences: Annotated[wire.Flag, wire.NULL_IS_ABSENT] = False
    is_read: Annotated[wire.Flag, wire.NULL_IS_ABSENT] = False
    attachments: Annotated[list[TicketAttachmentBody], wire.NULL_IS_ABSENT] = Field(default_factory=list)
    # An empty object means that nothing is known.
    message_delivery: Annotated[
        MessageDeliveryBody | None, wire.blank_as(None, lambda delivery: None if delivery == {} else delivery)
    ] = None

    def to_message(self, ticket_id: int, new_id: str) -> TicketMessage:
        """Return the message for the ticket of the path.

        Args:
            new_id: used if the body has no ``id``. Without a ``time``, the message has the present one.

        Raises:
            ValidationFailed: the body names another ticket.
        """
        if self.ticket_id != ticket_id:
            raise ValidationFailed.at("/ticketId", "must be the id in the path")
        return TicketMessage(
            **dict(self)
            | {
                "id": self.id or new_id,
                "ticket_id": ticket_id,
                "time": clock.timestamp(self.time or clock.now()),
                "attachments": [_document(attachment) for attachment in self.attachments],
                "message_delivery": _document(self.message_delivery) if self.message_delivery else {},
            }
        )


def _document(model: wire.Request) -> dict[str, Any]:
    """Return the properties that a client gave, with the API's names."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


class TicketMessageResponse(wire.Response):
    """A message of a ticket."""

    id: str
    ticket_id: int
    parent_id: str | None
    sent_by_id: str
    sent_by_type: AuthorType
    time: str
    type: ContentType
    metadata: dict[str, Any]
    original_id: str | None
    channel_id: str
    body: str
    if_display_in_ticket_correspondences: bool
    is_read: bool
    attachments: list[Any]
    message_delivery: dict[str, Any]


class TicketResponse(wire.Response):
    """A ticket with its messages, oldest first."""

    id: int
    contact_id: str
    channel_account_id: str
    create_time: str
    messages: list[TicketMessageResponse]

    @classmethod
    def of(cls, ticket: Ticket, messages: Iterable[TicketMessage]) -> TicketResponse:
        return cls(
            id=ticket.id,
            contact_id=ticket.contact_id,
            channel_account_id=ticket.account_id,
            create_time=ticket.create_time,
            messages=[TicketMessageResponse(**document_of(message)) for message in messages],
        )


class TicketsResponse(wire.PagedResponse):
    tickets: list[TicketResponse]
