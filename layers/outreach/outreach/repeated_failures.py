"""Decides whether work that keeps failing is repeated, or is given up with a reason.

Work that fails is repeated, because most failures are transient. Consecutive failures form a streak, which ends when the work
makes progress.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from outreach import aws_errors, clock
from outreach.observability import count, logger

# How often the same reason, and how many reasons of any kind, may occur at one position.
SAME_REASON = 3
ANY_REASON = 10
# How long work may fail at one position for transient reasons, such as an outage of AWS.
MAX_DURATION = timedelta(days=1)
# Transient reasons that are not errors of AWS: no worker has processed the work yet, as in a long queue, or the carrier accepts
# nothing at the moment; or a fault that is usually mended within a day.
NOT_PROCESSED = "NotProcessed"
CARRIER_UNAVAILABLE = "CarrierUnavailable"
TEXT_UNREADABLE = "TextUnreadable"
# Work without a failure for this long was waiting; the next failure starts a new streak. An execution takes less than two hours
# to fail: seven attempts of 15 minutes.
STREAK_GAP = timedelta(hours=3)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Failures:
    """The failures of some work since it last made progress.

    Attributes:
        position: how far the work had got, in any form that changes when it makes progress.
        reasons: the reasons of the last failures, ten at most, oldest first.
        first: when the first failure of the streak happened.
        last: when the last one happened.
    """

    position: str = ""
    reasons: tuple[str, ...] = ()
    first: datetime = _NEVER
    last: datetime = _NEVER

    @classmethod
    def from_item(cls, item: Mapping[str, Any] | None) -> Failures:
        """Read the stored form; ``None`` means no failure."""
        if not item:
            return cls()
        first, last = clock.from_timestamp(item["first"]), clock.from_timestamp(item["last"])
        return cls(item["position"], tuple(item["reasons"]), first, last)

    def to_item(self) -> dict[str, Any]:
        """Return the stored form."""
        first, last = clock.timestamp(self.first), clock.timestamp(self.last)
        return {"position": self.position, "reasons": list(self.reasons), "first": first, "last": last}

    def after(self, position: str, reason: str, *, wait: timedelta = timedelta()) -> Failures:
        """Return the failures after another one, now and at ``position``. Progress or a long wait starts a new streak.

        Args:
            position: how far the work has got.
            reason: what failed, as :func:`outreach.aws_errors.name_of` names it.
            wait: how long the work must wait between two failures.
        """
        now = clock.now()
        if position != self.position or now - self.last > STREAK_GAP + wait:
            return Failures(position, (reason,), now, now)
        return Failures(position, (*self.reasons, reason)[-ANY_REASON:], self.first, now)

    @property
    def are_too_many(self) -> bool:
        """Whether the work must not be repeated again."""
        return self._repeat_one_reason or self._are_all_permanent or self.have_lasted_too_long

    def describe(self, subject: str) -> str:
        """Say why the work was given up: ``the send failed 3 times in a row (NoSuchKey)``."""
        streak = "has failed for a day" if self.have_lasted_too_long else f"failed {len(self.reasons)} times in a row"
        return f"{subject} {streak} ({self.reasons[-1]})"

    @property
    def _repeat_one_reason(self) -> bool:
        newest = self.reasons[-SAME_REASON:]
        return len(newest) == SAME_REASON and len(set(newest)) == 1 and not _is_transient(newest[0])

    @property
    def _are_all_permanent(self) -> bool:
        return len(self.reasons) == ANY_REASON and not any(map(_is_transient, self.reasons))

    @property
    def have_lasted_too_long(self) -> bool:
        """Whether the work has failed for as long as transient failures may last."""
        return self.last - self.first >= MAX_DURATION


def _is_transient(reason: str) -> bool:
    return reason in (NOT_PROCESSED, CARRIER_UNAVAILABLE, TEXT_UNREADABLE) or aws_errors.is_transient_name(reason)


def report_given_up(kind: str, reason: str, **ids: Any) -> None:
    """Report that work was given up; ``WorkGivenUpAlarm`` watches the metric."""
    count("WorkGivenUp")
    logger().error("work given up", kind=kind, reason=reason, extra=ids)
