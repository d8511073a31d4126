"""Request and response schemas of campaigns and campaign records (docs/api.md, "Campaigns")."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from outreach import clock, wire
from outreach.campaigns import ledger
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus, SendSource
from outreach.campaigns.models import Campaign
from outreach.campaigns.results import RecordResults
from outreach.campaigns.snapshots import snapshot
from outreach.contacts.filters.models import Filter, Match
from outreach.contacts.filters.schemas import ConditionResponse, FilterBody
from outreach.messages.schema_types import Channel, OptionalAttachTime, OptionalChannel, OptionalPreferredTicket, TemplateText

if TYPE_CHECKING:
    # Its imports are slow, and only the preview needs them.
    from outreach.campaigns.preview import Preview


class CampaignUpdateBody(FilterBody):
    """The properties that a PUT may change; absent ones keep their values."""

    id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None
    name: wire.Changeable[wire.RequiredName] = None
    description: Annotated[str, wire.blank_as("")] = ""
    channel: OptionalChannel = "sms"
    channel_account_id: wire.Changeable[wire.Guid] = None
    message: wire.Changeable[TemplateText] = None
    is_message_auto_attached_to_ticket: Annotated[wire.Flag, wire.NULL_IS_ABSENT] = False
    preferred_ticket_to_auto_attach: OptionalPreferredTicket = None
    time_to_auto_attach_to_ticket: OptionalAttachTime = Field(
        None, validation_alias=AliasChoices("timeToAutoAttachToTicket", "timeToAutoCreateNewTicket")
    )
    scheduled_start_time: wire.OptionalMoment = None
    callback_url: wire.OptionalUrl = Field(None, alias="callbackURL")
    max_segments: Annotated[Annotated[wire.Integer, Field(ge=1)] | None, BeforeValidator(wire.none_if_blank)] = None
    replaces_smart_quotes: Annotated[wire.Flag, wire.NULL_IS_ABSENT] = False

    def changes_to(self, current: Campaign) -> dict[str, Any]:
        """Return the attributes of ``current`` that the body changes, with their new values."""
        attributes = {
            _ATTRIBUTES.get(name, name): getattr(self, name) for name in self.model_fields_set if name not in _NOT_ATTRIBUTES
        }
        return attributes | {"contact_filter": self._filter_based_on(current.contact_filter)}

    def _filter_based_on(self, current: Filter) -> Filter:
        requested, present = self.filter(), self.model_fields_set
        return Filter(
            self.filter_condition_met_type or current.match,
            requested.expression if "filter_logical_expression" in present else current.expression,
            requested.conditions if "filter_conditions" in present else current.conditions,
        )


class CampaignBody(CampaignUpdateBody):
    """A new campaign."""

    id: wire.ReadOnlyId = None
    name: wire.RequiredName
    channel: Channel
    channel_account_id: wire.Guid
    message: TemplateText


# The names of properties that differ from those of the attributes.
_ATTRIBUTES = {
    "is_message_auto_attached_to_ticket": "is_auto_attached",
    "preferred_ticket_to_auto_attach": "preferred_ticket",
    "time_to_auto_attach_to_ticket": "attach_time",
}
_NOT_ATTRIBUTES = {"id", "channel", "filter_condition_met_type", "filter_logical_expression", "filter_conditions"}


class CampaignResponse(wire.Response):
    """A campaign; also the form of the snapshot in its records."""

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
    schedule_status_reason: str | None = None
    callback_url: str | None = Field(alias="callbackURL")
    max_segments: int | None = None
    replaces_smart_quotes: bool = False

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignResponse:
        return cls.model_validate({**snapshot(campaign), "scheduleStatusReason": campaign.schedule_status_reason})


class CampaignsResponse(wire.PagedResponse):
    campaigns: list[CampaignResponse]


def _meant_property(name: str) -> str | None:
    """Return ``failedOf`` if an unknown name seems to mean it; ``None`` if it means something else."""
    return "failedOf" if "failed" in name or difflib.get_close_matches(name, ["failedof"], cutoff=wire.SIMILARITY) else None


class SendBody(wire.Request):
    """What a send or its preview goes to; by default, to the contacts that match the campaign's filter.

    A blank or misspelt ``failedOf`` would send to all of them.
    """

    failed_of: wire.Guid | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_misspelt_properties(cls, data: Any) -> Any:
        wire.refuse_misspelt(cls, data, _meant_property, "send")
        return data


class CampaignTestBody(wire.Request):
    """A test of a campaign: its text, rendered for one contact, to one number."""

    to: Annotated[str, Field(min_length=1, max_length=100)]
    contact_id: Annotated[wire.Guid | None, BeforeValidator(wire.none_if_blank)] = None


class CountsResponse(wire.Response):
    """How many contacts of a record's audience have each status; ``audience`` is ``null`` until it is frozen."""

    audience: int | None
    queued: int = 0
    sending: int = 0
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    failed: int = 0
    skipped: int = 0
    skipped_reasons: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def of(cls, counts: ledger.Counts) -> CountsResponse:
        return cls(**vars(counts))


class FailureResponse(wire.Response):
    """How many messages of a record failed for one reason."""

    code: str
    reason: str
    count: int


class SampledCountsResponse(wire.Response):
    """The counts of a record at one time."""

    time: str
    counts: CountsResponse


class RecordResponse(wire.Response):
    """A send of a campaign, with the campaign at that time."""

    id: str
    sent_time: str
    campaign: CampaignResponse
    status: RecordStatus
    status_reason: str | None
    source: SendSource
    failed_of: str | None
    started_time: str | None
    ended_time: str | None
    counts: CountsResponse
    replies: int
    opt_outs: int
    failures: list[FailureResponse]

    @classmethod
    def of(cls, record: CampaignRecord, results: RecordResults, campaign: Mapping[str, Any]) -> RecordResponse:
        """Make the response of a record.

        Args:
            campaign: the record's snapshot.
        """
        return cls(
            id=record.id,
            sent_time=record.sent_time,
            campaign=CampaignResponse.model_validate(campaign),
            status=record.status,
            status_reason=record.status_reason,
            source=record.source,
            failed_of=record.failed_of,
            started_time=record.started_time,
            ended_time=record.ended_time,
            counts=CountsResponse.of(results.counts) if results.counts else CountsResponse(audience=None),
            replies=results.engagement.replies,
            opt_outs=results.engagement.opt_outs,
            failures=[FailureResponse(**vars(failure)) for failure in results.failures],
        )


class SampleResponse(wire.Response):
    """The message that one contact would get."""

    contact_id: str
    recipient: str = Field(alias="to")
    message: str
    segments: int
    encoding: str


class DeferredRecipientsResponse(wire.Response):
    """The recipients that wait for the end of their quiet hours, and when the first of them get their messages."""

    count: int
    first_time: str | None


class PreviewWarningResponse(wire.Response):
    """What a client should know before it sends, and how many recipients it concerns."""

    code: str
    message: str
    count: int


class PreviewResponse(wire.Response):
    """The forecast of a send."""

    audience: int
    skipped: int
    skipped_reasons: dict[str, int]
    segments: int
    estimated_seconds: int
    deferred: DeferredRecipientsResponse
    sample: list[SampleResponse]
    warnings: list[PreviewWarningResponse]

    @classmethod
    def of(cls, preview: Preview) -> PreviewResponse:
        return cls(
            audience=preview.audience,
            skipped=preview.skipped_reasons.total(),
            skipped_reasons=dict(preview.skipped_reasons),
            segments=preview.segments,
            estimated_seconds=preview.estimated_seconds,
            deferred=DeferredRecipientsResponse(
                count=preview.deferred.total(),
                first_time=clock.timestamp(preview.first_deferred) if preview.first_deferred else None,
            ),
            sample=[
                SampleResponse(
                    contact_id=message.contact_id,
                    recipient=message.number,
                    message=message.body,
                    segments=message.segments,
                    encoding=message.encoding,
                )
                for message in preview.sample
            ],
            warnings=[PreviewWarningResponse(**vars(warning)) for warning in preview.warnings],
        )


class RecordsResponse(wire.PagedResponse):
    records: list[RecordResponse]


class SkippedContactResponse(wire.Response):
    """A contact that a send skipped; ``name`` and ``to`` are as they are now, ``null`` for a deleted contact."""

    contact_id: str
    name: str | None
    recipient: str | None = Field(alias="to")
    reason: str


class SkippedContactsResponse(wire.PagedResponse):
    skipped: list[SkippedContactResponse]
