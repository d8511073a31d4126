"""Downloads a file from the URL that a client gives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import IO

import requests
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError

from outreach import ssrf_guard
from outreach.sites import site_store

_HEADERS = {"User-Agent": "Outreach-Import/1.0", "Accept-Encoding": "identity"}
_BLOCK_BYTES = 1 << 16


def download(site_id: str, url: str, file: IO[bytes], max_bytes: int) -> None:
    """Download a URL into ``file``. The SSRF rules of callbacks apply.

    Raises:
        ValueError: the URL cannot be fetched, or its content is too large.
    """
    allow_private = site_store.get_site(site_id).private_callbacks
    for block in blocks(url, allow_private=allow_private):
        if file.tell() + len(block) > max_bytes:
            raise ValueError(f"has more than {max_bytes // 1_000_000} MB; import it in parts")
        file.write(block)


def blocks(url: str, *, allow_private: bool) -> Iterator[bytes]:
    """Yield the content of a URL, block by block.

    Args:
        allow_private: whether the URL may lead into a private network.

    Raises:
        ValueError: the URL does not return status 200 and a complete body within ``ssrf_guard.TOTAL_SECONDS``.
    """
    started = time.monotonic()
    try:
        with ssrf_guard.session(allow_private) as session, session.get(url, headers=_HEADERS) as response:
            _check(response)
            # ``read1`` returns what has arrived. Waiting for full blocks would let a slow server exceed the deadline.
            while block := response.raw.read1(_BLOCK_BYTES, decode_content=False):
                if time.monotonic() - started > ssrf_guard.TOTAL_SECONDS:
                    raise requests.Timeout
                yield block
    except (requests.RequestException, HTTPError, UnicodeError) as error:
        raise ValueError(f"cannot be fetched: {_reason(error, started)}") from error


def _check(response: requests.Response) -> None:
    if response.is_redirect:
        raise ValueError("cannot be fetched: its URL leads to another URL; give that one")
    if response.status_code != requests.codes.ok:
        raise ValueError(f"cannot be fetched: HTTP {response.status_code}")
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        raise ValueError("cannot be fetched: its server compresses it although it was asked not to; upload the file instead")


def _reason(error: Exception, started: float) -> str:
    if ssrf_guard.is_timeout(error, started):
        return "its server takes too long; upload the file instead"
    if isinstance(error, InvalidIPAddress):
        return "its address is not public"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate of its server is not valid"
    if isinstance(error, requests.ConnectionError):
        return "its server cannot be reached"
    if isinstance(error, HTTPError):
        return "the connection broke before the end of the file"
    return "its URL is not valid"
