"""HTTP to addresses that anybody may have typed in: customers' callback endpoints, and files to import.

The guard against server-side request forgery acts when the connection is made: the name is resolved once, the address checked
and pinned, so that neither an odd spelling nor a second look-up leads into our own network. Redirects are not followed.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, suppress
from typing import Any

from requests_hardened import Config, HTTPSession
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

# Contract, Callbacks: success is a 2xx within 15 s, from the first packet on.
TOTAL_SECONDS = 15.0
_CONNECT_SECONDS = 5.0


def session(allow_private: bool) -> HTTPSession:
    """A session for one request: nothing is kept that one customer could leave for another.

    Bodies stay unread until they are asked for, and the connection is cut after ``TOTAL_SECONDS``.

    Args:
        allow_private: lets it go to private and loopback addresses; for development only.
    """
    config = Config(
        ip_filter_enable=not allow_private,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(_CONNECT_SECONDS, TOTAL_SECONDS),
    )
    guarded = HTTPSession(config)
    guarded.trust_env = False
    guarded.stream = True  # the body stays unread, however long it is
    for adapter in guarded.adapters.values():
        adapter.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return guarded


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
