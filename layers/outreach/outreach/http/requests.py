"""A request, read from the gateway's event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote


def header(event: Mapping[str, Any], name: str) -> str | None:
    """A header of the request; clients and gateways write names in any case."""
    return next((value for given, value in (event.get("headers") or {}).items() if given.lower() == name.lower()), None)


def canonical_path(event: Mapping[str, Any]) -> str:
    """The route's own spelling with the decoded path variables: no trailing slash, ``%3A`` as ``:`` (contract, Paths)."""
    path: str = event["resource"]
    for name, value in (event.get("pathParameters") or {}).items():
        path = path.replace(f"{{{name}}}", unquote(value))
    return path
