"""Scheduled starts: each starts one send, even if its schedule fires twice, late or never.

A one-time schedule fires 90 seconds early and starts an execution of the state machine ``scheduled_start``, which waits for the
exact time. Each change of the time increments the campaign's ``schedule_version``, which

* names the execution, so a schedule that fires twice starts one execution;
* determines the id of the campaign record, so two starts make one send;
* makes executions for an earlier time obsolete; they send nothing.

The sweep starts campaigns whose schedule did not fire, and gives a start up that keeps failing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

from outreach import aws_errors, clock, scheduler, stepfunctions
from outreach.campaigns import campaign_store, send_start
from outreach.campaigns.models import Campaign
from outreach.errors import NotFound
from outreach.observability import logger
from outreach.repeated_failures import report_given_up
from outreach.settings import settings

# EventBridge Scheduler documents no limit for the date of a one-time schedule; this is that of its cron expressions.
LAST_YEAR = 2199
# EventBridge Scheduler is precise to the minute; the execution that it starts is precise to the second.
_LEAD_TIME = timedelta(seconds=90)
# For a shorter delay, the execution starts at once, without a schedule.
_MIN_SCHEDULE_DELAY = timedelta(seconds=120)
# The sweep treats a start that is later than this as overdue.
_OVERDUE_AFTER = timedelta(seconds=30)


def synchronize(campaign: Campaign) -> None:
    """Create, move or remove the schedule of a stored campaign to match its scheduled time. Idempotent.

    If another writer has changed the time, its schedule wins.
    """
    try:
        _synchronize(campaign)
    except Exception:
        # The sweep starts the campaign, and a schedule for another time starts nothing. An error would make the client create a
        # second campaign, which would be sent, too.
        logger().exception("the schedule of a campaign could not be written", campaign_id=campaign.id, site_id=campaign.site_id)


def _synchronize(campaign: Campaign) -> None:
    _write_schedule(campaign)
    try:
        newest = campaign_store.get(campaign.site_id, campaign.id)
    except NotFound:
        remove(campaign.id)
        return
    if newest.schedule_version != campaign.schedule_version:
        _synchronize(newest)


def _write_schedule(campaign: Campaign) -> None:
    at = campaign.scheduled_start_time
    if at is None or not campaign.is_schedule_pending:
        remove(campaign.id)
    elif at - clock.now() <= _MIN_SCHEDULE_DELAY:
        remove(campaign.id)
        start_execution(_event(campaign, at))
    else:
        scheduler.put(_schedule(campaign, at))


def remove(campaign_id: str) -> None:
    """Delete the campaign's schedule, if it has one."""
    scheduler.delete(campaign_id, settings().schedule_group)


def start_execution(event: dict[str, Any]) -> None:
    """Start the execution that waits for the scheduled time. Idempotent."""
    stepfunctions.start(settings().scheduled_start_arn, f"{event['campaign_id']}-{event['version']}", event)


def start(site_id: str, campaign_id: str, version: int) -> str:
    """Send a campaign at its scheduled time.

    Args:
        version: the campaign's ``schedule_version`` when the start was scheduled.

    Returns:
        ``sent``; or, without a send, ``moved`` if the scheduled time was changed or removed, and ``gone`` if the campaign was
        deleted.
    """
    try:
        campaign = campaign_store.get(site_id, campaign_id)
    except NotFound:
        return "gone"
    if campaign.schedule_version != version or campaign.scheduled_start_time is None:
        return "moved"
    send_start.send_scheduled(campaign)
    campaign_store.end_schedule(campaign)
    return "sent"


def may_be_overdue(time: datetime | None) -> bool:
    """Return whether a start that is scheduled for a time may be overdue; ``None`` is an unknown time."""
    return time is None or time < clock.now() - _OVERDUE_AFTER


def start_if_overdue(site_id: str, campaign_id: str) -> None:
    """Start a campaign whose schedule did not fire; for the sweep. A start that keeps failing is given up, and says why."""
    try:
        _start_if_overdue(site_id, campaign_id)
    except Exception as error:
        _record_failure(site_id, campaign_id, aws_errors.name_of(error))
        raise


def _start_if_overdue(site_id: str, campaign_id: str) -> None:
    campaign = campaign_store.get(site_id, campaign_id)
    at = campaign.scheduled_start_time
    if at is not None and campaign.is_schedule_pending and may_be_overdue(at):
        start(site_id, campaign_id, campaign.schedule_version)


def _record_failure(site_id: str, campaign_id: str, reason: str) -> None:
    version, earlier = campaign_store.start_failures(site_id, campaign_id)
    failures = earlier.after(str(version), reason)
    if not failures.are_too_many:
        campaign_store.set_start_failures(site_id, campaign_id, version, failures)
        return
    described = f"no_progress: {failures.describe('the scheduled start')}"
    if campaign_store.give_up_scheduled_start(site_id, campaign_id, version, described):
        report_given_up("scheduled start", described, campaign_id=campaign_id, site_id=site_id)


def _schedule(campaign: Campaign, at: datetime) -> Any:
    return {
        "Name": campaign.id,
        "GroupName": settings().schedule_group,
        "ScheduleExpression": f"at({(at - _LEAD_TIME).strftime('%Y-%m-%dT%H:%M:%S')})",
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
