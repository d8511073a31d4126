"""Time as the system keeps it: UTC, milliseconds, one spelling."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC. The one place to freeze in tests."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SS.mmmZ`` (contract, JSON conventions); sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_timestamp(text: str) -> datetime:
    """The inverse of :func:`timestamp`."""
    return datetime.fromisoformat(text)


def from_epoch(seconds: float) -> datetime:
    """A Unix time as a UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)
