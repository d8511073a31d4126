"""Campaigns and their records as they travel (specification: OutreachCampaign, OutreachCampaignRecord; contract, Campaigns)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from outreach import wire
from outreach.campaigns import ledger
from outreach.campaigns.models import Campaign
from outreach.campaigns.records import Record, RecordStatus, Source
from outreach.campaigns.snapshots import snapshot
from outreach.contacts.filter_bodies import ConditionResponse, FilterBody
from outreach.contacts.filters import Filter, Match
from outreach.messages.options import Channel, OptionalAttachTime, OptionalPreferredTicket

if TYPE_CHECKING:
    # Its own imports render messages: too much for whoever only shows campaigns.
    from outreach.campaigns.preview import Preview

Text = Annotated[str, Field(min_length=1, max_length=1_000)]


class CampaignUpdateBody(FilterBody):
    """What a PUT may change; what it leaves out keeps its value."""

    id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    name: Text | None = None
    description: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    channel: Channel = "sms"
    channel_account_id: wire.Guid | None = None
    message: Annotated[str, Field(min_length=1)] | None = None
    is_message_auto_attached_to_ticket: wire.Flag = False
    preferred_ticket_to_auto_attach: OptionalPreferredTicket = None
    time_to_auto_attach_to_ticket: OptionalAttachTime = Field(
        None, validation_alias=AliasChoices("timeToAutoAttachToTicket", "timeToAutoCreateNewTicket")
    )
    scheduled_start_time: wire.OptionalMoment = None
    callback_url: wire.OptionalUrl = Field(None, alias="callbackURL")
    max_segments: Annotated[Annotated[wire.Integer, Field(ge=1)] | None, BeforeValidator(wire.none_if_blank)] = None
    replaces_smart_quotes: wire.Flag = False

    def given(self, current: Filter) -> dict[str, Any]:
        """The attributes of :class:`Campaign` that the body names; ``current`` is the filter whose parts may be left out."""
        attributes = {
            _ATTRIBUTES.get(name, name): getattr(self, name)
            for name in self.model_fields_set
            if name not in _NOT_ATTRIBUTES and (name not in _REQUIRED or getattr(self, name) is not None)
        }
        asked = self.filter()
        named = self.model_fields_set
        return attributes | {
            "contact_filter": Filter(
                asked.match if "filter_condition_met_type" in named else current.match,
                asked.expression if "filter_logical_expression" in named else current.expression,
                asked.conditions if "filter_conditions" in named else current.conditions,
            )
        }


class CampaignBody(CampaignUpdateBody):
    """What a POST needs at least."""

    name: Text
    channel: Channel
    channel_account_id: wire.Guid
    message: Annotated[str, Field(min_length=1)]


# Where a property is called differently in the domain.
_ATTRIBUTES = {
    "is_message_auto_attached_to_ticket": "is_auto_attached",
    "preferred_ticket_to_auto_attach": "preferred_ticket",
    "time_to_auto_attach_to_ticket": "attach_time",
}
_NOT_ATTRIBUTES = {"id", "channel", "filter_condition_met_type", "filter_logical_expression", "filter_conditions"}
_REQUIRED = {"name", "channel_account_id", "message"}


class CampaignResponse(wire.Response):
    """A campaign as we write it; also the form of the snapshot in its records."""

    id: str
    name: str
    description: str
    channel: Literal["sms"] = "sms"
    channel_account_id: str
    message: str
    is_message_auto_attached_to_ticket: bool
    preferred_ticket_to_auto_attach: str | None
    time_to_auto_attach_to_ticket: str | None
    contact_filter_condition_met_type: Match
    contact_filter_logical_expresssion: str
    contact_filter_conditions: list[ConditionResponse]
    scheduled_start_time: wire.OptionalMoment
    callback_url: str | None = Field(alias="callbackURL")
    max_segments: int | None = None
    replaces_smart_quotes: bool = False

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignResponse:
        return cls.model_validate(snapshot(campaign))


class CampaignsResponse(wire.PagedResponse):
    campaigns: list[CampaignResponse]


class CountsResponse(wire.Response):
    """Where the contacts of a record's audience are; ``audience`` is ``null`` until it is frozen."""

    audience: int | None
    queued: int = 0
    sending: int = 0
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    failed: int = 0
    skipped: int = 0
    skipped_reasons: dict[str, int] = Field(default_factory=dict)


class RecordResponse(wire.Response):
    """A send of a campaign, with the campaign as it was sent."""

    id: str
    sent_time: str
    campaign: CampaignResponse
    status: RecordStatus
    status_reason: str | None
    source: Source
    counts: CountsResponse

    @classmethod
    def of(cls, record: Record, counts: ledger.Counts | None) -> RecordResponse:
        return cls(
            id=record.id,
            sent_time=record.sent_time,
            campaign=CampaignResponse.model_validate(record.campaign),
            status=record.status,
            status_reason=record.status_reason,
            source=record.source,
            counts=CountsResponse(**vars(counts)) if counts else CountsResponse(audience=None),
        )


class SampleResponse(wire.Response):
    """What one contact would be sent."""

    contact_id: str
    recipient: str = Field(alias="to")
    message: str
    segments: int
    encoding: str


class PreviewResponse(wire.Response):
    """What a send would do now."""

    audience: int
    skipped: int
    skipped_reasons: dict[str, int]
    segments: int
    estimated_seconds: int
    sample: list[SampleResponse]

    @classmethod
    def of(cls, forecast: Preview) -> PreviewResponse:
        return cls(
            audience=forecast.audience,
            skipped=forecast.skipped_reasons.total(),
            skipped_reasons=dict(forecast.skipped_reasons),
            segments=forecast.segments,
            estimated_seconds=forecast.estimated_seconds,
            sample=[
                SampleResponse(
                    contact_id=draft.contact_id,
                    recipient=draft.number,
                    message=draft.body,
                    segments=draft.segments,
                    encoding=draft.encoding,
                )
                for draft in forecast.sample
            ],
        )


class RecordsResponse(wire.PagedResponse):
    records: list[RecordResponse]


class SkippedContactResponse(wire.Response):
    contact_id: str
    reason: str


class SkippedContactsResponse(wire.PagedResponse):
    skipped: list[SkippedContactResponse]
