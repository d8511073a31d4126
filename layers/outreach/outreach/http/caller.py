"""Who is calling: the site and the scopes of a verified API key, as the authorizer passed them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outreach.errors import Forbidden
from outreach.sites.rates import RATES, Rate, take

SCOPES = (
    "contact:read",
    "contact:write",
    "outreach:read",
    "outreach:write",
    "outreach:send",
    "unichannel:send",
    "ticketing:write",
)


@dataclass(frozen=True)
class Caller:
    """The site a request belongs to (never taken from the request itself) and what its key may do; no scopes = all.

    ``rates`` are those of the site's own; see :mod:`outreach.sites.rates`.
    """

    site_id: str
    scopes: frozenset[str]
    rates: Mapping[str, Rate] = field(default_factory=dict)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Caller:
        """The caller of an API Gateway event.

        Raises:
            Forbidden: ``siteId`` in the query string is not the key's site (contract, Tenancy).
        """
        context = event["requestContext"]["authorizer"]
        rates = (entry.split("=") for entry in context.get("rates", "").split())
        caller = cls(
            context["siteId"], frozenset(context["scopes"].split()), {action: Rate.parse(text) for action, text in rates}
        )
        query: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
        named = {value for name, values in query.items() if name.lower() == "siteid" for value in values}
        if named - {caller.site_id}:
            raise Forbidden("siteId is not the site of this API key.")
        return caller

    def require(self, scope: str) -> None:
        """
        Raises:
            Forbidden: the key has scopes, and this is none of them.
        """
        if self.scopes and scope not in self.scopes:
            raise Forbidden(f"The API key lacks the scope {scope}.")

    def slow_down(self, action: str) -> None:
        """
        Raises:
            TooManyRequests: the site does this too fast.
        """
        take(self.site_id, action, self.rates.get(action, RATES[action]))
