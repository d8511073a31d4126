"""What no route matches: 404, or 405 with ``Allow`` where the path is known with other methods."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.errors import NotFound, OutreachError
from outreach.http import problems
from outreach.observability import logger


class MethodNotAllowed(OutreachError):
    status, code, title = 405, "method_not_allowed", "The method is not allowed here"


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    # Not the event's path: behind a domain of one's own the stage's name precedes that.
    allowed = _methods(unquote((event["pathParameters"] or {}).get("proxy", "")))
    error = MethodNotAllowed(f"Use {' or '.join(allowed)}.") if allowed else NotFound("There is no such route.")
    request_id = event["requestContext"]["requestId"]
    logger().info("no route", status=error.status, correlation_id=request_id)
    headers = {
        "Content-Type": problems.CONTENT_TYPE,
        "X-Request-Id": request_id,
        **({"Allow": ", ".join(allowed)} if allowed else {}),
    }
    return {"statusCode": error.status, "headers": headers, "body": json.dumps(problems.body(error, request_id))}


def _methods(path: str) -> list[str]:
    steps = path.strip("/").split("/")
    return sorted({method for method, route in _routes() if _matches(route.strip("/").split("/"), steps)})


def _matches(route: list[str], steps: list[str]) -> bool:
    return len(route) == len(steps) and all(want == got or want.startswith("{") for want, got in zip(route, steps, strict=True))


@cache
def _routes() -> list[tuple[str, str]]:
    """The API's routes: ``routes.json`` is made from the template by ``make generated``, and a test holds it current."""
    return [tuple(route) for route in json.loads((Path(__file__).parent / "routes.json").read_text())]
