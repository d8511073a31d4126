"""Compares each answer of an endpoint with the OpenAPI description, whatever a test is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from tests.support.api_description import DESCRIPTION, validate

# What docs/api.md promises for every response.
COMMON = {"Content-Type", "Cache-Control", "X-Content-Type-Options", "Strict-Transport-Security"}


def check(method: str, path: str, status: int, headers: Iterable[str], body: Any) -> None:
    """Compare status, headers and body of an answer with its description.

    Other paths and methods are not described, and no client sends a body where none is described.

    Raises:
        AssertionError: the status or a header is not described, or a header is missing that is always there.
        ValidationError: the body does not match its schema.
    """
    operation = _operation(method, unquote(path).rstrip("/"))
    if operation is None or (status in (413, 415) and "requestBody" not in operation):
        return
    responses = operation["responses"]
    described = responses.get(str(status)) or responses.get(f"{status // 100}XX")
    assert described, f"docs/openapi.json does not describe {status} of {method} {path}"
    allowed = _resolved(described).get("headers", {})
    answered = set(headers) - COMMON
    unknown = answered - allowed.keys()
    assert not unknown, f"docs/openapi.json does not describe {unknown} of {status} {method} {path}"
    always = {name for name, header in allowed.items() if _resolved(header).get("required")}
    assert always <= answered, f"{status} of {method} {path} has no {always - answered}"
    # tests/contract compares those of 200, which may be long. The erasure of a person empties the stored answers.
    is_erased = body == {} and "Idempotency-Replayed" in answered
    for media in [] if status == HTTPStatus.OK or is_erased else _resolved(described).get("content", {}).values():
        validate(body, media["schema"])


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = DESCRIPTION if "$ref" in node else node
    for step in node.get("$ref", "#").split("/")[1:]:
        found = found[step]
    return dict(found)


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """The paths; those with fewer variables first, because a fixed name may also fit a variable."""
    paths = sorted(DESCRIPTION["paths"].items(), key=lambda entry: entry[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/:]+", path), re.IGNORECASE), item) for path, item in paths]


def _operation(method: str, path: str) -> dict[str, Any] | None:
    items = (item for pattern, item in _patterns() if pattern.fullmatch(path))
    return next((item[method.lower()] for item in items if method.lower() in item), None)
