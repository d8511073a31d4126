"""HTTP calls to carriers: bounded in time and size, no redirects, no retries; and what a failure means for the message.

See docs/carriers.md, "Refusals".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from outreach import clock, timed_http
from outreach.carriers.error_scopes import CodeTable, ErrorScope
from outreach.carriers.outcomes import Refused, RetryLater, SendOutcome, Throttled, Unknown
from outreach.carriers.time_limits import CONNECT_SECONDS, READ_SECONDS
from outreach.once import latest_only

# A carrier's answer has a few hundred bytes, and a list of messages some hundred thousand.
MAX_BYTES = 1_000_000

# Wait times if the carrier gives none: when it cannot be reached, when its own queue is full, and when the account has reached a
# limit over 24 hours, which is probed with one message an hour.
UNREACHABLE_SECONDS = 15.0
CONGESTED_SECONDS = 600.0
ROLLING_PROBE_SECONDS = 3600.0
LONGEST_WAIT_SECONDS = 86_400.0

_SESSION_SECONDS = 60
_MAX_REASON = 500
_MAX_ID = 200


@dataclass(frozen=True)
class CarrierResponse:
    """A carrier's response.

    Attributes:
        body: its JSON object; empty for any other body: a proxy's error page, too large, broken off.
    """

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def call(method: str, url: str, **request: Any) -> CarrierResponse | RetryLater | Unknown:
    """Make one request, without retries.

    Args:
        method: the HTTP method.
        url: the URL.
        request: further arguments of ``requests.Request``.

    Returns:
        The answer with any status; ``RetryLater`` when the request was certainly not sent; ``Unknown`` when the connection broke
        or timed out after the request may have been sent.
    """
    session = _session(int(time.time()) // _SESSION_SECONDS)
    timeout = (CONNECT_SECONDS, READ_SECONDS)
    try:
        with timed_http.send(session, method, url, timeout=timeout, **request) as response:
            return CarrierResponse(response.status_code, response.headers, _json_object(response))
    except requests.RequestException as error:
        # Only the error's name: its text contains the URL, which may contain phone numbers.
        reason = type(error).__name__
        return RetryLater(UNREACHABLE_SECONDS, reason) if _was_never_sent(error) else Unknown(reason)


def _json_object(response: requests.Response) -> dict[str, Any]:
    try:
        value = orjson.loads(timed_http.read_body(response, MAX_BYTES))
    except (ValueError, HTTPError, requests.RequestException, OSError):
        return {}
    return value if isinstance(value, dict) else {}


def classify(status: int, code: str, description: str, codes: CodeTable, *, retry_seconds: float | None) -> SendOutcome:
    """Return the outcome of a response that is not an acceptance.

    Args:
        status: the HTTP status, which decides when the code is unknown.
        code: the carrier's error code, empty if it has none.
        description: the carrier's message; empty if it has none.
        codes: the carrier's known codes.
        retry_seconds: the wait time that the carrier asks for, if any.
    """
    reason = describe(code, description, codes, f"HTTP {status}")
    if code in codes:
        return _OUTCOMES[codes[code].scope](reason, retry_seconds)
    if status == requests.codes.too_many_requests:
        return Throttled(reason, retry_seconds)
    # A 403 without a code rejects the account. With an unknown code it may concern only this message or its recipient.
    if status in (requests.codes.unauthorized, requests.codes.payment_required) or (
        status == requests.codes.forbidden and not code
    ):
        return Refused(reason, account_fault=True)
    if 400 <= status < 500 and status != requests.codes.request_timeout:
        return Refused(reason, unknown_code=code or f"HTTP {status}")
    return Unknown(reason)


def _stopped(reason: str, seconds: float) -> RetryLater:
    return RetryLater(seconds, reason, account_stopped=True)


# The outcome by what a code concerns, from the reason and the wait time that the carrier asks for.
_OUTCOMES: Mapping[ErrorScope, Callable[[str, float | None], SendOutcome]] = {
    ErrorScope.ACCOUNT: lambda reason, _: Refused(reason, account_fault=True),
    ErrorScope.UNUSABLE_SENDER: lambda reason, _: Refused(reason, account_fault=True, sender_fault=True),
    ErrorScope.SENDER: lambda reason, _: Refused(reason),
    ErrorScope.RATE: Throttled,
    ErrorScope.QUEUE: lambda reason, seconds: _stopped(reason, seconds or CONGESTED_SECONDS),
    ErrorScope.DAY_UTC: lambda reason, _: _stopped(reason, seconds_to_midnight("UTC")),
    ErrorScope.DAY_PACIFIC: lambda reason, _: _stopped(reason, seconds_to_midnight("America/Los_Angeles")),
    ErrorScope.ROLLING_DAY: lambda reason, _: _stopped(reason, ROLLING_PROBE_SECONDS),
    ErrorScope.MESSAGE: lambda reason, _: Refused(reason),
    ErrorScope.OPT_OUT: lambda reason, _: Refused(reason, opted_out=True),
    ErrorScope.NETWORK: lambda reason, seconds: RetryLater(seconds or CONGESTED_SECONDS, reason),
    ErrorScope.OUTCOME: lambda reason, _: Unknown(reason),
}


def pause_seconds(scope: ErrorScope) -> float | None:
    """Return how long an account-wide error stops the account; ``None`` if that is unknown."""
    outcome = _OUTCOMES[scope]("", None)
    return outcome.seconds if isinstance(outcome, RetryLater) else None


def seconds_to_midnight(zone: str) -> float:
    """Return the seconds until a daily limit in a time zone is renewed."""
    now = clock.now().astimezone(ZoneInfo(zone))
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - now.timestamp()


def describe(code: str, description: str, codes: CodeTable, otherwise: str) -> str:
    """Return a reason: the carrier's code and its description, shortened.

    Args:
        code: the carrier's error code, empty if it has none.
        description: the carrier's own; if it is empty, that of the code takes its place.
        codes: the carrier's known codes.
        otherwise: the description of an unknown code.
    """
    words = description or (codes[code].description if code in codes else otherwise)
    return (f"{code}: {words}" if code else words)[:_MAX_REASON]


def code_of(value: object) -> str:
    """Return an error code as text; empty for anything that is not a code."""
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdigit() and len(text) <= 10 else ""


def text_of(value: object) -> str:
    """Return a text of the carrier; empty for anything else."""
    return value if isinstance(value, str) else ""


def id_of(value: object) -> str:
    """Return the carrier's id of a message; empty for anything that cannot be one."""
    return value if isinstance(value, str) and len(value) <= _MAX_ID else ""


def required_id(value: object) -> str:
    """Return the carrier's id of a message.

    Raises:
        ValueError: the value cannot be one.
    """
    if not (message_id := id_of(value)):
        raise ValueError("the message has no id")
    return message_id


def _was_never_sent(error: requests.RequestException) -> bool:
    """Return whether the request was certainly not sent.

    Refused connections and failed DNS look-ups are a NewConnectionError inside an error of requests.
    """
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError | timed_http.HandshakeFailed)


@latest_only
def _session(_period: int) -> requests.Session:
    """Return the process's connection pool, a new one every minute.

    A connection that was idle while the function was frozen may have been closed without notice, and a message sent over it has
    an unknown outcome.
    """
    return timed_http.session(lambda: CONNECT_SECONDS + READ_SECONDS)
