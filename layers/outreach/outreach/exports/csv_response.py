"""Responses with a CSV file of the files bucket. Workers that write such files do not need the libraries of endpoints."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from outreach import s3
from outreach.exports.csv_file import CONTENT_TYPE
from outreach.http import api, oversized


def of_object(key: str, disposition: str) -> Response[Any]:
    """Return 200 with a file, or 303 to it if it is too large for a response.

    Args:
        key: the key of an object that exists.
        disposition: the ``Content-Disposition`` of the response (RFC 6266).
    """
    size = int((s3.files().head(key) or {})["ContentLength"])
    if size > oversized.MAX_BYTES:
        return api.see_other(s3.files().download_url(key))
    return Response(200, CONTENT_TYPE, s3.files().get(key).decode(), headers={"Content-Disposition": disposition})
