"""The caller of a request: the site, scopes and rate limits of a verified API key, as the authorizer passes them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outreach.errors import Forbidden
from outreach.sites.rate_limits import DEFAULT_RATES, Rate, enforce

SCOPES = (
    "contact:read",
    "contact:write",
    "outreach:read",
    "outreach:write",
    "outreach:send",
    "unichannel:send",
    "ticketing:read",
    "ticketing:write",
)


@dataclass(frozen=True)
class Caller:
    """The site and permissions of an API key.

    Attributes:
        site_id: the key's site; a request cannot choose another one.
        key_id: the id of the key, for the logs; see :func:`outreach.sites.site_store.key_id`.
        key_name: the name that the operator gave the key.
        scopes: what the key may do; empty for everything.
        rate_limits: the site's own rate limits; see :mod:`outreach.sites.rate_limits`.
        is_counted: whether the request has already been counted, because this is the background run of a list result.
    """

    site_id: str
    scopes: frozenset[str]
    key_id: str = ""
    key_name: str = ""
    rate_limits: Mapping[str, Rate] = field(default_factory=dict)
    is_counted: bool = False

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Caller:
        """Return the caller of an API Gateway event.

        Raises:
            Forbidden: ``siteId`` in the query string is not the key's site (docs/api.md, "Sites and API keys").
        """
        context = event["requestContext"]["authorizer"]
        rates = (entry.split("=") for entry in context.get("rates", "").split())
        caller = cls(
            context["siteId"],
            frozenset(context["scopes"].split()),
            context.get("keyId", ""),
            context.get("keyName", ""),
            {action: Rate.parse(text) for action, text in rates},
            is_counted=bool(event.get("hasNoDeadline")),
        )
        query: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
        requested_sites = {value for name, values in query.items() if name.lower() == "siteid" for value in values}
        if requested_sites - {caller.site_id, ""}:
            raise Forbidden("This API key belongs to another site; leave siteId out.")
        return caller

    def require(self, scope: str) -> None:
        """Require that the key has a scope.

        Raises:
            Forbidden: the key is restricted to other scopes.
        """
        if self.scopes and scope not in self.scopes:
            raise Forbidden(f"The API key lacks the scope {scope}. Use a key that has it.")

    def enforce_rate_limit(self, action: str) -> None:
        """Count one request against the site's rate limit for an action.

        Raises:
            TooManyRequests: the site has reached the limit.
        """
        if not self.is_counted:
            enforce(self.site_id, action, self.rate_limits.get(action, DEFAULT_RATES[action]))
