"""How long an answer may take and how much it may be; whoever makes a list looks at both on the way (contract, Lists)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from outreach import dynamo
from outreach.errors import ValidationFailed

T = TypeVar("T")

# A whole list is made in memory, 10 KB an entry.
MAX_ENTRIES = 150_000


class TooSlow(Exception):
    """An answer will not be ready by its deadline."""


def require_time(deadline: float | None, *, needed: float = 0) -> None:
    """
    Args:
        deadline: see ``time.monotonic``; ``None`` for all the time there is.
        needed: how many seconds the rest will take at least.

    Raises:
        TooSlow: there is less.
    """
    if deadline is not None and time.monotonic() + needed > deadline:
        raise TooSlow


def portions(entries: Sequence[T], size: int, deadline: float | None) -> Iterator[Sequence[T]]:
    """Slices of what is to be answered, as long as there is time to write what is read: that takes as long again.

    Raises:
        TooSlow: there isn't.
        ValidationFailed: there are more entries than an answer can have.
    """
    if len(entries) > MAX_ENTRIES:
        told = f"would answer {len(entries):,} entries, and {MAX_ENTRIES:,} are the most; ask for pages, or for an export"
        raise ValidationFailed.at("pageSize", told)
    start = time.monotonic()
    for portion in dynamo.chunks(entries, size):
        require_time(deadline, needed=time.monotonic() - start)
        yield portion
