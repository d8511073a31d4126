"""Carrier credentials and callback secrets: SSM SecureStrings under the stack's prefix, cached for five minutes.

``<prefix>/<site>/accounts/<account>``  JSON, by carrier: ``{"token"}`` for Twilio, ``{"api_key", "public_key"}`` for Telnyx
``<prefix>/<site>/callback``            JSON list of ``whsec_`` secrets, the newest first; two while one is rotated
``<prefix>/<site>/ticketing``           JSON string: the key of another ticketing system, where one is used
"""

from __future__ import annotations

from typing import Any

import orjson
from aws_lambda_powertools.utilities.parameters import get_parameter

from outreach.settings import settings

_CACHE_SECONDS = 300


def account_credentials(site_id: str, account_id: str) -> dict[str, str]:
    """What a carrier asks for, by its own names (see the module)."""
    return _secret(account_path(site_id, account_id))  # type: ignore[no-any-return]


def callback_secrets(site_id: str) -> list[str]:
    """The site's signing secrets; each callback is signed with all of them (Standard Webhooks, rotation)."""
    return _secret(callback_path(site_id))  # type: ignore[no-any-return]


def ticketing_key(site_id: str) -> str:
    """The site's key for the ticketing system of ``TICKETING_BASE_URL``."""
    return _secret(ticketing_path(site_id))  # type: ignore[no-any-return]


def account_path(site_id: str, account_id: str) -> str:
    return f"{settings().secrets_prefix}/{site_id}/accounts/{account_id}"


def callback_path(site_id: str) -> str:
    return f"{settings().secrets_prefix}/{site_id}/callback"


def ticketing_path(site_id: str) -> str:
    return f"{settings().secrets_prefix}/{site_id}/ticketing"


def _secret(path: str) -> Any:
    return orjson.loads(get_parameter(path, decrypt=True, max_age=_CACHE_SECONDS))
