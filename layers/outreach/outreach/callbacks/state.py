"""What a customer has been told of a message, and who is telling it right now.

One item a message (``<site>#<message>``): ``told``, the sequence of the newest status that was delivered, and a lease for the
one who is delivering, so that an older status never overtakes a newer one. Items expire some days after the last change.
"""

from __future__ import annotations

from enum import StrEnum

from outreach import clock, dynamo
from outreach.settings import settings

LEASE_SECONDS = 30
_EXPIRES_AFTER_SECONDS = 14 * 86_400


class Turn(StrEnum):
    """May we deliver? Yes, no need any more, or not yet."""

    OURS = "ours"
    DONE = "done"
    BUSY = "busy"


def take_turn(site_id: str, message_id: str, sequence: int) -> Turn:
    """Take the lease on telling the customer a status of a message."""
    now = int(clock.now().timestamp())
    try:
        dynamo.update(
            settings().callbacks_table,
            _key(site_id, message_id),
            "SET lease_until = :until, expires = :expires",
            {":until": now + LEASE_SECONDS, ":expires": now + _EXPIRES_AFTER_SECONDS, ":sequence": sequence, ":now": now},
            condition="(attribute_not_exists(told) OR told < :sequence)"
            " AND (attribute_not_exists(lease_until) OR lease_until <= :now)",
        )
    except dynamo.ConditionFailed as refusal:
        return Turn.DONE if refusal.item.get("told", -1) >= sequence else Turn.BUSY
    return Turn.OURS


def end_turn(site_id: str, message_id: str, told: int | None) -> None:
    """Give the lease back.

    Args:
        told: the sequence that was delivered; ``None`` when the delivery failed.
    """
    told_too, values = (", told = :told", {":told": told}) if told is not None else ("", {})
    dynamo.update(
        settings().callbacks_table, _key(site_id, message_id), f"SET lease_until = :never{told_too}", {":never": 0, **values}
    )


def _key(site_id: str, message_id: str) -> dict[str, str]:
    return {"pk": f"{site_id}#{message_id}"}
