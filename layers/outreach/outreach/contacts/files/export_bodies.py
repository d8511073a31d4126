"""Exports as they travel."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from outreach import wire
from outreach.contacts.bodies import Ids
from outreach.contacts.files import zones
from outreach.contacts.files.status import Status
from outreach.errors import ValidationFailed


class ExportBody(wire.Request):
    """What is to be exported: those contacts, or all; and in which zone its datetimes are written."""

    selected: Annotated[Ids, BeforeValidator(lambda value: value or [])] = Field(default_factory=list)
    time_zone_id: str | None = None
    utc_offset: Annotated[wire.Integer | None, BeforeValidator(wire.none_if_blank)] = None

    def zone(self) -> str:
        """The zone, as ``zones`` writes it.

        Raises:
            ValidationFailed: it is unknown, and there is no offset that any zone has.
        """
        try:
            return zones.written(self.time_zone_id or "", self.utc_offset)
        except ValueError as error:
            raise ValidationFailed.at("/timeZoneId" if self.utc_offset is None else "/utcOffset", str(error)) from error


class ExportResponse(wire.Response):
    id: str
    status: Status
