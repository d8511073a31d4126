"""Handles requests that match no route of a gateway: 404, or 405 with ``Allow`` if the path has other methods.

A path that only lacks decoding, such as ``/contact/contacts%3Aquery``, is answered with 308 to the decoded one.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote, urlencode

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.errors import NO_SUCH_PATH, MethodNotAllowed, NotFound, OutreachError
from outreach.http import problems, routes
from outreach.http.headers import SECURITY
from outreach.http.request import base_url
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    raw_path = _raw_path(event)
    path = unquote(raw_path)
    allowed = routes.methods(path)
    if event.get("httpMethod") in allowed and path != raw_path:
        return _answer(event, 308, {"Location": _location(event, path)})
    if allowed:
        return _problem(event, MethodNotAllowed(allowed))
    return _problem(event, NotFound(NO_SUCH_PATH))


def _raw_path(event: dict[str, Any]) -> str:
    # With a custom domain, the event's ``path`` begins with the stage name; ``proxy`` never does. Only the webhooks have rawPath.
    path: str = event.get("rawPath") or (event.get("pathParameters") or {}).get("proxy", "")
    return path


def _location(event: dict[str, Any], path: str) -> str:
    query = urlencode(event.get("multiValueQueryStringParameters") or {}, doseq=True)
    return f"{base_url(event)}/{quote(path.strip('/'), safe='/:')}" + (f"?{query}" if query else "")


def _problem(event: dict[str, Any], error: OutreachError) -> dict[str, Any]:
    logger().info("no route", status=error.status, correlation_id=event["requestContext"]["requestId"])
    headers = {"Content-Type": problems.CONTENT_TYPE, **problems.headers(error)}
    return _answer(event, error.status, headers, json.dumps(problems.body(error, event)))


def _answer(event: dict[str, Any], status: int, headers: dict[str, str], body: str = "") -> dict[str, Any]:
    common = {**SECURITY, "X-Request-Id": event["requestContext"]["requestId"]}
    return {"statusCode": status, "headers": {**common, **headers}, "body": body}
