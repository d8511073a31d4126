"""The methods of each path (docs/api.md, "Paths").

``make generate`` writes ``routes.json`` from the template; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from outreach.errors import MethodNotAllowed, NotFound
from outreach.http.request import canonical_path
from outreach.parsing import is_guid

_ID = "{id}"
_VERB = f"{_ID}:"
# Their ids are numbers.
_TICKETS = "/ticketing/"


def methods(path: str) -> list[str]:
    """Return the methods of a decoded path, sorted; none for an unknown path, such as one with an unknown verb.

    A path with a verb, ``/outreach/campaigns/<GUID>:send``, has the method of the verb alone.
    """
    return _verb_methods(path) or sorted({method for method, route in _routes_of(path) if not _has_verb(path, route)})


def require_method(event: Mapping[str, Any]) -> None:
    """Refuse an unknown verb, and another method than that of a known one. For the gateway, an id with a verb is an id.

    Raises:
        MethodNotAllowed: the path has a verb and its method is another.
        NotFound: the path has an unknown verb.
    """
    path = canonical_path(event)
    if ":" not in path:
        return
    allowed = methods(path)
    if not allowed and _routes_of(path):
        raise NotFound("There is no such route.")
    if _verb_methods(path) and event["httpMethod"] not in allowed:
        raise MethodNotAllowed(allowed)


def _has_verb(path: str, route: str) -> bool:
    """Return whether a path has an id with a verb where a route has an id. What is no id stays one that is not valid."""
    return any(
        part == _ID and _is_id_with_verb(segment, route) for part, segment in zip(*map(_segments, (route, path)), strict=False)
    )


def _is_id_with_verb(segment: str, route: str) -> bool:
    resource_id, colon, _ = segment.partition(":")
    return bool(colon) and (is_guid(resource_id) or (route.startswith(_TICKETS) and resource_id.isdecimal()))


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _verb_methods(path: str) -> list[str]:
    return sorted({method for method, route in _routes_of(path) if _VERB in route})


def _routes_of(path: str) -> list[tuple[str, str]]:
    segments = _segments(path)
    return [(method, route) for method, route in _routes() if _matches(_segments(route), segments)]


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
