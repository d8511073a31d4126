"""Who sent a webhook: its signature is verified with the credentials of the channel account that its path names."""

from __future__ import annotations

import time
import uuid
from functools import lru_cache

from outreach import aws_errors
from outreach.carriers import registry
from outreach.carriers.webhook_messages import CarrierWebhook
from outreach.errors import Forbidden, NotFound
from outreach.parameter_store import ParameterUnavailable
from outreach.sites import secrets, site_store
from outreach.sites.models import Carrier, ChannelAccount

# Channel accounts rarely change, and every webhook reads one.
_CACHE_SECONDS = 60


class Unverifiable(Exception):
    """Whether a webhook is genuine cannot be checked now, because a dependency refuses or is slow. The text says which one.

    Attributes:
        site_id: the site of the channel account; empty if the account itself cannot be read.
    """

    def __init__(self, reason: str, site_id: str = "") -> None:
        super().__init__(reason)
        self.site_id = site_id


def authenticate(carrier: Carrier, account_id: str, webhook: CarrierWebhook) -> ChannelAccount:
    """Verify a webhook's signature and return its channel account (docs/carriers.md, "Webhooks").

    Args:
        carrier: the carrier in the webhook's path.
        account_id: the id of a channel account in the webhook's path.

    Raises:
        Forbidden: the signature is invalid, or the carrier has no such account. The error does not reveal which.
        MissingCredentials: the account has no credentials.
        Unverifiable: the account or its credentials cannot be read now; try again later.
    """
    client = registry.entry(carrier).client()
    # Neither needs a read, so such requests cost nothing more and are never queued.
    if not _is_id(account_id) or client.SIGNATURE_HEADERS[0] not in webhook.headers:
        raise _forbidden()
    account = _account(account_id)
    if account.carrier is not carrier or not client.verify(webhook, _credentials(account)):
        raise _forbidden()
    return account


@lru_cache(maxsize=256)
def cached_account(account_id: str, _period: int) -> ChannelAccount:
    """Return a channel account by its id alone, cached for one period.

    Raises:
        NotFound: the account does not exist; this is not cached.
    """
    return site_store.get_account(site_store.site_of_account(account_id), account_id)


def _account(account_id: str) -> ChannelAccount:
    try:
        return cached_account(account_id, int(time.time()) // _CACHE_SECONDS)
    except NotFound as error:
        raise _forbidden() from error
    except Exception as error:
        raise Unverifiable(f"The channel account cannot be read ({aws_errors.name_of(error)}).") from error


def _credentials(account: ChannelAccount) -> dict[str, str]:
    try:
        return secrets.account_credentials(account.site_id, account.id)
    except ParameterUnavailable as error:
        raise Unverifiable(str(error), account.site_id) from error


def _is_id(account_id: str) -> bool:
    try:
        return str(uuid.UUID(account_id)) == account_id
    except ValueError:
        return False


def _forbidden() -> Forbidden:
    return Forbidden("The signature is not valid.")
