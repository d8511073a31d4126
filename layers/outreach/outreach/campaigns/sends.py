"""Starting a send of a campaign: by hand, or as it is scheduled."""

from __future__ import annotations

import uuid

from outreach import clock
from outreach.campaigns import executions, records, store
from outreach.campaigns.models import Campaign
from outreach.campaigns.records import Record, Source
from outreach.campaigns.snapshots import snapshot
from outreach.observability import logger
from outreach.sites import store as sites


def send(site_id: str, campaign_id: str, record_id: str) -> Record:
    """Start a new send of a campaign, whose record gets an id; the fan-out goes on behind it. Started a second time, it is the
    same one.

    Raises:
        NotFound: the site has no such campaign.
    """
    return _send(store.get(site_id, campaign_id), record_id, Source.MANUAL)


def send_as_scheduled(campaign: Campaign) -> Record:
    """Start the send that the campaign's schedule asks for; started a second time, it is the same one."""
    record_id = str(uuid.uuid5(uuid.UUID(campaign.id), str(campaign.schedule_version)))
    return _send(campaign, record_id, Source.SCHEDULED)


def _send(campaign: Campaign, record_id: str, source: Source) -> Record:
    record = Record(
        id=record_id,
        site_id=campaign.site_id,
        campaign_id=campaign.id,
        sent_time=clock.timestamp(clock.now()),
        campaign=snapshot(campaign),
        source=source,
        callback_url=campaign.callback_url or sites.get_site(campaign.site_id).callback_url,
    )
    if not records.create(record):
        return records.get(campaign.site_id, record_id)
    # Beside the request's id, where there is one: who follows a request goes on from here by the record's.
    logger().info("campaign sent", campaign_id=campaign.id, record_id=record.id, site_id=record.site_id)
    try:
        executions.start(record)
    except Exception:
        # The record exists, so the sweep starts it; an error would make the caller send a second time.
        logger().exception("the execution of a campaign record could not be started", record_id=record.id)
    return record
