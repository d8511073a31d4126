"""Files that a client names by their URL."""

from __future__ import annotations

from typing import IO

from outreach.callbacks import endpoint
from outreach.sites import store as sites


def fetch(site_id: str, url: str, file: IO[bytes], max_bytes: int) -> None:
    """Write what lies at a URL into ``file``, through the guard of the callbacks.

    Raises:
        ValueError: it can't be had, or is too large.
    """
    allow_private = sites.get_site(site_id).private_callbacks
    for block in endpoint.get(url, allow_private=allow_private):
        if file.tell() + len(block) > max_bytes:
            raise ValueError(f"has more than {max_bytes // 1_000_000} MB")
        file.write(block)
