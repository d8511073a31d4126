"""Parses the ``Retry-After`` header of HTTP responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

# A longer wait is probably a mistake of the server, and is reduced to this.
_LONGEST_WAIT_SECONDS = 86_400


class HasHeaders(Protocol):
    """A response."""

    @property
    def headers(self) -> Mapping[str, str]: ...


def retry_after(response: HasHeaders) -> float | None:
    """Return the seconds to wait (``Retry-After``: seconds or a date; RFC 9110, section 10.2.3), at most a day.

    Returns ``None`` when the header is missing or invalid.
    """
    try:
        return Retry(retry_after_max=_LONGEST_WAIT_SECONDS).parse_retry_after(response.headers.get("Retry-After", ""))
    except (InvalidHeader, ValueError, OverflowError):  # the last for a year of many digits
        return None
