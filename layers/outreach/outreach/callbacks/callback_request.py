"""HTTP requests that post callbacks to a customer's endpoints."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import requests
from urllib3.exceptions import HTTPError

from outreach import clock, ssrf_guard, timed_http
from outreach.once import once
from outreach.retry_after import retry_after

# Bodies up to this size are read, so that their connection can be kept.
_MAX_BODY = 1 << 14
# How long connections are kept, and for how many sites: more than a batch has.
_KEPT_SECONDS = 60
_KEPT_SITES = 16
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Outreach-Callbacks/1.0"}


@dataclass(frozen=True)
class Delivered:
    """The endpoint answered 2xx."""

    status: int


@dataclass(frozen=True)
class Gone:
    """The endpoint answered 410: it wants no more callbacks of this message."""


@dataclass(frozen=True)
class Failed:
    """The endpoint gave any other answer, or none. The callback must be retried.

    Attributes:
        reason: ``HTTP <status>``, ``Timeout``, or in words what else prevented an answer.
        status: the HTTP status; ``None`` without an answer.
        retry_after: the seconds to wait that the endpoint asked for, if any.
        endpoint_fault: the endpoint is down, unreachable or throttling, so other callbacks would fail as well.
    """

    reason: str
    status: int | None = None
    retry_after: float | None = None
    endpoint_fault: bool = False


EndpointResponse = Delivered | Gone | Failed

_BROKEN = Failed(timed_http.UNANSWERED, endpoint_fault=True)


class _Connections:
    """The connections to the endpoints of one site, so that no connection of one customer is used for another.

    Attributes:
        session: makes the session, once for public and once for private addresses.
        answered: the origins that have answered. Their connections may be kept, and the endpoint may have closed these since.
    """

    def __init__(self) -> None:
        self.session = once(ssrf_guard.session)
        self.answered: set[tuple[str, ...]] = set()


@lru_cache(maxsize=_KEPT_SITES)
def kept_connections(_site_id: str, _period: int) -> _Connections:
    """Return the connections of a site, kept for one period."""
    return _Connections()


def post(site_id: str, url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> EndpointResponse:
    """Post ``body``. Redirects are not followed; only the status and ``Retry-After`` of the answer are read.

    Connections are kept for a while, because a TLS handshake takes most of the CPU time of a callback. A connection serves only
    callbacks of one site to the same host at the same address, which the guard has checked again. A kept connection that is
    broken is replaced once.

    Args:
        headers: the signature's headers; this function adds those for JSON.
        allow_private: whether the URL may lead to private and loopback addresses; for development only.
    """
    connections = kept_connections(site_id, int(clock.now().timestamp()) // _KEPT_SECONDS)
    origin = tuple(url.split("/", 3)[:3])  # the URL may not be valid
    may_be_kept = origin in connections.answered
    answer = _post(connections.session(allow_private), url, body, headers)
    if may_be_kept and answer == _BROKEN:
        with ssrf_guard.session(allow_private) as fresh:
            return _post(fresh, url, body, headers)
    if not isinstance(answer, Failed) or answer.status:
        connections.answered.add(origin)
    return answer


def _post(session: requests.Session, url: str, body: bytes, headers: Mapping[str, str]) -> EndpointResponse:
    started = time.monotonic()
    try:
        with timed_http.send(session, "POST", url, data=body, headers={**_HEADERS, **headers}) as response:
            answer = _classify(response)
            _keep_connection(response)
            return answer
    except (requests.RequestException, ValueError) as error:  # ValueError: the host's name cannot be encoded or parsed
        return Failed(ssrf_guard.describe(error, started), endpoint_fault=True)


def _keep_connection(response: requests.Response) -> None:
    """Read the body of an answer if it is small, because only then can the connection serve another request."""
    length = response.raw.length_remaining
    if length is not None and length <= _MAX_BODY:
        with suppress(HTTPError, OSError):
            response.raw.read(_MAX_BODY, decode_content=False)


def _classify(response: requests.Response) -> EndpointResponse:
    status = response.status_code
    if 200 <= status < 300:
        return Delivered(status)
    if status == requests.codes.gone:
        return Gone()
    is_throttled = status == requests.codes.too_many_requests
    return Failed(f"HTTP {status}", status, retry_after(response), endpoint_fault=is_throttled)
