"""The methods of each path (docs/api.md, "Paths").

``make generate`` writes ``routes.json`` from the template; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from outreach.errors import MethodNotAllowed
from outreach.http.request import canonical_path
from outreach.parsing import is_guid

_VERB = "{id}:"


def methods(path: str) -> list[str]:
    """Return the methods of a decoded path, sorted; none for an unknown path.

    A path with a verb, ``/outreach/campaigns/<GUID>:send``, has the method of the verb alone.
    """
    return _verb_methods(path) or sorted({method for method, _ in _routes_of(path)})


def require_method(event: Mapping[str, Any]) -> None:
    """Refuse another method than POST for a verb. For the gateway, an id with a verb is an id.

    An unknown verb is left to the endpoint.

    Raises:
        MethodNotAllowed: the path has a verb and its method is another.
    """
    path = canonical_path(event)
    if ":" in path and (allowed := _verb_methods(path)) and event["httpMethod"] not in allowed:
        raise MethodNotAllowed(allowed)


def _verb_methods(path: str) -> list[str]:
    return sorted({method for method, route in _routes_of(path) if _VERB in route})


def _routes_of(path: str) -> list[tuple[str, str]]:
    segments = path.strip("/").split("/")
    return [(method, route) for method, route in _routes() if _matches(route.strip("/").split("/"), segments)]


def _matches(route: list[str], segments: list[str]) -> bool:
    if route[-1] == "{proxy+}":
        return len(segments) >= len(route) and _matches(route[:-1], segments[: len(route) - 1])
    return len(route) == len(segments) and all(map(_fits, route, segments))


def _fits(part: str, segment: str) -> bool:
    if part.startswith(_VERB):
        resource_id, _, verb = segment.partition(":")
        return verb == part.removeprefix(_VERB) and is_guid(resource_id)
    return part.startswith("{") or part == segment


@cache
def _routes() -> list[tuple[str, str]]:
    return [tuple(route) for route in json.loads((Path(__file__).parent / "routes.json").read_text())]
