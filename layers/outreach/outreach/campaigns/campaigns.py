"""Creating, changing and deleting campaigns."""

from __future__ import annotations

from dataclasses import replace

from outreach import clock
from outreach.campaigns import bodies, records, schedules, store
from outreach.campaigns.models import Campaign
from outreach.contacts import filters, schema
from outreach.errors import Conflict, NotFound, ValidationFailed
from outreach.sending import templates
from outreach.sites import store as sites


def create(site_id: str, body: bodies.CampaignBody, campaign_id: str) -> Campaign:
    """Check and store a new campaign; created a second time under its id, it is as it stands.

    Raises:
        ValidationFailed: the filter, the template, the channel account or the time is wrong; with pointers.
    """
    new = Campaign(
        id=campaign_id,
        site_id=site_id,
        create_time=clock.timestamp(clock.now()),
        name=body.name,
        channel_account_id=body.channel_account_id,
        message=body.message,
    )
    return _save(new, body, is_new=True)


def update(site_id: str, campaign_id: str, body: bodies.CampaignUpdateBody) -> Campaign:
    """Change what ``body`` names; the rest keeps its value. What was sent already is not changed.

    Raises:
        NotFound: the site has no such campaign.
        ValidationFailed: as in :func:`create`, or the body's id is another one.
    """
    if body.id not in (None, campaign_id):
        raise ValidationFailed.at("/id", "must be the id in the path, or be left out")
    return _save(store.get(site_id, campaign_id), body)


def delete(site_id: str, campaign_id: str) -> None:
    """Remove a campaign; its records and messages stay readable.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: a send of it isn't over.
    """
    store.get(site_id, campaign_id)
    if any(not record.is_over for record in records.list_of_campaign(site_id, campaign_id, newest_first=True)):
        raise Conflict("A send of this campaign isn't over; cancel it first.", code="invalid_state")
    store.delete(site_id, campaign_id)
    schedules.remove(campaign_id)


def _save(current: Campaign, body: bodies.CampaignUpdateBody, *, is_new: bool = False) -> Campaign:
    changed = replace(current, **body.given(current.contact_filter))
    conditions = tuple(replace(condition, campaign_id=changed.id) for condition in changed.contact_filter.conditions)
    changed = replace(changed, contact_filter=replace(changed.contact_filter, conditions=conditions))
    _check(current, changed)
    if changed.scheduled_start_time != current.scheduled_start_time:
        pending = changed.scheduled_start_time is not None
        changed = replace(changed, schedule_version=current.schedule_version + 1, is_schedule_pending=pending)
    # The campaign before its schedule: what breaks in between, the sweep finds in the campaign.
    if not store.put(changed, is_new=is_new):
        changed = store.get(changed.site_id, changed.id)
    if changed.schedule_version != current.schedule_version:
        schedules.set_up(changed)
    return changed


def _check(current: Campaign, changed: Campaign) -> None:
    templates.parse(changed.message)
    filters.compile(changed.contact_filter, schema.load(changed.site_id), "/contactFilter")
    try:
        sites.get_account(changed.site_id, changed.channel_account_id)
    except NotFound as error:
        raise ValidationFailed.at("/channelAccountId", "is no channel account of this site") from error
    scheduled = changed.scheduled_start_time
    if scheduled and scheduled != current.scheduled_start_time and scheduled <= clock.now():
        raise ValidationFailed.at("/scheduledStartTime", "must be in the future")
