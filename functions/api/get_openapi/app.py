"""GET /openapi.json: the description of the API, open to everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

HEADERS = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "max-age=300", "Access-Control-Allow-Origin": "*"}
DESCRIPTION = (Path(__file__).parent / "openapi.json").read_text(encoding="utf-8")


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    headers = {**HEADERS, "X-Request-Id": event["requestContext"]["requestId"]}
    return {"statusCode": 200, "headers": headers, "body": DESCRIPTION}
