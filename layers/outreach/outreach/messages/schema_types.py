"""Request fields with fixed values that campaigns and single messages share. Input ignores case; output has one spelling."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from outreach import text, wire
from outreach.messages.auto_attach import AttachTime, PreferredTicket
from outreach.messages.models import MAX_TEMPLATE_CHARACTERS, MAX_TEXT_CHARACTERS

_read_preferred_ticket = wire.one_of(*PreferredTicket)
_read_attach_time = wire.one_of(*AttachTime)

MessageText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS), AfterValidator(text.require_visible)]
TemplateText = Annotated[str, Field(min_length=1, max_length=MAX_TEMPLATE_CHARACTERS), AfterValidator(text.require_visible)]
Channel = Annotated[Literal["sms"], BeforeValidator(wire.one_of("sms"))]
OptionalChannel = Annotated[Literal["sms"], wire.blank_as("sms", wire.one_of("sms"))]
OptionalPreferredTicket = Annotated[str | None, wire.blank_as(None, _read_preferred_ticket)]
OptionalAttachTime = Annotated[str | None, wire.blank_as(None, _read_attach_time)]
