"""One try of posting a callback to a customer's endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests

from outreach import guarded_http
from outreach.http_client import retry_after

_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Outreach-Callbacks/1.0"}


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
        with (
            guarded_http.session(allow_private) as session,
            session.post(url, data=body, headers={**_HEADERS, **headers}) as answer,
        ):
            return _judge(answer)
    except (requests.RequestException, UnicodeError) as error:  # UnicodeError: a host name that can't be encoded
        return Failed(type(error).__name__, endpoint_fault=True)


def _judge(answer: requests.Response) -> Answer:
    status = answer.status_code
    if 200 <= status < 300:
        return Delivered(status)
    if status == requests.codes.gone:
        return Gone()
    throttled = status == requests.codes.too_many_requests
    return Failed(f"HTTP {status}", status, retry_after(answer), endpoint_fault=throttled)
