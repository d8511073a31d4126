"""Request schemas of outbound messages (docs/api.md, "Outbound Unichannel")."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from outreach import wire
from outreach.messages.attachment_schemas import AttachmentBody
from outreach.messages.models import MAX_TEXT_CHARACTERS
from outreach.sites.models import Carrier

# Twilio's limit.
MAX_ATTACHMENTS = 10

_CARRIERS = wire.one_of(*Carrier)

ChannelCarrier = Annotated[Carrier | None, wire.blank_as(None, _CARRIERS)]


class OutboundMessageBody(wire.Request):
    """An outbound message to send."""

    channel_account_id: wire.Guid
    channel_carrier: ChannelCarrier = None
    contact_id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    to: Annotated[str, Field(min_length=1, max_length=100)]
    message: Annotated[str, Field(max_length=MAX_TEXT_CHARACTERS)]
    attachments: Annotated[tuple[AttachmentBody, ...], wire.blank_as(()), Field(max_length=MAX_ATTACHMENTS)] = ()
    callback_url: wire.OptionalUrl = Field(None, alias="callbackURL")
