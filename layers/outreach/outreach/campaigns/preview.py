"""Previews a send: its audience, skips, segments, duration and warnings, by the rules of the send, without sending anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import chain, islice

from outreach import clock
from outreach.campaigns import audience, campaign_store, missing_fields, send_start, stale_filters
from outreach.campaigns.models import Campaign
from outreach.campaigns.release import eligibility, frequency_cap
from outreach.campaigns.release.account_capacity import horizon
from outreach.campaigns.release.eligibility import Decision, Deferral, Rules
from outreach.campaigns.release.rendering import RenderedMessage
from outreach.contacts import field_store
from outreach.contacts.fields import SiteFields
from outreach.contacts.filters import compiler
from outreach.contacts.listing import search
from outreach.errors import Conflict, ValidationFailed
from outreach.http import limits
from outreach.messages.status import SkipReason
from outreach.sending import circuit_breaker, pacing, quota
from outreach.sending.circuit_breaker import BreakerState
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount, Site

SAMPLE_SIZE = 3

_CONTACTS_PER_READ = 800


class WarningCode(StrEnum):
    """What a client should know before it sends (docs/api.md, "Campaigns")."""

    DEFERRED = "deferred"
    BUDGET_TOO_SMALL = "budget_too_small"
    QUOTA_TOO_SMALL = "quota_too_small"
    ACCOUNT_PAUSED = "account_paused"
    TEMPLATE_ERROR = "template_error"
    MISSING_FIELD = "missing_field"


@dataclass(frozen=True)
class PreviewWarning:
    """A warning; ``count`` is the number of recipients that it concerns."""

    code: WarningCode
    message: str
    count: int


@dataclass
class Budget:
    """A budget of segments, and the messages that exceed it.

    Attributes:
        segments: ``None`` for no limit.
        messages_over: the number of messages that exceed the budget.
    """

    segments: int | None
    used: int = 0
    messages_over: int = 0

    def spend(self, segments: int) -> None:
        """Spend the segments of the next message."""
        self.used += segments
        if self.segments is not None and self.used > self.segments:
            self.messages_over += 1


@dataclass
class Preview:
    """The forecast of a send.

    Attributes:
        budget: the campaign's budget.
        quota: the rest of the site's quota today; deferred messages do not use it.
        segments: of all messages together.
        failed: the number of messages that cannot be rendered.
        deferred: the number of messages that wait for the end of quiet hours, by that time.
        deferred_segments: their segments.
        estimated_seconds: how long the channel account takes at its rate, including waiting and messages that are already queued.
    """

    budget: Budget
    quota: Budget
    audience: int = 0
    segments: int = 0
    failed: int = 0
    skipped_reasons: Counter[str] = field(default_factory=Counter)
    deferred: Counter[datetime] = field(default_factory=Counter)
    deferred_segments: Counter[datetime] = field(default_factory=Counter)
    sample: list[RenderedMessage] = field(default_factory=list)
    estimated_seconds: int = 0
    warnings: list[PreviewWarning] = field(default_factory=list)

    def add(self, decision: Decision) -> None:
        """Add a contact of the audience: its message, or why it is deferred or skipped."""
        self.audience += 1
        if isinstance(decision, SkipReason):
            self.skipped_reasons[decision.value] += 1
        elif isinstance(decision, Deferral):
            self.deferred[decision.until] += 1
            self.deferred_segments[decision.until] += decision.message.segments
            self._add_message(decision.message)
        else:
            self.quota.spend(decision.segments)
            self._add_message(decision)

    def _add_message(self, message: RenderedMessage) -> None:
        self.segments += message.segments
        self.budget.spend(message.segments)
        if message.failed_reason:
            self.failed += 1
        elif len(self.sample) < SAMPLE_SIZE:
            self.sample.append(message)

    @property
    def messages(self) -> int:
        """How many contacts get a message."""
        return self.audience - self.skipped_reasons.total()

    @property
    def first_deferred(self) -> datetime | None:
        """When the first deferred message is released."""
        return min(self.deferred, default=None)


def preview(site_id: str, campaign_id: str, failed_of: str | None = None, deadline: float | None = None) -> Preview:
    """Forecast a send of a campaign that starts now.

    Args:
        failed_of: as in :func:`outreach.campaigns.send_start.send`.
        deadline: see :func:`outreach.http.limits.require_time_left`.

    Raises:
        NotFound: the site has no such campaign.
        ValidationFailed: ``failed_of`` is not a record of the campaign; with a pointer.
        Conflict: as in :func:`matching_ids`.
        DeadlineExceeded: the forecast cannot be ready by the deadline.
    """
    campaign, site = campaign_store.get(site_id, campaign_id), site_store.get_site(site_id)
    if failed_of:
        send_start.require_record(campaign, failed_of)
    account = site_store.get_account(site_id, campaign.channel_account_id)
    site_fields = field_store.load(site_id)
    result = Preview(Budget(campaign.max_segments), Budget(quota.remaining(site)))
    ids = audience.failed_ids(site_id, failed_of) if failed_of else matching_ids(campaign, site_fields, deadline)
    for decision in _decisions(_rules(campaign, site, account, site_fields), ids, deadline):
        result.add(decision)
    breaker_state = circuit_breaker.state_of(site_id, account.id)
    result.estimated_seconds = _estimate_seconds(result, account, breaker_state)
    result.warnings = list(_warnings(result, breaker_state))
    if missing := missing_fields.describe(campaign.message, site_fields):
        result.warnings.append(PreviewWarning(WarningCode.MISSING_FIELD, missing, result.messages))
    return result


def matching_ids(campaign: Campaign, site_fields: SiteFields, deadline: float | None = None) -> Iterator[str]:
    """Return the contacts that match the campaign's filter, in the order of the places that a send would give them.

    Raises:
        DeadlineExceeded: the deadline has passed.
        Conflict: a field of the filter was deleted or changed after the campaign was saved (``missing_field``).
    """
    try:
        predicate = compiler.compile_filter(campaign.contact_filter, site_fields)
    except ValidationFailed as error:
        raise Conflict(stale_filters.describe(error, campaign.contact_filter), code="missing_field") from error
    shards = chain.from_iterable(audience.contact_scans(campaign.site_id))
    return search.matching_ids(campaign.site_id, shards, predicate, deadline)


def _rules(campaign: Campaign, site: Site, account: ChannelAccount, site_fields: SiteFields) -> Rules:
    cap = site.frequency_cap
    below_cap = partial(frequency_cap.below, site.id, cap) if cap else None
    return Rules(site, account, campaign.message_template, site_fields, below_cap)


def _decisions(rules: Rules, ids: Iterator[str], deadline: float | None) -> Iterator[Decision]:
    latest_slot = horizon(clock.now())
    while chunk := list(islice(ids, _CONTACTS_PER_READ)):
        limits.require_time_left(deadline)
        yield from eligibility.evaluate(rules, dict(enumerate(chunk)), latest_slot).values()


def _estimate_seconds(result: Preview, account: ChannelAccount, breaker_state: BreakerState | None) -> int:
    now, pace = clock.now().timestamp(), pacing.read(account)
    rate = pace.rate_at(now)
    end = max(now, pace.next_slot, breaker_state.until if breaker_state else now)
    end += (result.segments - result.deferred_segments.total()) / rate
    for until, segments in sorted(result.deferred_segments.items()):
        end = max(end, until.timestamp()) + segments / rate
    return round(end - now)


def _warnings(result: Preview, breaker_state: BreakerState | None) -> Iterator[PreviewWarning]:
    if result.first_deferred:
        until = clock.timestamp(result.first_deferred)
        message = f"These recipients have quiet hours now. Their messages are deferred; the first are sent at {until}."
        yield PreviewWarning(WarningCode.DEFERRED, message, result.deferred.total())
    if result.budget.messages_over:
        message = f"The send needs {result.segments} segments, but maxSegments is {result.budget.segments}. "
        message += "It pauses before it reaches these recipients. Raise maxSegments before you send."
        yield PreviewWarning(WarningCode.BUDGET_TOO_SMALL, message, result.budget.messages_over)
    if result.quota.messages_over:
        message = f"The site has {result.quota.segments} segments left until midnight UTC. "
        message += "If the send reaches these recipients before then, it pauses; resume it the next day."
        yield PreviewWarning(WarningCode.QUOTA_TOO_SMALL, message, result.quota.messages_over)
    if breaker_state and not breaker_state.is_over:
        until = clock.timestamp(clock.from_epoch(breaker_state.until))
        message = f"The carrier refuses the channel account: {breaker_state.reason}. Messages wait until {until} at least."
        yield PreviewWarning(WarningCode.ACCOUNT_PAUSED, message, result.messages)
    if result.failed:
        message = "The text cannot be rendered with the fields of these contacts. Their messages fail."
        yield PreviewWarning(WarningCode.TEMPLATE_ERROR, message, result.failed)
