"""GET /openapi.json: the OpenAPI description; needs no API key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.http.headers import SECURITY
from outreach.http.request import base_url

HEADERS = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "max-age=300", "Access-Control-Allow-Origin": "*"}
DESCRIPTION = json.loads((Path(__file__).parent / "openapi.json").read_text(encoding="utf-8"))


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    headers = {**SECURITY, **HEADERS, "X-Request-Id": event["requestContext"]["requestId"]}
    # Tools that import the description take the address of the API from it; only the request tells what it is.
    description = DESCRIPTION | {"servers": [{"url": base_url(event)}]}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(description, ensure_ascii=False)}
