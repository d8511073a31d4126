"""What carriers report: verified by their signature, applied to the message whose key is in the webhook's path."""

from __future__ import annotations

import time
from functools import lru_cache
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

# Webhooks come by the thousand and carry no more than the account's id: what it stands for hardly ever changes.
_ACCOUNT_SECONDS = 60


def authenticate(carrier: ModuleType, account_id: str, webhook: Webhook) -> ChannelAccount:
    """The account that a webhook is for, once its signature is verified.

    Args:
        carrier: the carrier's module, which knows its signatures.

    Raises:
        Forbidden: the signature is not the carrier's, or there is no such account (which an outsider needn't learn).
    """
    try:
        account = known_account(account_id, int(time.time()) // _ACCOUNT_SECONDS)
    except NotFound as error:
        raise Forbidden("The signature is not valid.") from error
    if not carrier.verify(webhook, secrets.account_credentials(account.site_id, account.id)):
        raise Forbidden("The signature is not valid.")
    return account


@lru_cache(maxsize=256)
def known_account(account_id: str, _period: int) -> ChannelAccount:
    """A channel account by its id alone, read once in each period.

    Raises:
        NotFound: there is none; asked again, it is looked for again.
    """
    return sites.get_account(sites.site_of_account(account_id), account_id)


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
