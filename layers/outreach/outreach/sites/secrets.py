"""Secrets of sites: SSM SecureStrings under the stack's prefix, cached for five minutes.

``<prefix>/<site>/accounts/<account>``           JSON: the secrets that :mod:`outreach.carriers.registry` names
``<prefix>/<site>/callback``                     JSON list of ``whsec_`` secrets, newest first; two of them during a rotation
``<prefix>/<site>/webhooks/<webhook>/<secret>``  JSON string: a ``whsec_`` secret of a webhook, which never changes
``<prefix>/<site>/ticketing``                    JSON string: the key of an external ticketing system, if the stack uses one
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from typing import Any

import orjson

from outreach import parameter_store
from outreach.parameter_store import ParameterMissing
from outreach.settings import settings

# Standard Webhooks asks for 24 to 64 bytes.
_SECRET_BYTES = 32


def load_accounts(accounts: Iterable[tuple[str, str]]) -> None:
    """Read the credentials of accounts, given by site and id, together; :func:`account_credentials` returns them or fails."""
    parameter_store.load(account_path(site_id, account_id) for site_id, account_id in accounts)


def load_callbacks(site_ids: Iterable[str]) -> None:
    """Read the signing secrets of sites together; :func:`callback_secrets` returns them or fails."""
    parameter_store.load(callback_path(site_id) for site_id in site_ids)


class MissingCredentials(Exception):
    """A channel account has no credentials."""

    def __init__(self) -> None:
        super().__init__("the account has no credentials; set them with `outreach-admin account credentials`")


def account_credentials(site_id: str, account_id: str) -> dict[str, str]:
    """Return the carrier's credentials for an account; the module's docstring names the keys.

    Raises:
        MissingCredentials: there are none.
    """
    try:
        return _secret(account_path(site_id, account_id))  # type: ignore[no-any-return]
    except ParameterMissing as error:
        raise MissingCredentials from error


def callback_secrets(site_id: str) -> list[str]:
    """Return the site's signing secrets. Each callback is signed with all of them, so that they can be rotated."""
    return _secret(callback_path(site_id))  # type: ignore[no-any-return]


def webhook_secret(site_id: str, webhook_id: str, secret_id: str) -> str:
    """Return a signing secret of a webhook."""
    return _secret(webhook_path(site_id, webhook_id, secret_id))  # type: ignore[no-any-return]


def find_webhook_secret(site_id: str, webhook_id: str, secret_id: str) -> str | None:
    """Return a signing secret of a webhook; ``None`` if it was deleted."""
    try:
        return webhook_secret(site_id, webhook_id, secret_id)
    except parameter_store.ParameterMissing:
        return None


def create_webhook_secret(site_id: str, webhook_id: str, secret_id: str) -> None:
    """Create a random signing secret of a webhook, unless it exists."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
    parameter_store.put_new(webhook_path(site_id, webhook_id, secret_id), orjson.dumps(secret).decode())


def delete_webhook_secrets(site_id: str, webhook_id: str, secret_ids: Iterable[str]) -> None:
    """Delete signing secrets of a webhook, if they exist."""
    parameter_store.delete([webhook_path(site_id, webhook_id, secret_id) for secret_id in secret_ids])


def ticketing_key(site_id: str) -> str:
    """Return the site's key for the ticketing system at ``TICKETING_BASE_URL``."""
    return _secret(ticketing_path(site_id))  # type: ignore[no-any-return]


def account_path(site_id: str, account_id: str) -> str:
    return f"{settings().secrets_prefix}/{site_id}/accounts/{account_id}"


def callback_path(site_id: str) -> str:
    return f"{settings().secrets_prefix}/{site_id}/callback"


def webhook_path(site_id: str, webhook_id: str, secret_id: str) -> str:
    return f"{settings().secrets_prefix}/{site_id}/webhooks/{webhook_id}/{secret_id}"


def ticketing_path(site_id: str) -> str:
    return f"{settings().secrets_prefix}/{site_id}/ticketing"


def _secret(path: str) -> Any:
    return orjson.loads(parameter_store.get(path))
