"""Delivery receipts: the webhook's signature is verified, then the receipt is applied to the message that the path names."""

from __future__ import annotations

import time
from functools import lru_cache

from outreach import clock
from outreach.carriers.protocol import CarrierClient
from outreach.carriers.webhook_messages import CarrierWebhook, Receipt
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.delivery.outcome_recording import time_of_call
from outreach.errors import Forbidden, NotFound
from outreach.messages import message_store
from outreach.messages.status import MessageStatus
from outreach.sending import receipt_faults
from outreach.sites import secrets, site_store
from outreach.sites.models import ChannelAccount

# Channel accounts rarely change, and every webhook reads one.
_CACHE_SECONDS = 60


def authenticate(carrier: CarrierClient, account_id: str, webhook: CarrierWebhook) -> ChannelAccount:
    """Verify a webhook's signature and return its channel account.

    Args:
        carrier: the carrier's module, which verifies signatures.

    Raises:
        Forbidden: the signature is invalid, or the account does not exist. The error does not reveal which.
    """
    try:
        account = cached_account(account_id, int(time.time()) // _CACHE_SECONDS)
    except NotFound as error:
        raise Forbidden("The signature is not valid.") from error
    if not carrier.verify(webhook, secrets.account_credentials(account.site_id, account.id)):
        raise Forbidden("The signature is not valid.")
    return account


@lru_cache(maxsize=256)
def cached_account(account_id: str, _period: int) -> ChannelAccount:
    """Return a channel account by its id alone, cached for one period.

    Raises:
        NotFound: the account does not exist; this is not cached.
    """
    return site_store.get_account(site_store.site_of_account(account_id), account_id)


def apply(account: ChannelAccount, message_id: str, receipt: Receipt) -> None:
    """Advance a message to the status of its receipt. Repeated receipts do not count against the account.

    Nearly every message gets a receipt that it is delivered, which is written at once. Any other receipt reads the message first;
    if it does not advance the message, it costs one read and no write.
    """
    if receipt.status is MessageStatus.DELIVERED and _record_delivery(account, message_id, receipt):
        receipt_faults.observe(account, receipt)
        return
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
    receipt_faults.observe(account, receipt)
    if receipt.opted_out:
        time_ = time_of_call(message)
        opt_outs.add(account.site_id, message.recipient, Source.CARRIER, time=time_, reason=receipt.failed_reason)
    message_store.advance(
        message,
        receipt.status,
        carrier_message_id=receipt.carrier_message_id,
        sent_time=clock.timestamp(clock.now()),
        failed_reason=receipt.failed_reason,
    )


def _record_delivery(account: ChannelAccount, message_id: str, receipt: Receipt) -> bool:
    return message_store.record_delivery(
        account.site_id,
        message_id,
        account.id,
        carrier_message_id=receipt.carrier_message_id,
        sent_time=clock.timestamp(clock.now()),
        sender=receipt.sender,
    )
