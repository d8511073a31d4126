"""Answers of more than Lambda's 6 MB: they lie in S3 for a short while, and the client is sent there (contract, Lists)."""

from __future__ import annotations

import uuid
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import aws
from outreach.http.api import JSON, Handler
from outreach.settings import settings

# Lambda takes 6 MB for the whole answer, in which the body is a JSON string: each quotation mark of it takes a backslash.
MAX_BYTES = 4_000_000
_URL_SECONDS = 900
_PREFIX = "answers"  # the bucket forgets what lies there after a day


def answers(handler: Handler) -> Handler:
    """The endpoint's handler, with a 303 in the place of an answer that is too large."""

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        answer = handler(event, context)
        body = (answer["body"] or "").encode()
        return answer if len(body) <= MAX_BYTES else _redirection(answer, body)

    return lambda_handler


def _redirection(answer: dict[str, Any], body: bytes) -> dict[str, Any]:
    bucket, key = settings().audience_bucket, f"{_PREFIX}/{uuid.uuid4()}"
    aws.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType=JSON)
    url = aws.s3().generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=_URL_SECONDS)
    headers = {name: values for name, values in answer["multiValueHeaders"].items() if name != "Content-Type"}
    return {**answer, "statusCode": 303, "body": "", "multiValueHeaders": {**headers, "Location": [url]}}
