"""What each contact of a stretch of the audience is to get: a message, nothing, or something later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from outreach import clock
from outreach.campaigns import personalise
from outreach.campaigns.personalise import Draft
from outreach.campaigns.records import Record
from outreach.contacts import optouts
from outreach.contacts import schema as contact_schema
from outreach.contacts import store as contacts
from outreach.messages import store as messages
from outreach.messages.status import SkipReason, Status
from outreach.sending.quiet_hours import SendingHours, zones_of
from outreach.sites.models import ChannelAccount, FrequencyCap, Site


@dataclass(frozen=True)
class Hold:
    """The recipient is in quiet hours until ``until``."""

    until: datetime


Decision = Draft | SkipReason | Hold


def decide(
    record: Record, site: Site, account: ChannelAccount, contact_ids: Mapping[int, str], horizon: datetime
) -> dict[int, Decision]:
    """Decide about contacts, by their places in the audience.

    Args:
        horizon: the latest moment at which a message of this stretch goes out.
    """
    found = contacts.get_many(record.site_id, contact_ids.values())
    schema = contact_schema.load(record.site_id)
    decisions: dict[int, Decision] = {}
    for place, contact_id in contact_ids.items():
        contact = found.get(contact_id)
        decision = personalise.draft(record.campaign["message"], account, schema, contact)
        if isinstance(decision, Draft) and site.sending_hours and contact:
            decisions[place] = _in_hours(SendingHours.parse(site.sending_hours), decision, contact.time_zone, horizon)
        else:
            decisions[place] = decision
    decisions = _without_opted_out(record.site_id, decisions)
    return _within_cap(record, site.frequency_cap, decisions) if site.frequency_cap else decisions


def _in_hours(hours: SendingHours, draft: Draft, time_zone: str | None, horizon: datetime) -> Draft | Hold:
    """The draft with its zones, if it may go out all the time from now to the horizon."""
    zones = zones_of(time_zone, draft.number)
    now = clock.now()
    first = hours.next_allowed(now, zones)
    if first > now:
        return Hold(first)
    last = hours.next_allowed(horizon, zones)
    return Hold(last) if last > horizon else replace(draft, time_zones=zones)


def _without_opted_out(site_id: str, decisions: Mapping[int, Decision]) -> dict[int, Decision]:
    gone = optouts.opted_out(site_id, (decision.number for decision in decisions.values() if isinstance(decision, Draft)))
    return {
        place: SkipReason.OPTED_OUT if isinstance(decision, Draft) and decision.number in gone else decision
        for place, decision in decisions.items()
    }


def _within_cap(record: Record, cap: FrequencyCap, decisions: Mapping[int, Decision]) -> dict[int, Decision]:
    since = clock.timestamp(clock.now() - timedelta(days=cap.days))
    return {
        place: SkipReason.FREQUENCY_CAP
        if isinstance(decision, Draft) and _is_capped(record, decision.contact_id, cap.messages, since)
        else decision
        for place, decision in decisions.items()
    }


def _is_capped(record: Record, contact_id: str, most: int, since: str) -> bool:
    """Whether the contact has had as many messages as it may; keys are counted first, and rows read only where those suffice."""
    recent = messages.ids_of_contact(record.site_id, contact_id, since=since)
    if len(recent) < most:
        return False
    rows = messages.get_many(record.site_id, recent).values()
    return sum(row.status is not Status.SKIPPED and row.record_id != record.id for row in rows) >= most
