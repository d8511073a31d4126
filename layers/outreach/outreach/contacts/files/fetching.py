"""Files that a client names by their URL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import IO

import requests
from urllib3.exceptions import HTTPError

from outreach import guarded_http
from outreach.sites import store as sites

_HEADERS = {"User-Agent": "Outreach-Import/1.0", "Accept-Encoding": "identity"}
_BLOCK_BYTES = 1 << 16


def fetch(site_id: str, url: str, file: IO[bytes], max_bytes: int) -> None:
    """Write what lies at a URL into ``file``, through the guard that callbacks go through.

    Raises:
        ValueError: it can't be had, or is too large.
    """
    allow_private = sites.get_site(site_id).private_callbacks
    for block in blocks(url, allow_private=allow_private):
        if file.tell() + len(block) > max_bytes:
            raise ValueError(f"has more than {max_bytes // 1_000_000} MB")
        file.write(block)


def blocks(url: str, *, allow_private: bool) -> Iterator[bytes]:
    """What lies there, block by block.

    Raises:
        ValueError: there is no 200 with a whole body within ``guarded_http.TOTAL_SECONDS``.
    """
    deadline = time.monotonic() + guarded_http.TOTAL_SECONDS
    try:
        with guarded_http.session(allow_private) as session, session.get(url, headers=_HEADERS) as answer:
            if answer.status_code != requests.codes.ok:
                raise ValueError(f"cannot be fetched: HTTP {answer.status_code}")
            # Whatever has arrived, and not a full block: so that no drip outlasts the deadline.
            while block := answer.raw.read1(_BLOCK_BYTES, decode_content=False):
                if time.monotonic() > deadline:
                    raise ValueError("cannot be fetched: it takes too long")
                yield block
    except (requests.RequestException, HTTPError, UnicodeError) as error:
        raise ValueError(f"cannot be fetched: {type(error).__name__}") from error
