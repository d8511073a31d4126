"""Sending slots: the times at which a channel account may send, at the rate that its carrier allows.

One item per account stores the next free slot. A release reserves a range of slots with one conditional write.

The rate is the account's own, unless its carrier has throttled it (429). Then it drops at once to what the carrier accepted.
After a minute it recovers linearly, and reaches the configured rate within an hour.

==================  =====================  ================================================================
pk                  sk                     item in the sites table (Unix times and rates, as text, which compares exactly)
==================  =====================  ================================================================
``SITE#<site>``     ``PACE#<account>``     ``next_slot``; once throttled: ``rate`` at ``slowed_at``. Jobs queued before
                                           have slots of a rate that was too high, and take new ones
==================  =====================  ================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from outreach import dynamo
from outreach.dynamo import Update
from outreach.settings import settings
from outreach.sites.models import ChannelAccount

RECOVERY_SECONDS = round(timedelta(hours=1).total_seconds())
# How long after a 429 the recovery starts, when the throttled messages have new slots.
RECOVERY_DELAY_SECONDS = 60
# The lowest rate: one message a minute.
MIN_RATE = 1 / 60
# The wait time after a 429 if the carrier gives none.
THROTTLED_SECONDS = 5.0
# If the carrier accepted less than half, the rate drops to what it accepted, less a margin; otherwise by a fixed factor.
_MOSTLY_THROTTLED = 0.5
_MARGIN = 0.8
_NOTHING_TAKEN = 0.25
_DECREASE = 0.7


@dataclass(frozen=True)
class Pace:
    """How fast an account sends.

    Attributes:
        own_rate: segments per second, when its carrier does not throttle it.
        next_slot: the next free slot.
        rate: the rate at ``slowed_at``.
        slowed_at: when the carrier last throttled it; 0 for never. Jobs queued before take new slots.
    """

    own_rate: float
    next_slot: float = 0.0
    rate: float = 0.0
    slowed_at: float = 0.0

    def rate_at(self, now: float) -> float:
        """Return the present rate."""
        if not self.slowed_at:
            return self.own_rate
        growing = max(0.0, now - self.slowed_at - RECOVERY_DELAY_SECONDS)
        return min(self.own_rate, self.rate + growing * self.own_rate / (RECOVERY_SECONDS - RECOVERY_DELAY_SECONDS))


@dataclass(frozen=True)
class Tally:
    """What became of the requests that one worker made in a batch."""

    accepted: int
    throttled: int

    @property
    def is_mostly_throttled(self) -> bool:
        return self.accepted < _MOSTLY_THROTTLED * (self.accepted + self.throttled)

    def reduce(self, rate: float) -> float:
        """Return the rate that follows from ``rate``."""
        if not self.accepted:
            return rate * _NOTHING_TAKEN
        if self.is_mostly_throttled:
            return rate * self.accepted / (self.accepted + self.throttled) * _MARGIN
        return rate * _DECREASE


@dataclass(frozen=True)
class Reservation:
    """Reserved slots, as Unix times.

    Attributes:
        slots: one for each message that fits before the horizon.
        next_free: the account's next free slot after them.
        is_throttled: whether the rate is lower than the account's own.
    """

    slots: list[float]
    next_free: float
    is_throttled: bool = False


def reserve(account: ChannelAccount, segments: Sequence[int], *, now: float, horizon: float) -> Reservation:
    """Reserve slots for messages, in order.

    Args:
        segments: the number of segments of each message; the carrier limits segments per second.
        now: the Unix time of the earliest slot.
        horizon: the Unix time of the latest slot.

    Raises:
        RuntimeError: other releases of this account won every write.
    """

    def attempt() -> Reservation:
        item = _item(account)
        pace = _pace(account, item)
        rate = pace.rate_at(now)
        reservation = replace(_plan(max(now, pace.next_slot), segments, rate, horizon), is_throttled=rate < pace.own_rate)
        if reservation.slots and not _change(account, item, Update().set("next_slot", _text(reservation.next_free))):
            raise dynamo.WriteConflict
        return reservation

    return dynamo.retry_on_conflict(attempt, error=_too_many(account))


def read(account: ChannelAccount) -> Pace:
    """Return an account's pace."""
    return _pace(account, _item(account))


def lower_rate(
    account: ChannelAccount, seen: Pace, tally: Tally, segments: Sequence[int], *, now: float, earliest: float
) -> list[float]:
    """Lower the account's rate after a batch with 429s or void slots, and reserve new slots behind the others.

    Args:
        seen: the pace at the beginning of the batch. If another worker has lowered the rate since, it is not lowered again.
        tally: what became of the batch's requests.
        segments: the number of segments of each message that takes a new slot.
        earliest: the Unix time of the earliest new slot.
    """

    def attempt() -> list[float]:
        item = _item(account)
        pace = _pace(account, item)
        change, rate, start = Update(), pace.rate_at(now), max(earliest, pace.next_slot)
        if tally.throttled and pace.slowed_at == seen.slowed_at:
            rate = max(MIN_RATE, tally.reduce(rate))
            change.set("rate", f"{rate:.6f}").set("slowed_at", _text(now))
            start = earliest  # the slots of the old rate are void
        reservation = _plan(start, segments, rate, math.inf)
        if not _change(account, item, change.set("next_slot", _text(reservation.next_free))):
            raise dynamo.WriteConflict
        return reservation.slots

    return dynamo.retry_on_conflict(attempt, error=_too_many(account))


def next_slot(account: ChannelAccount, *, now: float) -> float:
    """Return the Unix time at which the account's next message could be sent."""
    return max(now, read(account).next_slot)


def release_slots(account: ChannelAccount, now: float) -> None:
    """Free the account's slots from ``now`` on. They stay reserved when another release reserves slots at the same moment."""
    item = _item(account)
    if item and float(item["next_slot"]) > now:
        _change(account, item, Update().set("next_slot", _text(now)))


def _key(account: ChannelAccount) -> dict[str, str]:
    return {"pk": f"SITE#{account.site_id}", "sk": f"PACE#{account.id}"}


def _item(account: ChannelAccount) -> dict[str, Any] | None:
    return dynamo.get(settings().sites_table, _key(account), consistent=True)


def _pace(account: ChannelAccount, item: Mapping[str, Any] | None) -> Pace:
    names = ("next_slot", "rate", "slowed_at")
    return Pace(account.messages_per_second, **{name: float(item[name]) for name in names if item and name in item})


def _text(number: float) -> str:
    return f"{number:.3f}"


def _plan(start: float, segments: Sequence[int], per_second: float, horizon: float) -> Reservation:
    slots: list[float] = []
    for count in segments:
        if start > horizon:
            break
        slots.append(start)
        start += count / per_second
    return Reservation(slots, start)


def _change(account: ChannelAccount, item: Mapping[str, Any] | None, change: Update) -> bool:
    """Change the item unless its next free slot has changed since it was read."""
    return dynamo.update_if(
        settings().sites_table,
        _key(account),
        change,
        {":stored": item["next_slot"]} if item else {},
        condition="next_slot = :stored" if item else "attribute_not_exists(next_slot)",
    )


def _too_many(account: ChannelAccount) -> RuntimeError:
    return RuntimeError(f"too many concurrent reservations of sending slots of account {account.id}")
