"""Eligibility: whether a contact of the audience gets a message now, gets it later, or is skipped.

A send and its preview apply the same rules. They differ only in how they count against the frequency cap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from outreach import clock
from outreach.campaigns.models import MessageTemplate
from outreach.campaigns.release import frequency_cap, rendering
from outreach.campaigns.release.rendering import RenderedMessage
from outreach.consent import opt_outs
from outreach.contacts import contact_store
from outreach.contacts.fields import SiteFields
from outreach.contacts.models import Contact
from outreach.messages.failed_reasons import UNEXPECTED_ERROR
from outreach.messages.status import SkipReason
from outreach.observability import error_place, logger
from outreach.sending.quiet_hours import SendingHours, zones_of
from outreach.sites.models import ChannelAccount, Site

BelowCap = Callable[[frequency_cap.Contacts], set[str]]


@dataclass(frozen=True)
class Rules:
    """What decides about the contacts of an audience.

    Attributes:
        template: the text.
        below_cap: which of some contacts are below the site's frequency cap, by id (:mod:`.frequency_cap`); ``None`` if the site
            has no cap.
    """

    site: Site
    account: ChannelAccount
    template: MessageTemplate
    site_fields: SiteFields
    below_cap: BelowCap | None


@dataclass(frozen=True)
class Deferral:
    """The recipient has quiet hours until ``until``, and is decided about again then.

    Attributes:
        message: the message as it is now.
    """

    until: datetime
    message: RenderedMessage


Decision = RenderedMessage | SkipReason | Deferral
_Decisions = dict[int, Decision]


def evaluate(rules: Rules, contact_ids: Mapping[int, str], latest_slot: datetime) -> dict[int, Decision]:
    """Decide about contacts.

    Args:
        contact_ids: the contacts, by their places in the audience.
        latest_slot: the latest time at which one of these messages is sent.

    Returns:
        The decisions, by place.
    """
    contacts = contact_store.get_many(rules.site.id, contact_ids.values())
    # Before the text and quiet hours, so that a recipient who must not be texted is skipped at once, and as opted out.
    opted_out = _opted_out(contacts.values(), rules.site.id)
    render = partial(rendering.render, rules.template, rules.account, rules.site_fields, opted_out)
    decisions: _Decisions = {
        place: _decide(contact_id, "", partial(render, contacts.get(contact_id))) for place, contact_id in contact_ids.items()
    }
    if rules.site.sending_hours:
        time_zones = {contact.id: contact.time_zone for contact in contacts.values()}
        decisions = _apply_quiet_hours(decisions, SendingHours.parse(rules.site.sending_hours), time_zones, latest_slot)
    return _apply_frequency_cap(decisions, contacts, rules.below_cap) if rules.below_cap else decisions


def _decide(contact_id: str, number: str, decide: Callable[[], Decision]) -> Decision:
    """Decide about a contact. After an unexpected error its message fails, and the others are not affected."""
    try:
        return decide()
    except Exception as error:
        logger().error("the decision about a recipient failed", contact_id=contact_id, error=error_place(error))
        return RenderedMessage(contact_id, number, "", 0, failed_reason=UNEXPECTED_ERROR)


def _apply_quiet_hours(
    decisions: _Decisions, hours: SendingHours, time_zones: Mapping[str, str | None], latest_slot: datetime
) -> _Decisions:
    def defer(message: RenderedMessage) -> Decision:
        decide = partial(_defer, message, hours, time_zones[message.contact_id], latest_slot)
        return _decide(message.contact_id, message.number, decide)

    return _revise(decisions, defer)


def _opted_out(contacts: Iterable[Contact], site_id: str) -> set[str]:
    # Eventually consistent: the worker checks again before it sends.
    numbers = filter(None, (contact.recipient_number for contact in contacts))
    return opt_outs.opted_out_among(site_id, numbers, consistent=False)


def _apply_frequency_cap(decisions: _Decisions, contacts: Mapping[str, Contact], below_cap: BelowCap) -> _Decisions:
    merged = {contact.id: contact.merged_ids for contact in contacts.values()}
    below = below_cap({message.contact_id: merged.get(message.contact_id, ()) for message in _messages(decisions)})
    return _revise(decisions, lambda message: message if message.contact_id in below else SkipReason.FREQUENCY_CAP)


def _messages(decisions: _Decisions) -> list[RenderedMessage]:
    return [decision for decision in decisions.values() if isinstance(decision, RenderedMessage)]


def _revise(decisions: _Decisions, revise: Callable[[RenderedMessage], Decision]) -> _Decisions:
    """Apply ``revise`` to each message; other decisions stay."""
    return {
        place: revise(decision) if isinstance(decision, RenderedMessage) else decision for place, decision in decisions.items()
    }


def _defer(
    message: RenderedMessage, hours: SendingHours, time_zone: str | None, latest_slot: datetime
) -> RenderedMessage | Deferral:
    """Defer the message unless it may be sent at any time from now to ``latest_slot``; then add its time zones."""
    zones = zones_of(time_zone, message.number)
    now = clock.now()
    if (allowed := hours.next_allowed(now, zones)) > now:
        return Deferral(allowed, message)
    if (allowed := hours.next_allowed(latest_slot, zones)) > latest_slot:
        return Deferral(allowed, message)
    return replace(message, time_zones=zones)
