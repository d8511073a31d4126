"""What a search has found, in its order, kept for a few minutes: the other pages of a list don't search again.

``lists/<site>/<search>``    packed ids (the audiences' bucket forgets them after a day)

The first page of a list always searches; so a client that asks anew sees what is new, and pages that belong together agree.
Whoever is gone meanwhile is missing from a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import orjson
from botocore.exceptions import ClientError

from outreach import aws, clock
from outreach.contacts import packed
from outreach.settings import settings

_KEPT_FOR = timedelta(minutes=5)


def name(search: Any) -> str:
    """What tells a search (of JSON's types) from others."""
    return hashlib.sha256(orjson.dumps(search)).hexdigest()


def keep(site_id: str, search: str, contact_ids: Iterable[str]) -> None:
    """Keep the contacts of a list."""
    aws.s3().put_object(Bucket=settings().audience_bucket, Key=_key(site_id, search), Body=packed.pack(contact_ids))


def part(site_id: str, search: str, window: slice) -> tuple[list[str], int] | None:
    """The contacts at the places of ``window``, and how many there are in all; ``None`` when they aren't kept, or not so many."""
    places = packed.byte_range(window.start, window.stop)
    try:
        answer = aws.s3().get_object(Bucket=settings().audience_bucket, Key=_key(site_id, search), Range=places)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "InvalidRange"):
            return None
        raise
    if clock.now() - answer["LastModified"] > _KEPT_FOR:
        return None
    size = int(answer["ContentRange"].rpartition("/")[2])
    return packed.unpack(answer["Body"].read()), size // packed.ID_BYTES


def _key(site_id: str, search: str) -> str:
    return f"lists/{site_id}/{search}"
