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
    """Advance a message to the status of its receipt. Repeated receipts do not count against the account.

    Nearly every message gets a receipt that it is delivered, which is written at once. Any other receipt reads the message first;
    if it does not advance the message, it costs one read and no write. An opt-out counts all the same, because the message may
    have failed already while its outcome was unknown.

    Args:
        received: when its webhook arrived.
    """
    if receipt.status is MessageStatus.DELIVERED and _record_delivery(account, message_id, receipt, received):
        _observe(account, receipt, receipt.sender)
        return
    try:
        message = message_store.get(account.site_id, message_id, text=False)
    except NotFound:
        return
    if message.account_id != account.id:
        return
    if receipt.sender and not message.sender:
        message_store.record_sender(message, receipt.sender)
    if receipt.opted_out:
        time_ = time_of_call(message)
        opt_outs.add(account.site_id, message.recipient, Source.CARRIER, time=time_, reason=receipt.failed_reason)
    if receipt.status is None or receipt.status.rank <= max(message.status.rank, MessageStatus.SENDING.rank):
        return
    _observe(account, receipt, message.sender)
    message_store.advance(
        message,
        receipt.status,
        carrier_message_id=receipt.carrier_message_id,
        sent_time=clock.timestamp(received),
        failed_reason=receipt.failed_reason,
    )


def _record_delivery(account: ChannelAccount, message_id: str, receipt: Receipt, received: datetime) -> bool:
    return message_store.record_delivery(
        account.site_id,
        message_id,
        account.id,
        carrier_message_id=receipt.carrier_message_id,
        sent_time=clock.timestamp(received),
        sender=receipt.sender,
    )


def _observe(account: ChannelAccount, receipt: Receipt, sender: str) -> None:
    """Count a receipt for the account's health, unless the client has named another sender."""
    if account.sender_type is SenderType.POOL or account.is_own_sender(sender):
        receipt_faults.observe(account, receipt)
