"""Request schemas of the files of outbound messages and ticket messages (docs/api.md, "Outbound Unichannel" and "Tickets")."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from outreach import wire

AttachmentType = Annotated[
    Literal["video", "audio", "image", "file"], BeforeValidator(wire.one_of("video", "audio", "image", "file"))
]


class AttachmentBody(wire.Request):
    """A file that the carrier fetches and sends with the message."""

    type: AttachmentType
    url: wire.Url
    size: Annotated[wire.Integer, Field(ge=0)] | None = None
    name: str | None = None
