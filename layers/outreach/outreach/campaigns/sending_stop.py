"""The operator's stop button: stops the messages of channel accounts, and starts them again (docs/operations.md, "Stop sending").

The stop is an attribute of the account, which releases, workers and the API read anyway, so it costs no read. While it is set, no
carrier is asked to send. A release waits. A worker drops the jobs of the account, whose messages stay queued in their table. At
the start, running sends release their queued messages again, with new slots. The sweep queues single messages again, and whatever
else is overdue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from outreach import clock
from outreach.campaigns import waiting_sends
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.messages import message_index
from outreach.messages.status import MessageStatus
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount, SendingStop


def stop(accounts: Iterable[ChannelAccount], reason: str) -> tuple[list[ChannelAccount], list[ChannelAccount]]:
    """Stop channel accounts. Messages that a carrier is being asked to send at this moment are still sent.

    An account that is stopped already keeps the time of its stop, and gets the new reason, if there is one.

    Args:
        reason: why, for the other operators; may be empty.

    Returns:
        The accounts that were not stopped before, and those that were, for another reason.
    """
    new_stop = SendingStop(clock.timestamp(clock.now()), reason)
    accounts = list(accounts)
    stopped = [account for account in accounts if site_store.stop_account(account, new_stop)]
    others = [account for account in accounts if account not in stopped]
    return stopped, [account for account in others if reason and site_store.change_stop_reason(account, reason)]


def start(accounts: Iterable[ChannelAccount]) -> tuple[list[ChannelAccount], list[CampaignRecord]]:
    """Let channel accounts send again. If this is interrupted, the sweep queues what is overdue.

    Returns:
        The accounts that were stopped before, and their running sends, which go on.
    """
    started = [account for account in accounts if site_store.start_account(account)]
    return started, waiting_sends.go_on(replace(account, stop=None) for account in started)


def count_waiting_messages(accounts: Iterable[ChannelAccount]) -> int:
    """Return how many single messages of channel accounts wait. The sweep queues them after the start."""
    keys = {(account.site_id, account.id) for account in accounts}
    waiting = (row for row in message_index.unsettled(clock.timestamp(clock.now())) if row.status is MessageStatus.QUEUED)
    return sum((row.site_id, row.account_id) in keys for row in waiting)
