"""API Gateway events for the tests of the shared HTTP behaviour."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.support.functions import Context

REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
THING = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def event(
    method: str = "GET",
    resource: str = "/things",
    *,
    path: str = "",
    parameters: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    scopes: str = "",
) -> dict[str, Any]:
    """Make a REST API event.

    Args:
        path: the path as the client sends it; the resource by default.
    """
    return {
        "resource": resource,
        "path": path or resource,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": {name: values[-1] for name, values in (query or {}).items()} or None,
        "multiValueQueryStringParameters": query,
        "pathParameters": parameters,
        "requestContext": {
            "requestId": REQUEST_ID,
            "stage": "v1",
            "domainName": "api.example",
            "authorizer": {"siteId": "10000", "keyId": "3f2a9c81d0b4", "scopes": scopes},
        },
        "body": body,
        "isBase64Encoded": False,
    }


@dataclass(frozen=True)
class Answer:
    """An HTTP response with one value per header."""

    status: int
    headers: dict[str, str]
    body: Any


def ask(handler: Any, event: dict[str, Any]) -> Answer:
    """Call a handler."""
    answer = handler(event, Context())
    headers = {name: value for name, (value,) in answer["multiValueHeaders"].items()}
    return Answer(answer["statusCode"], headers, json.loads(answer["body"]) if answer.get("body") else None)
