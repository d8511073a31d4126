"""Where the bucket of files has what (the bucket forgets each after a while).

``uploads/<site>/<import>``                  a file to be imported; its arrival starts the import
``imports/<site>/<import>/rows/<chunk>``     its rows in chunks; NDJSON: headings, ``{"row": 7, "values": {"Email": "…"}}`` …
``imports/<site>/<import>/failed/<chunk>``   the failed rows of a chunk, as they are answered; NDJSON
``exports/<site>/<export>``                  an export: CSV
``export-requests/<site>/<export>``          what an export was asked for; its arrival starts the export
``list-requests/<function>/<site>/<list>``   a request for a list that takes long; its arrival calls the function once more
``list-results/<function>/<site>/<list>``    what it was answered
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from botocore.exceptions import ClientError

from outreach import aws
from outreach.settings import settings

URL_SECONDS = 900
MAX_UPLOAD_BYTES = 100_000_000


def upload_key(site_id: str, import_id: str) -> str:
    return f"uploads/{site_id}/{import_id}"


def chunk_key(site_id: str, import_id: str, chunk: int) -> str:
    return f"imports/{site_id}/{import_id}/rows/{chunk:06}"


def failures_key(site_id: str, import_id: str, chunk: int) -> str:
    return f"imports/{site_id}/{import_id}/failed/{chunk:06}"


def export_key(site_id: str, export_id: str) -> str:
    return f"exports/{site_id}/{export_id}"


def export_request_key(site_id: str, export_id: str) -> str:
    return f"export-requests/{site_id}/{export_id}"


def list_request_key(function: str, site_id: str, list_id: str) -> str:
    return f"list-requests/{function}/{site_id}/{list_id}"


def list_result_key(function: str, site_id: str, list_id: str) -> str:
    return f"list-results/{function}/{site_id}/{list_id}"


def owner(event: dict[str, Any]) -> tuple[str, str]:
    """Site and id from the event of an object's arrival (EventBridge, Amazon S3 event message structure)."""
    *_, site_id, thing_id = event["detail"]["object"]["key"].split("/")
    return site_id, thing_id


def url(key: str) -> str:
    """Where an object can be fetched, for a short while."""
    parameters = {"Bucket": settings().files_bucket, "Key": key}
    return aws.s3().generate_presigned_url("get_object", Params=parameters, ExpiresIn=URL_SECONDS)


def put(key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
    aws.s3().put_object(Bucket=settings().files_bucket, Key=key, Body=body, ContentType=content_type)


def put_new(key: str, body: bytes) -> None:
    """Write an object, unless it is there: its arrival is told of once."""
    try:
        aws.s3().put_object(Bucket=settings().files_bucket, Key=key, Body=body, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise


def get(key: str) -> bytes:
    return aws.s3().get_object(Bucket=settings().files_bucket, Key=key)["Body"].read()


def head(key: str) -> dict[str, Any] | None:
    """What is known about an object (``ContentLength``, ``LastModified`` …); ``None`` when there is none."""
    try:
        return dict(aws.s3().head_object(Bucket=settings().files_bucket, Key=key))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise


def put_lines(key: str, lines: Iterable[Any]) -> None:
    """Write NDJSON."""
    put(key, b"".join(orjson.dumps(line) + b"\n" for line in lines))


def get_lines(key: str) -> list[Any]:
    """Read NDJSON."""
    return [orjson.loads(line) for line in get(key).splitlines()]
