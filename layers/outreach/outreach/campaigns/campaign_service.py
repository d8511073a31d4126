"""Creates, changes and deletes campaigns."""

from __future__ import annotations

from dataclasses import replace

from outreach import clock, dynamo
from outreach.campaigns import campaign_records, campaign_store, schedules, schemas
from outreach.campaigns.models import Campaign
from outreach.campaigns.release import rendering
from outreach.contacts import field_store
from outreach.contacts.fields import SiteFields
from outreach.contacts.filters import compiler
from outreach.errors import Conflict, ValidationFailed, checked
from outreach.sending import merge_fields, templates, text_limits
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount


def create(site_id: str, body: schemas.CampaignBody, campaign_id: str) -> Campaign:
    """Validate and store a new campaign. If a campaign with this id already exists, return that one unchanged.

    Raises:
        ValidationFailed: the filter, the template, the channel account or the scheduled time is invalid.
    """
    new = Campaign(
        id=campaign_id,
        site_id=site_id,
        create_time=clock.timestamp(clock.now()),
        name=body.name,
        channel_account_id=body.channel_account_id,
        message=body.message,
    )
    created = _changed(new, body, is_new=True)
    if not campaign_store.create(created):
        created = campaign_store.get(site_id, campaign_id)
    # The campaign is stored before its schedule: after a crash in between, the sweep starts the campaign.
    if created.schedule_version:
        schedules.synchronize(created)
    return created


def update(site_id: str, campaign_id: str, body: schemas.CampaignUpdateBody) -> Campaign:
    """Change the properties that ``body`` contains. Earlier sends keep their own copy of the campaign.

    Raises:
        NotFound: the site has no such campaign.
        ValidationFailed: as in :func:`create`, or the body has a different id.
        Conflict: too many others change the campaign at the same time.
    """
    if body.id not in (None, campaign_id):
        raise ValidationFailed.at("/id", "must be the id in the path, or be left out")

    def attempt() -> Campaign:
        current = campaign_store.get(site_id, campaign_id)
        changed = campaign_store.put(_changed(current, body))
        if changed.schedule_version != current.schedule_version:
            schedules.synchronize(changed)
        return changed

    return dynamo.retry_on_conflict(attempt, error=Conflict("Other requests keep changing the campaign; try again later."))


def delete(site_id: str, campaign_id: str) -> None:
    """Delete a campaign; its records and messages stay readable.

    Raises:
        NotFound: the site has no such campaign.
        Conflict: the campaign has an unfinished send.
    """
    campaign_store.get(site_id, campaign_id)
    if any(not record.is_over for record in campaign_records.list_by_campaign(site_id, campaign_id)):
        raise Conflict("This campaign has an unfinished send; cancel it first.", code="invalid_state")
    campaign_store.delete(site_id, campaign_id)
    schedules.remove(campaign_id)


# What the checks depend on. Other properties can be changed even if a field of the message or of the filter was deleted.
_MESSAGE_PROPERTIES = {"message", "channel_account_id", "replaces_smart_quotes"}
_FILTER_PROPERTIES = {"filter_condition_met_type", "filter_logical_expression", "filter_conditions"}


def _changed(current: Campaign, body: schemas.CampaignUpdateBody, *, is_new: bool = False) -> Campaign:
    changed = replace(current, **body.changes_to(current))
    conditions = tuple(replace(condition, campaign_id=changed.id) for condition in changed.contact_filter.conditions)
    changed = replace(changed, contact_filter=replace(changed.contact_filter, conditions=conditions))
    named = body.model_fields_set
    _check(
        current,
        changed,
        checks_message=is_new or not _MESSAGE_PROPERTIES.isdisjoint(named),
        checks_filter=is_new or not _FILTER_PROPERTIES.isdisjoint(named),
    )
    if changed.scheduled_start_time == current.scheduled_start_time:
        return changed
    is_pending = changed.scheduled_start_time is not None
    version = current.schedule_version + 1
    return replace(changed, schedule_version=version, is_schedule_pending=is_pending, schedule_status_reason=None)


def _check(current: Campaign, changed: Campaign, *, checks_message: bool, checks_filter: bool) -> None:
    site_fields = field_store.load(changed.site_id)
    checked(
        lambda: _check_message(changed, site_fields) if checks_message else None,
        lambda: compiler.compile_filter(changed.contact_filter, site_fields, "/contactFilter") if checks_filter else None,
        lambda: _check_time(current, changed),
    )


def _account(campaign: Campaign) -> ChannelAccount:
    return site_store.require_account(campaign.site_id, campaign.channel_account_id)


def _check_time(current: Campaign, changed: Campaign) -> None:
    scheduled = changed.scheduled_start_time
    if scheduled is None or scheduled == current.scheduled_start_time:
        return
    if scheduled <= clock.now():
        raise ValidationFailed.at("/scheduledStartTime", "must be in the future")
    if scheduled.year > schedules.LAST_YEAR:
        raise ValidationFailed.at("/scheduledStartTime", f"must not be after the year {schedules.LAST_YEAR}")


def _check_message(campaign: Campaign, site_fields: SiteFields) -> None:
    """Check a template, and its text if that is the same for every contact; otherwise each text is checked when it is sent."""
    message = campaign.message_template
    account, _ = checked(lambda: _account(campaign), lambda: merge_fields.require_known_names(message.template, site_fields))
    text = templates.constant_text(message.template)
    if text is not None:
        text_limits.require_sendable(rendering.as_sent(message, text, account.carrier), account.carrier)
