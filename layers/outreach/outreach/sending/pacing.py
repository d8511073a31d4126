"""Sending slots: each channel account hands out its moments of sending one after another, as fast as its carrier allows.

One item an account holds the next free moment; whoever releases messages takes a stretch of it with one conditional write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from outreach import aws, dynamo
from outreach.settings import settings
from outreach.sites.models import ChannelAccount

_MAX_RACES = 20


@dataclass(frozen=True)
class Reservation:
    """``slots``: Unix times, for as many of the messages as fit before the horizon; ``free``: the account's next free moment."""

    slots: list[float]
    free: float


def reserve(account: ChannelAccount, segments: Sequence[int], *, now: float, horizon: float) -> Reservation:
    """Reserve slots for messages, in order.

    Args:
        segments: how many carrier segments each message takes; the carrier's rate counts those.
        now: Unix time before which no slot lies.
        horizon: Unix time after which no slot is given.

    Raises:
        RuntimeError: other releases of this account were faster every time.
    """
    for _ in range(_MAX_RACES):
        item = dynamo.get(settings().sites_table, _key(account), consistent=True)
        taken: str | None = item["next_slot"] if item else None
        reservation = _plan(max(now, float(taken or 0)), segments, account.messages_per_second, horizon)
        if not reservation.slots or _take(_key(account), taken, reservation.free):
            return reservation
    raise RuntimeError(f"the sending slots of account {account.id} are contended")


def next_slot(account: ChannelAccount, *, now: float) -> float:
    """When the account's next message could go out (Unix time)."""
    item = dynamo.get(settings().sites_table, _key(account), consistent=True)
    return max(now, float(item["next_slot"]) if item else 0.0)


def give_back(account: ChannelAccount, now: float) -> None:
    """Make the account's slots from ``now`` on free again; if somebody reserves at this moment, they stay taken."""
    item = dynamo.get(settings().sites_table, _key(account), consistent=True)
    if item and float(item["next_slot"]) > now:
        _take(_key(account), item["next_slot"], now)


def _key(account: ChannelAccount) -> dict[str, str]:
    return {"pk": f"SITE#{account.site_id}", "sk": f"PACE#{account.id}"}


def _plan(start: float, segments: Sequence[int], per_second: float, horizon: float) -> Reservation:
    slots: list[float] = []
    for count in segments:
        if start > horizon:
            break
        slots.append(start)
        start += count / per_second
    return Reservation(slots, start)


def _take(key: dict[str, str], taken: str | None, free: float) -> bool:
    # As text: DynamoDB's numbers are decimals, and the condition must compare what was read, to the letter.
    values = {":free": f"{free:.3f}", ":taken": taken}
    condition = "next_slot = :taken" if taken is not None else "attribute_not_exists(next_slot)"
    try:
        with dynamo.conditional():
            aws.dynamodb().update_item(
                TableName=settings().sites_table,
                Key=dynamo.to_item(key),
                UpdateExpression="SET next_slot = :free",
                ConditionExpression=condition,
                ExpressionAttributeValues=dynamo.to_item(values),
            )
    except dynamo.ConditionFailed:
        return False
    return True
