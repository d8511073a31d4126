"""What each contact of a stretch of the audience is to get: a message, nothing, or something later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from outreach import clock
from outreach.campaigns import frequency, personalise
from outreach.campaigns.models import Wording
from outreach.campaigns.personalise import Draft
from outreach.campaigns.records import Record
from outreach.contacts import optouts
from outreach.contacts import schema as contact_schema
from outreach.contacts import store as contacts
from outreach.messages.status import SkipReason
from outreach.sending.quiet_hours import SendingHours, zones_of
from outreach.sites.models import ChannelAccount, Site


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
    schema, wording = contact_schema.load(record.site_id), Wording.of_snapshot(record.campaign)
    decisions: dict[int, Decision] = {
        place: personalise.draft(wording, account, schema, found.get(contact_id)) for place, contact_id in contact_ids.items()
    }
    if site.sending_hours:
        hours = SendingHours.parse(site.sending_hours)
        decisions = _revised(decisions, lambda draft: _in_hours(hours, draft, found[draft.contact_id].time_zone, horizon))
    # Who unsubscribes from now on is found when the message is sent.
    gone = optouts.opted_out(record.site_id, (draft.number for draft in _drafts(decisions)), consistent=False)
    decisions = _revised(decisions, lambda draft: SkipReason.OPTED_OUT if draft.number in gone else draft)
    if site.frequency_cap:
        promised = frequency.promise(record, site.frequency_cap, (draft.contact_id for draft in _drafts(decisions)))
        decisions = _revised(decisions, lambda draft: draft if draft.contact_id in promised else SkipReason.FREQUENCY_CAP)
    return decisions


def _drafts(decisions: Mapping[int, Decision]) -> list[Draft]:
    return [decision for decision in decisions.values() if isinstance(decision, Draft)]


def _revised(decisions: Mapping[int, Decision], revise: Callable[[Draft], Decision]) -> dict[int, Decision]:
    """The decisions, those to send a message thought over again."""
    return {place: revise(decision) if isinstance(decision, Draft) else decision for place, decision in decisions.items()}


def _in_hours(hours: SendingHours, draft: Draft, time_zone: str | None, horizon: datetime) -> Draft | Hold:
    """The draft with its zones, if it may go out all the time from now to the horizon."""
    zones = zones_of(time_zone, draft.number)
    now = clock.now()
    first = hours.next_allowed(now, zones)
    if first > now:
        return Hold(first)
    last = hours.next_allowed(horizon, zones)
    return Hold(last) if last > horizon else replace(draft, time_zones=zones)
