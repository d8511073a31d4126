"""What campaigns and single messages choose from, as it travels: matched tolerantly, written one way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from outreach import wire
from outreach.messages.auto_attach import AttachTime, PreferredTicket

_read_preferred_ticket = wire.one_of(*PreferredTicket)
_read_attach_time = wire.one_of(*AttachTime)

Channel = Annotated[Literal["sms"], BeforeValidator(wire.one_of("sms"))]
OptionalPreferredTicket = Annotated[
    str | None, BeforeValidator(lambda value: wire.none_if_blank(value) and _read_preferred_ticket(value))
]
OptionalAttachTime = Annotated[str | None, BeforeValidator(lambda value: wire.none_if_blank(value) and _read_attach_time(value))]
