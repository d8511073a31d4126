"""How carriers are called: bounded waiting, no redirects, no repetition, and what a failure says about the message."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from outreach.sending.outcomes import Deferred, Outcome, Refused, Unknown

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
# The longest a carrier may keep a worker waiting; a claim's lease is longer than this.
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS

# When a carrier doesn't say when to come again: after throttling, after not being reached, and for a long queue of theirs.
THROTTLED_SECONDS = 5.0
UNREACHABLE_SECONDS = 15.0
CONGESTED_SECONDS = 600.0

_CONNECTIONS = 40
_SESSION_SECONDS = 60

# From a carrier's error code to its outcome, given the reason.
Codes = Mapping[str, Callable[[str], Outcome]]


def call(method: str, url: str, **request: Any) -> requests.Response | Deferred | Unknown:
    """Make one request, once; ``request`` is that of ``requests.request``.

    Returns:
        the answer, whatever its status; ``Deferred`` when the carrier was never reached; ``Unknown`` when the
        connection broke or the time was up after the request may have been sent.
    """
    session = _session(int(time.time()) // _SESSION_SECONDS)
    try:
        return session.request(method, url, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, **request)
    except requests.RequestException as error:
        # The error's name only: its text has the URL, and that may have phone numbers in it.
        reason = type(error).__name__
        return Deferred(UNREACHABLE_SECONDS, reason) if _was_never_sent(error) else Unknown(reason)


def classify(status: int, code: str, reason: str, codes: Codes, *, wait: float | None) -> Outcome:
    """The outcome of an answer that isn't an acceptance: by the carrier's ``code`` if it is known, else by the HTTP ``status``.

    Args:
        wait: seconds after which the carrier wants to be asked again, when it says so.
    """
    if code in codes:
        return codes[code](reason)
    if status == requests.codes.too_many_requests:
        return Deferred(THROTTLED_SECONDS if wait is None else wait, reason)
    # 403 with a code that we don't know may well be about this message or its recipient; without one it is a closed door.
    if status == requests.codes.unauthorized or (status == requests.codes.forbidden and not code):
        return Refused(reason, account_fault=True)
    if 400 <= status < 500 and status != requests.codes.request_timeout:
        return Refused(reason)
    return Unknown(reason)


def json_object(answer: requests.Response) -> dict[str, Any]:
    """The answer's JSON object, or an empty one: a proxy's error page is no reason to fail."""
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _was_never_sent(error: requests.RequestException) -> bool:
    """Refused connections and failed name look-ups are a NewConnectionError below requests' own ConnectionError."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(getattr(cause, "reason", None), NewConnectionError)


@lru_cache(maxsize=1)
def _session(_period: int) -> requests.Session:
    """The process's pool of connections, renewed every minute.

    A connection that lay idle while the function was frozen may be dead without anybody having told us; a message sent
    into it has an unknown outcome.
    """
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=0))
    return session
