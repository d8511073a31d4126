"""Limits of a list response: the time to build it and the number of its entries (docs/api.md, "Lists")."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from outreach import dynamo
from outreach.errors import ValidationFailed

T = TypeVar("T")

# A response is built in memory, which takes about 10 KB for each entry.
MAX_ENTRIES = 150_000


class DeadlineExceeded(Exception):
    """The response cannot be ready by its deadline."""


def require_time_left(deadline: float | None, *, needed: float = 0) -> None:
    """Require that enough time is left before the deadline.

    Args:
        deadline: see ``time.monotonic``; ``None`` for no limit.
        needed: the seconds that the remaining work takes at least.

    Raises:
        DeadlineExceeded: less time is left.
    """
    if deadline is not None and time.monotonic() + needed > deadline:
        raise DeadlineExceeded


def require_allowed_size(count: int) -> None:
    """Require that a response has an allowed number of entries.

    Raises:
        ValidationFailed: a response may not have so many entries.
    """
    if count > MAX_ENTRIES:
        message = f"would return {count:,} entries, more than the limit of {MAX_ENTRIES:,}; request pages or an export"
        raise ValidationFailed.at("/pageSize", message)


def chunks_within_limits(entries: Sequence[T], size: int, deadline: float | None) -> Iterator[Sequence[T]]:
    """Slice the entries of a response, and check the limits before each slice.

    Serialising the response takes about as long as loading its entries. So before each slice, as much time must be left as the
    slices before it took.

    Args:
        size: the number of entries in a slice.
        deadline: see :func:`require_time_left`.

    Raises:
        DeadlineExceeded: too little time is left.
        ValidationFailed: the response would have more than :data:`MAX_ENTRIES` entries.
    """
    require_allowed_size(len(entries))
    start = time.monotonic()
    for chunk in dynamo.chunks(entries, size):
        require_time_left(deadline, needed=time.monotonic() - start)
        yield chunk
