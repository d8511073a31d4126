"""Starts sends of a campaign: by request or by schedule."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from outreach import clock
from outreach.campaigns import campaign_records, campaign_store, send_execution, snapshot_store
from outreach.campaigns.campaign_records import CampaignRecord, SendSource
from outreach.campaigns.models import Campaign
from outreach.campaigns.snapshots import snapshot
from outreach.errors import ValidationFailed
from outreach.messages.auto_attach import AutoAttach
from outreach.observability import logger
from outreach.sites import site_store


class StartedSend(NamedTuple):
    """The record of a send, and the campaign at that time in the JSON form of the API.

    Of a new send, nothing has to be read for the response: an error after its start would make the client start a second one.
    """

    record: CampaignRecord
    campaign: Mapping[str, Any]


def send(site_id: str, campaign_id: str, record_id: str, failed_of: str | None = None) -> StartedSend:
    """Start a send of a campaign. Its execution runs in the background. Idempotent for one ``record_id``.

    Args:
        record_id: the id of the new campaign record.
        failed_of: a record of the campaign; the send goes only to the contacts whose message in it is failed or undelivered.

    Raises:
        NotFound: the site has no such campaign.
        ValidationFailed: ``failed_of`` is not a record of the campaign; with a pointer.
    """
    campaign = campaign_store.get(site_id, campaign_id)
    if failed_of:
        require_record(campaign, failed_of)
    return _send(campaign, record_id, SendSource.MANUAL, failed_of)


def require_record(campaign: Campaign, record_id: str) -> None:
    """Require that a record belongs to the campaign.

    Raises:
        ValidationFailed: there is no such record of the campaign (``/failedOf``).
    """
    record = campaign_records.get_many(campaign.site_id, [record_id], consistent=True).get(record_id)
    if record is None or record.campaign_id != campaign.id:
        raise ValidationFailed.at("/failedOf", "is not a record of this campaign")


def send_scheduled(campaign: Campaign) -> StartedSend:
    """Start the send for the campaign's current schedule. Idempotent."""
    record_id = str(uuid.uuid5(uuid.UUID(campaign.id), str(campaign.schedule_version)))
    return _send(campaign, record_id, SendSource.SCHEDULED)


def _send(campaign: Campaign, record_id: str, source: SendSource, failed_of: str | None = None) -> StartedSend:
    record = CampaignRecord(
        id=record_id,
        site_id=campaign.site_id,
        campaign_id=campaign.id,
        sent_time=clock.timestamp(clock.now()),
        campaign_name=campaign.name,
        channel_account_id=campaign.channel_account_id,
        auto_attach=AutoAttach(campaign.is_auto_attached, campaign.preferred_ticket, campaign.attach_time),
        max_segments=campaign.max_segments,
        source=source,
        failed_of=failed_of,
        callback_url=campaign.callback_url or site_store.get_site(campaign.site_id).callback_url,
    )
    sent_campaign = snapshot(campaign)
    if not campaign_records.create(record, sent_campaign):
        record = campaign_records.get(campaign.site_id, record_id)
        return StartedSend(record, snapshot_store.get(campaign.site_id, record_id))
    # This line links the correlation id of the request to the record id, which later log lines have.
    logger().info("campaign sent", campaign_id=campaign.id, record_id=record.id, site_id=record.site_id)
    try:
        send_execution.start(record)
    except Exception:
        # The sweep starts the execution, because the record exists. An error would make the client start a second send.
        logger().exception("cannot start the execution of a campaign record", record_id=record.id)
    return StartedSend(record, sent_campaign)
