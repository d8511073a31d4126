"""Lambda authorizer: looks up the site and the scopes of an API key (docs/api.md, "Sites and API keys")."""

from __future__ import annotations

import base64
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.observability import logger
from outreach.sites import site_store
from outreach.sites.models import ApiKey

# RFC 9110, section 5.6.3. Other white space is part of the key, and so the key is another one.
_OPTIONAL_SPACE = " \t"


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    api_key = _api_key_of(headers.get("authorization", ""))
    key = site_store.find_key(api_key) if api_key else None
    if not api_key or key is None:
        logger().info("unknown api key", path=event.get("resource"))
        # API Gateway answers 401 only to an exception with exactly this text.
        raise Exception("Unauthorized")  # noqa: TRY002
    key_id = site_store.key_id(site_store.hash_key(api_key))
    logger().info("api key accepted", site_id=key.site_id, key_id=key_id)
    _record_use(api_key, key)
    return {
        "principalId": key.site_id,
        "policyDocument": _policy(event["methodArn"]),
        # What `outreach.http.caller` reads.
        "context": {
            "siteId": key.site_id,
            "keyId": key_id,
            "keyName": key.name,
            "scopes": " ".join(sorted(key.scopes)),
            "rates": _rates(key.site_id),
        },
    }


def _record_use(api_key: str, key: ApiKey) -> None:
    try:
        site_store.record_use(api_key, key)
    except Exception:
        # The time of last use only helps to find unused keys. No request may fail because of it.
        logger().exception("the last use of an api key could not be stored")


def _policy(method_arn: str) -> dict[str, Any]:
    """Allow the whole API: the gateway caches the policy for the key and applies it to requests for other routes too."""
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": _whole_api(method_arn)}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _whole_api(method_arn: str) -> str:
    api_and_stage = method_arn.split("/")[:2]
    return "/".join(api_and_stage) + "/*"


def _rates(site_id: str) -> str:
    """Return the rate limits of a site as one text, because the context of an authorizer has no lists."""
    rates = site_store.get_site(site_id).rates
    return " ".join(f"{action}={rate}" for action, rate in sorted(rates.items()))


def _api_key_of(authorization: str) -> str | None:
    """The key in ``Bearer <key>``, or in ``Basic`` with ``<any user>:<key>``."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip(_OPTIONAL_SPACE)
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
        except ValueError:  # no base64, or no UTF-8 in it
            return None
    return None
