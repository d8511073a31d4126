"""Request and response models of the export endpoints."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from outreach import wire
from outreach.contacts.filters.schemas import QueryFilterBody
from outreach.contacts.schemas import Ids
from outreach.errors import ValidationFailed
from outreach.exports import export_time_zone
from outreach.http.job_status import JobStatus


class ExportBody(QueryFilterBody):
    """An export: the selected contacts, those that match a filter, or all; and the time zone of its datetimes."""

    selected: Annotated[Ids, wire.blank_as([])] = Field(default_factory=list)
    time_zone_id: str
    utc_offset: Annotated[wire.Integer | None, BeforeValidator(wire.none_if_blank)] = None

    def zone(self) -> str:
        """Return the time zone in normalised form; see :func:`outreach.exports.export_time_zone.normalise`.

        Raises:
            ValidationFailed: the name is unknown and there is no offset, or the offset is too large.
        """
        try:
            return export_time_zone.normalise(self.time_zone_id, self.utc_offset)
        except ValueError as error:
            raise ValidationFailed.at("/timeZoneId" if self.utc_offset is None else "/utcOffset", str(error)) from error


class ExportResponse(wire.Response):
    id: str
    status: JobStatus
