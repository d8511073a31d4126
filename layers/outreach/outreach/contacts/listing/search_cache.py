"""Caches the sorted ids that a search returned for a few minutes, so the following pages of the list do not search again.

``lists/<site>/<search>``    packed ids (the bucket deletes them after a day)

The first page of a list always searches, so a new request sees new contacts, and the pages of one list match each other. If a
contact is deleted, it is missing from its page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import orjson

from outreach import clock, s3
from outreach.contacts import packed_ids

_LIFETIME = timedelta(minutes=5)


def cache_key(search: Any) -> str:
    """Return the cache key of a search, which is described by any JSON value."""
    return hashlib.sha256(orjson.dumps(search)).hexdigest()


def store(site_id: str, key: str, contact_ids: Iterable[str]) -> None:
    """Store all ids that a search returned, in their order."""
    s3.working_files().put(_object_key(site_id, key), packed_ids.pack(contact_ids))


def read(site_id: str, key: str, page: slice) -> tuple[list[str], int] | None:
    """Return the ids of a page and the total number of ids; ``None`` if they are not cached or the page is behind their end."""
    part = s3.working_files().get_part(_object_key(site_id, key), packed_ids.byte_range(page.start, page.stop))
    if part is None or clock.now() - part.last_modified > _LIFETIME:
        return None
    return packed_ids.unpack(part.content), part.total_bytes // packed_ids.ID_BYTES


def _object_key(site_id: str, key: str) -> str:
    return f"lists/{site_id}/{key}"
