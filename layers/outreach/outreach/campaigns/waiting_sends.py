"""Lets sends go on at once when an operator has ended or changed what they wait for.

Otherwise they would notice it with their next poll, at the end of their recipients' former quiet hours, or with a sweep.
"""

from __future__ import annotations

from collections.abc import Iterable

from outreach import clock
from outreach.campaigns import campaign_records, lifecycle, unfinished_work
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.release import deferred_recipients
from outreach.sending import pacing
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount


def running_sends(accounts: Iterable[ChannelAccount]) -> list[CampaignRecord]:
    """Return the running sends of channel accounts."""
    keys = {(account.site_id, account.id) for account in accounts}
    sites = sorted({site_id for site_id, _ in keys})
    records = (campaign_records.get(site_id, entry.id) for site_id in sites for entry in unfinished_work.read(site_id).records)
    return [
        record
        for record in records
        if record.status is RecordStatus.RUNNING and (record.site_id, record.channel_account_id) in keys
    ]


def go_on(accounts: Iterable[ChannelAccount]) -> list[CampaignRecord]:
    """Let the running sends of channel accounts release their queued messages again, with new slots.

    An account that an operator has stopped stays stopped.

    Returns:
        The sends that go on.
    """
    sending = [account for account in accounts if not account.stop]
    for account in sending:
        pacing.release_slots(account, clock.now().timestamp())
    return list(filter(None, map(lifecycle.continue_with_new_slots, running_sends(sending))))


def apply_sending_hours(site_id: str) -> list[CampaignRecord]:
    """Decide again about all recipients who wait for sending hours, which have changed.

    Returns:
        The sends that go on.
    """
    for entry in unfinished_work.read(site_id).records:
        deferred_recipients.make_due(site_id, entry.id)
    return go_on(site_store.list_accounts(site_id))
