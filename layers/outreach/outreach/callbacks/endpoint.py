"""One try of posting a callback to a customer's endpoint, or of fetching a file: addresses that anybody may have typed in.

The guard against server-side request forgery acts when the connection is made: the name is resolved once, the address checked
and pinned, so that neither an odd spelling nor a second look-up leads into our own network.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import requests
from requests_hardened import Config, HTTPSession
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from outreach.http_client import retry_after

# Contract, Callbacks: success is a 2xx within 15 s, from the first packet on.
TOTAL_SECONDS = 15.0
_CONNECT_SECONDS = 5.0

_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Outreach-Callbacks/1.0"}
_FETCH_HEADERS = {"User-Agent": "Outreach-Import/1.0", "Accept-Encoding": "identity"}
_BLOCK_BYTES = 1 << 16


@dataclass(frozen=True)
class Delivered:
    """A 2xx."""

    status: int


@dataclass(frozen=True)
class Gone:
    """410: the endpoint wants no more callbacks of this message."""


@dataclass(frozen=True)
class Failed:
    """Anything else; to be tried again.

    Attributes:
        reason: ``HTTP <status>``, or the name of what went wrong before there was a status.
        status: the HTTP status, if there was one.
        retry_after: seconds the endpoint asks us to wait, if it does.
        endpoint_fault: the endpoint is down, unreachable or throttling, so the next callback would fail like this one.
    """

    reason: str
    status: int | None = None
    retry_after: float | None = None
    endpoint_fault: bool = False


Answer = Delivered | Gone | Failed


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Answer:
    """Post ``body`` once. Redirects are not followed; of the answer only its status and ``Retry-After`` are read.

    Args:
        headers: the signature's; what JSON needs is added.
        allow_private: lets callbacks go to private and loopback addresses; for development only.
    """
    try:
        with _session(allow_private) as session, session.post(url, data=body, headers={**_HEADERS, **headers}) as answer:
            return _judge(answer)
    except (requests.RequestException, UnicodeError) as error:  # UnicodeError: a host name that can't be encoded
        return Failed(type(error).__name__, endpoint_fault=True)


def get(url: str, *, allow_private: bool) -> Iterator[bytes]:
    """The body of what lies at a URL, block by block, through the same guard.

    Args:
        allow_private: as for :func:`post`.

    Raises:
        ValueError: there is no 200 with a whole body within ``TOTAL_SECONDS``.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    try:
        with _session(allow_private) as session, session.get(url, headers=_FETCH_HEADERS) as answer:
            if answer.status_code != requests.codes.ok:
                raise ValueError(f"cannot be fetched: HTTP {answer.status_code}")
            # Whatever has arrived, and not a full block: so that no drip outlasts the deadline.
            while block := answer.raw.read1(_BLOCK_BYTES, decode_content=False):
                if time.monotonic() > deadline:
                    raise ValueError("cannot be fetched: it takes too long")
                yield block
    except (requests.RequestException, HTTPError, UnicodeError) as error:
        raise ValueError(f"cannot be fetched: {type(error).__name__}") from error


def _judge(answer: requests.Response) -> Answer:
    status = answer.status_code
    if 200 <= status < 300:
        return Delivered(status)
    if status == requests.codes.gone:
        return Gone()
    throttled = status == requests.codes.too_many_requests
    return Failed(f"HTTP {status}", status, retry_after(answer), endpoint_fault=throttled)


def _session(allow_private: bool) -> HTTPSession:
    """A session for one request: nothing is kept that one customer could leave for another."""
    config = Config(
        ip_filter_enable=not allow_private,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(_CONNECT_SECONDS, TOTAL_SECONDS),
    )
    session = HTTPSession(config)
    session.trust_env = False
    session.stream = True  # the body stays unread, however long it is
    for adapter in session.adapters.values():
        adapter.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return session


class _Limited(HTTPConnection):
    """A connection that is cut when its time is up. A read time-out can't do this: each byte that drips in renews it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._release = ExitStack()

    def _new_conn(self) -> socket.socket:
        started = time.monotonic()
        sock = super()._new_conn()
        # A duplicate, for TLS takes the socket's own descriptor away.
        duplicate = sock.dup()
        timer = threading.Timer(TOTAL_SECONDS - (time.monotonic() - started), _cut, [duplicate])
        timer.daemon = True
        timer.start()
        self._release.callback(duplicate.close)
        self._release.callback(timer.cancel)
        return sock

    def close(self) -> None:
        self._release.close()
        super().close()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already, by either side
        sock.shutdown(socket.SHUT_RDWR)


class _LimitedTLS(_Limited, HTTPSConnection):
    """The same over TLS, its handshake included."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _Limited


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _LimitedTLS
