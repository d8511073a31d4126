"""What carriers report: verified by their signature, applied to the message whose key is in the webhook's path."""

from __future__ import annotations

from types import ModuleType

from outreach import clock
from outreach.contacts import optouts
from outreach.errors import Forbidden, NotFound
from outreach.messages import store as messages
from outreach.messages.status import Status
from outreach.sending.webhooks import Receipt, Webhook
from outreach.sites import secrets
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount


def authenticate(carrier: ModuleType, account_id: str, webhook: Webhook) -> ChannelAccount:
    """The account that a webhook is for, once its signature is verified.

    Args:
        carrier: the carrier's module, which knows its signatures.

    Raises:
        Forbidden: the signature is not the carrier's, or there is no such account (which an outsider needn't learn).
    """
    try:
        account = sites.get_account(sites.site_of_account(account_id), account_id)
    except NotFound as error:
        raise Forbidden("The signature is not valid.") from error
    if not carrier.verify(webhook, secrets.account_credentials(account.site_id, account.id)):
        raise Forbidden("The signature is not valid.")
    return account


def apply(account: ChannelAccount, message_id: str, receipt: Receipt) -> None:
    """Move a message to what its carrier says. Reads first, and writes only a step forward: repetitions cost a read."""
    try:
        message = messages.get(account.site_id, message_id)
    except NotFound:
        return
    if message.account_id != account.id:
        return
    if receipt.status is None or receipt.status.rank <= max(message.status.rank, Status.SENDING.rank):
        return
    if receipt.opted_out:
        optouts.add(account.site_id, message.recipient, receipt.failed_reason or "receipt")
    messages.advance(
        message,
        receipt.status,
        carrier_message_id=receipt.carrier_message_id,
        sent_time=clock.timestamp(clock.now()),
        failed_reason=receipt.failed_reason,
    )
