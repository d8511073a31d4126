"""Scheduled starts: a send at a time, once, whatever fires twice, late or not at all.

A one-time schedule fires some time ahead and starts an execution of the state machine ``scheduled_start``, which waits for the
very moment. Each change of the time raises the campaign's ``schedule_version``: an execution (named after it) whose version is
no longer the campaign's sends nothing, and the record's id derives from it, so that two starts are one. What was missed all the
same is started by the sweep.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson

from outreach import aws, clock, stepfunctions
from outreach.campaigns import sends, store
from outreach.campaigns.models import Campaign
from outreach.errors import NotFound
from outreach.settings import settings

# EventBridge Scheduler is precise to the minute; the execution that it starts, to the second.
_AHEAD = timedelta(seconds=90)
# What is nearer than this is not worth a schedule.
_NEAR = timedelta(seconds=120)
# How late a start must be for the sweep to take it for missed.
_MISSED_AFTER = timedelta(seconds=30)


def set_up(campaign: Campaign) -> None:
    """Bring the schedule in line with the campaign's time, after the campaign was stored; repeated, it changes nothing."""
    at = campaign.scheduled_start_time
    if at is None or not campaign.is_schedule_pending:
        remove(campaign.id)
    elif at - clock.now() <= _NEAR:
        remove(campaign.id)
        begin(_event(campaign, at))
    else:
        _put(campaign, at)


def remove(campaign_id: str) -> None:
    """Remove the campaign's schedule, if it has one."""
    scheduler = aws.scheduler()
    with suppress(scheduler.exceptions.ResourceNotFoundException):
        scheduler.delete_schedule(Name=campaign_id, GroupName=settings().schedule_group)


def begin(event: dict[str, Any]) -> None:
    """Start the execution that waits for the moment; the second time, it is there already."""
    stepfunctions.start(settings().scheduled_start_arn, f"{event['campaign_id']}-{event['version']}", event)


def start(site_id: str, campaign_id: str, version: int) -> str:
    """Send the campaign, unless its time was changed or it was deleted meanwhile. Says which: ``sent``, ``moved``, ``gone``."""
    try:
        campaign = store.get(site_id, campaign_id)
    except NotFound:
        return "gone"
    if campaign.schedule_version != version or campaign.scheduled_start_time is None:
        return "moved"
    sends.send_as_scheduled(campaign)
    store.end_schedule(campaign)
    return "sent"


def repair(site_id: str, campaign_id: str) -> None:
    """Start what should have been started: for the sweep."""
    campaign = store.get(site_id, campaign_id)
    at = campaign.scheduled_start_time
    if at is not None and campaign.is_schedule_pending and at + _MISSED_AFTER < clock.now():
        start(site_id, campaign_id, campaign.schedule_version)


def _put(campaign: Campaign, at: datetime) -> None:
    request = _schedule(campaign, at)
    scheduler = aws.scheduler()
    try:
        scheduler.create_schedule(**request)
    except scheduler.exceptions.ConflictException:
        scheduler.update_schedule(**request)


def _schedule(campaign: Campaign, at: datetime) -> Any:
    return {
        "Name": campaign.id,
        "GroupName": settings().schedule_group,
        "ScheduleExpression": f"at({(at - _AHEAD).strftime('%Y-%m-%dT%H:%M:%S')})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": settings().begin_scheduled_start_arn,
            "RoleArn": settings().scheduler_role_arn,
            "Input": orjson.dumps(_event(campaign, at)).decode(),
            "DeadLetterConfig": {"Arn": settings().schedule_dead_letter_queue_arn},
        },
    }


def _event(campaign: Campaign, at: datetime) -> dict[str, Any]:
    return {
        "site_id": campaign.site_id,
        "campaign_id": campaign.id,
        "version": campaign.schedule_version,
        "at": clock.timestamp(at),
    }
