"""HTTP with a limit for the total time and the size of a response.

A read timeout is not enough, because every received byte renews it; so the socket is shut down when the whole time is over. A
limit on the received bytes is not enough either, because a few compressed kilobytes may become gigabytes.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPResponse, RemoteDisconnected
from typing import Any

import requests
from requests import adapters
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError

from outreach.once import once

# How many hosts a session keeps connections to, and how many connections a session to a carrier keeps.
_HOSTS = 10
_CONNECTIONS = 40
_BLOCK_BYTES = 1 << 16
# Reads the headers of both gzip and zlib.
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_ENCODINGS = ("gzip", "x-gzip", "deflate")
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Outreach/1.0"}
# Why a request got no answer over a connection that was made (:func:`describe`).
UNANSWERED = "the connection ended without a valid answer"


class BodyTooLarge(requests.RequestException):
    """A response's body exceeds its limit, or cannot be decoded."""


class HandshakeFailed(SSLError):
    """The TLS handshake of a connection has failed, so its request was not sent."""

    def describe(self) -> str:
        """Return why it has failed."""
        cause = self.args[0]
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not valid: {cause.verify_message}"
        return "the TLS handshake failed"


def session(time_limit: Callable[[], float]) -> requests.Session:
    """Return a session to a system that the operator has chosen: with a pool of connections, and without proxies and retries.

    Args:
        time_limit: returns the seconds that a request may take.
    """
    pooled = requests.Session()
    pooled.trust_env = False
    limit(pooled, time_limit, _CONNECTIONS)
    return pooled


def limit(session: requests.Session, time_limit: Callable[[], float], connections: int) -> None:
    """Bound each request of a session, from the connection to the end of its body, and let no answer redirect it.

    Args:
        time_limit: returns the seconds that a request may take.
        connections: how many connections to a host are kept.
    """
    pools: dict[str, Any] = {"http": _pool(HTTPConnectionPool, time_limit), "https": _pool(HTTPSConnectionPool, time_limit)}
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            adapter.init_poolmanager(_HOSTS, connections)
            adapter.poolmanager.pool_classes_by_scheme = pools
    # The session would parse the target of a redirect that it does not follow, and fail if that is no URL.
    session.get_redirect_target = lambda _: None  # type: ignore[assignment, method-assign]


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: tuple[float, float] | None = None,
    **request: Any,
) -> requests.Response:
    """Make a request and return its response, whose body is not read yet.

    It does not have the session's headers and cookies: merging these takes an eighth of the CPU time of a request.

    Args:
        headers: those beside ``Accept`` and ``User-Agent``, or instead of them.
        timeout: the seconds to connect and to read; ``None`` for the session's.
        request: further arguments of ``requests.Request``.
    """
    prepared = requests.Request(method, url, headers={**_HEADERS, **(headers or {})}, **request).prepare()
    return session.send(prepared, timeout=timeout, allow_redirects=False, stream=True)


def describe(error: Exception) -> str:
    """Return why a request got no answer, without its URL, which may have personal data or a secret.

    Args:
        error: what :func:`send` raised.
    """
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.Timeout):
        return "Timeout"
    if isinstance(reason, HandshakeFailed):
        return reason.describe()
    if isinstance(reason, NameResolutionError) or isinstance(error.__cause__, socket.gaierror):
        return "the host name cannot be resolved"
    if isinstance(reason, NewConnectionError):
        is_refused = isinstance(reason.__cause__, ConnectionRefusedError)
        return "the connection was refused" if is_refused else "the host cannot be reached"
    is_answer_invalid = isinstance(error, requests.ConnectionError | requests.exceptions.InvalidHeader)
    return UNANSWERED if is_answer_invalid else "the URL is not valid"


def read_body(response: requests.Response, max_bytes: int) -> bytes:
    """Read a streamed response's body, decoded.

    Raises:
        BodyTooLarge: it has more than ``max_bytes``, or an encoding that was not asked for.
        HTTPError: the connection broke (of urllib3).
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in (*_ENCODINGS, "identity", ""):
        raise BodyTooLarge(f"has the unknown encoding {encoding[:20]}")
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding in _ENCODINGS else None
    body = bytearray()
    # ``read1`` returns what has arrived, so that a slow server cannot fill the memory of a waiting call.
    while block := response.raw.read1(_BLOCK_BYTES, decode_content=False):
        body += _decode(decoder, block, max_bytes + 1 - len(body)) if decoder else block
        if len(body) > max_bytes:
            raise BodyTooLarge(f"has more than {max_bytes:,} bytes")
    return bytes(body)


def _decode(decoder: Any, block: bytes, max_bytes: int) -> bytes:
    try:
        return bytes(decoder.decompress(block, max_bytes))
    except zlib.error as error:
        raise BodyTooLarge("cannot be decompressed") from error


class _Watchdog:
    """Shuts down the sockets of requests whose time is over.

    One thread watches all requests: a timer for each would be a thread for each, which takes a fifth of a millisecond of CPU.
    """

    def __init__(self) -> None:
        self._ends: dict[_Deadline, float] = {}
        self._changed = threading.Condition()
        self._wakes_at = math.inf
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def watch(self, deadline: _Deadline, seconds: float) -> None:
        """Shut down a deadline's socket after some seconds, instead of when it was to be shut down so far."""
        ends = time.monotonic() + seconds
        with self._changed:
            self._ends[deadline] = ends
            if ends < self._wakes_at:
                self._changed.notify()

    def forget(self, deadline: _Deadline) -> None:
        """Leave a deadline's socket alone."""
        with self._changed:
            self._ends.pop(deadline, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for deadline in [deadline for deadline, ends in self._ends.items() if ends <= now]:
                    del self._ends[deadline]
                    _shut_down(deadline.sock)
                self._wakes_at = min(self._ends.values(), default=math.inf)
                self._changed.wait(min(self._wakes_at - now, threading.TIMEOUT_MAX))


@once
def _watchdog() -> _Watchdog:
    return _Watchdog()


class _Deadline:
    """When the socket of a connection is shut down, because the time of its request is over."""

    def __init__(self, sock: socket.socket) -> None:
        # TLS takes over the socket's own descriptor.
        self.sock = sock.dup()

    def start(self, seconds: float) -> None:
        _watchdog().watch(self, seconds)

    def stop(self) -> None:
        _watchdog().forget(self)

    def close(self) -> None:
        self.stop()
        self.sock.close()


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # either side may have closed it already
        sock.shutdown(socket.SHUT_RDWR)


class _HeadLines:
    """Reads the lines of a response's head, and keeps the last one."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.last = b""

    def readline(self, limit: int) -> bytes:
        self.last = self._stream.readline(limit)
        return self.last

    def close(self) -> None:
        self._stream.close()


class _Response(HTTPResponse):
    """A response with a whole head, without the interim ones before it (RFC 9110, section 15.2), of which the library skips only
    100.

    The library takes a response that is cut off after its status for one with the headers until there (RFC 9112, section 8).
    """

    def begin(self) -> None:
        stream = self.fp
        self.fp = lines = _HeadLines(stream)  # type: ignore[assignment]
        try:
            super().begin()
            while HTTPStatus.SWITCHING_PROTOCOLS < self.status < HTTPStatus.OK:
                self.headers = self.msg = None  # type: ignore[assignment]  # lets the library read the next one
                super().begin()
        finally:
            if self.fp:  # the library has not closed it
                self.fp = stream
        if lines.last not in (b"\r\n", b"\n"):
            raise RemoteDisconnected("The response ended within its head.")


class _TimedConnection(HTTPConnection):
    """A connection whose requests end in time, including the TLS handshake of the first one."""

    response_class = _Response
    time_limit: Callable[[], float]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: _Deadline | None = None

    def _new_conn(self) -> socket.socket:
        started = time.monotonic()
        sock = super()._new_conn()
        self._deadline = _Deadline(sock)
        self._deadline.start(self.time_limit() - (time.monotonic() - started))
        return sock

    def request(self, *args: Any, **options: Any) -> None:
        if self._deadline:  # the connection has served another request before
            self._deadline.start(self.time_limit())
        super().request(*args, **options)

    def stop_timer(self) -> None:
        """Stop the time of a request whose response has been read."""
        if self._deadline:
            self._deadline.stop()

    def close(self) -> None:
        if self._deadline:
            self._deadline.close()
            self._deadline = None
        super().close()


@once
def tls_context() -> ssl.SSLContext:
    """Return the process's TLS context, which trusts the authorities of requests. Parsing them takes 15 ms of CPU."""
    return ssl.create_default_context(cafile=adapters.DEFAULT_CA_BUNDLE_PATH)


class _TimedTLSConnection(_TimedConnection, HTTPSConnection):
    """The same over TLS, with the shared context."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # urllib3 would add authorities to the context once more, and switch off its check of the host to make that of
        # ``assert_hostname``. Without the latter OpenSSL checks the host that ``server_hostname`` names, or else the URL's.
        shared = {"ssl_context": tls_context(), "ca_certs": None, "assert_hostname": None}
        super().__init__(*args, **{**options, **shared})

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "The TLS handshake timed out.") from error
        except OSError as error:
            raise HandshakeFailed(error) from error


def _pool(base: type[HTTPConnectionPool], time_limit: Callable[[], float]) -> type[HTTPConnectionPool]:
    connection = _TimedTLSConnection if issubclass(base, HTTPSConnectionPool) else _TimedConnection

    class Pool(base):  # type: ignore[misc, valid-type]
        ConnectionCls = type(connection.__name__, (connection,), {"time_limit": staticmethod(time_limit)})

        def _put_conn(self, conn: Any) -> None:
            if conn:
                conn.stop_timer()
            super()._put_conn(conn)

    return Pool
