"""Time in one format: UTC, with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC. Tests that freeze time replace this function."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Format as ``YYYY-MM-DDTHH:MM:SS.mmmZ`` (docs/api.md, "Text, numbers and addresses"); sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_timestamp(text: str) -> datetime:
    """Reverse :func:`timestamp`."""
    return datetime.fromisoformat(text)


def from_epoch(seconds: float) -> datetime:
    """Convert a Unix time to a UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)
