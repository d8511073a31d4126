"""Oversized responses: above Lambda's limit the body is stored in S3 and the client redirected to it (docs/api.md, "Lists")."""

from __future__ import annotations

import uuid
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import s3
from outreach.http.api import JSON, Handler
from outreach.http.caller import Caller

# Lambda's limit of 6 MB applies to the whole response, in which the body is a JSON string with every quotation mark escaped.
MAX_BYTES = 4_000_000
_PREFIX = "answers"  # the bucket deletes these objects after a day


def redirect_oversized(handler: Handler) -> Handler:
    """Wrap an endpoint's handler: it responds with 303 where its response is too large."""

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        response = handler(event, context)
        body = (response["body"] or "").encode()
        return response if len(body) <= MAX_BYTES else _redirect(event, response, body)

    return lambda_handler


def _redirect(event: dict[str, Any], response: dict[str, Any], body: bytes) -> dict[str, Any]:
    key = f"{_PREFIX}/{Caller.of(event).site_id}/{uuid.uuid4()}"
    s3.working_files().put(key, body, JSON)
    headers = {name: values for name, values in response["multiValueHeaders"].items() if name != "Content-Type"}
    return {
        **response,
        "statusCode": 303,
        "body": "",
        "multiValueHeaders": {**headers, "Location": [s3.working_files().download_url(key)]},
    }
