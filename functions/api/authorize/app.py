"""Lambda authorizer: an API key becomes a site and its scopes (contract, Tenancy and authentication)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.observability import logger
from outreach.sites import store


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    api_key = _presented_key(headers.get("authorization", ""))
    key = store.find_key(api_key) if api_key else None
    if not api_key or key is None:
        logger().info("unknown api key", path=event.get("resource"))
        # The only way to make the gateway answer 401 rather than 403.
        raise Exception("Unauthorized")  # noqa: TRY002
    logger().info("api key accepted", site_id=key.site_id)
    try:
        store.note_use(api_key, key)
    except Exception:
        # It only helps to find keys that nobody uses; no request may fail for it.
        logger().exception("the use of an api key could not be noted")
    rates = store.get_site(key.site_id).rates
    return {
        "principalId": key.site_id,
        "policyDocument": {
            "Version": "2012-10-17",
            # The whole API, because the answer is cached for the key and serves its next request, whatever the route.
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": _whole_api(event["methodArn"])}],
        },
        "context": {
            "siteId": key.site_id,
            "scopes": " ".join(sorted(key.scopes)),
            "rates": " ".join(f"{action}={rate}" for action, rate in sorted(rates.items())),
        },
    }


def _presented_key(authorization: str) -> str | None:
    """``Bearer <key>``, or ``Basic`` with ``<anything>:<key>``."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def _whole_api(method_arn: str) -> str:
    api_and_stage = method_arn.split("/")[:2]
    return "/".join(api_and_stage) + "/*"
