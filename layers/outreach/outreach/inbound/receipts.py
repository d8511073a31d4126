"""Delivery receipts, applied to the message that the webhook's path names."""

from __future__ import annotations

from datetime import datetime

from outreach import clock
from outreach.carriers.webhook_messages import Receipt
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.delivery.outcome_recording import time_of_call
from outreach.errors import NotFound
from outreach.messages import message_store
from outreach.messages.status import MessageStatus
from outreach.sending import receipt_faults
from outreach.sites.models import ChannelAccount, SenderType


def apply(account: ChannelAccount, message_id: str, receipt: Receipt, received: datetime) -> None:
    """Advance a message to the status of its receipt.

    A receipt that does not advance the message costs one read and no write. Repeated ones do not count against the account.

    Args:
        received: when its webhook arrived.
    """
    try:
        message = message_store.get(account.site_id, message_id, text=False)
    except NotFound:
        return
    if message.account_id != account.id:
        return
    if receipt.sender and not message.sender:
        message_store.record_sender(message, receipt.sender)
    if receipt.status is None or receipt.status.rank <= max(message.status.rank, MessageStatus.SENDING.rank):
        return
    if account.sender_type is SenderType.POOL or account.is_own_sender(message.sender):
        receipt_faults.observe(account, receipt)
    if receipt.opted_out:
        time_ = time_of_call(message)
        opt_outs.add(account.site_id, message.recipient, Source.CARRIER, time=time_, reason=receipt.failed_reason)
    message_store.advance(
        message,
        receipt.status,
        carrier_message_id=receipt.carrier_message_id,
        sent_time=clock.timestamp(received),
        failed_reason=receipt.failed_reason,
    )
