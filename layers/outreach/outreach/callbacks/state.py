"""What a customer has been told of a message: one item a message, with the lease of whoever is telling it right now.

While it waits to be tried again it is *parked*: ``endpoint_id`` and ``due`` put it into the sparse index ``parked``. It holds no
copy of the message: whoever tells the customer reads the newest state, so that a newer one replaces a parked one by itself and
keeps its schedule. Whoever has the lease is the only one to write; items expire a month after the last change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from outreach import aws, clock, dynamo
from outreach.settings import settings

# Longer than a try and its record, shorter than the callback queue's visibility.
LEASE_SECONDS = 30

_EXPIRES_AFTER_SECONDS = 30 * 86_400
# More than the schedule has, for several states of a message; the oldest go first.
_MAX_ATTEMPTS = 40


class Outcome(StrEnum):
    """What became of a try. ``postponed`` and ``given_up`` may be without one: the endpoint was down already, or stayed so."""

    DELIVERED = "delivered"
    FAILED = "failed"
    POSTPONED = "postponed"
    GIVEN_UP = "given_up"
    GONE = "gone"


@dataclass(frozen=True)
class Attempt:
    """A line of the log.

    Attributes:
        time: when (see :mod:`outreach.clock` for the spelling).
        sequence: of the state that was told, ``None`` when none was.
        status: HTTP status, ``None`` when there was no answer.
        reason: why it was not delivered, else empty.
        next_attempt_at: when it is tried again, at the earliest.
    """

    time: str
    outcome: Outcome
    sequence: int | None = None
    status: int | None = None
    reason: str = ""
    next_attempt_at: str | None = None


@dataclass(frozen=True)
class State:
    """
    Attributes:
        told: sequence of the newest state that was delivered, -1 for none.
        tries: how many have failed on the present schedule.
        endpoint_id: where it is parked, and
        due: when it may be tried again (Unix time), and
        since: since when it is parked; ``None`` when it isn't.
        lease_until: Unix time until which somebody may be telling; the value is the key of the lease: nobody else's is the same.
    """

    site_id: str
    message_id: str
    told: int = -1
    tries: int = 0
    endpoint_id: str | None = None
    due: int | None = None
    since: int | None = None
    lease_until: int = 0
    attempts: tuple[Attempt, ...] = ()

    @property
    def is_parked(self) -> bool:
        return self.due is not None


class Busy(Exception):
    """Somebody else is telling the customer of this message right now."""


def take(site_id: str, message_id: str, sequence: int) -> State | None:
    """Take the lease to tell a state of a message; ``None`` when nobody has to: it was told, or is parked and will be.

    Raises:
        Busy: somebody has the lease, and may have read the message before that state.
    """
    condition = "attribute_not_exists(due) AND (attribute_not_exists(told) OR told < :sequence)"
    return _take(site_id, message_id, condition, {":sequence": sequence})


def take_anyway(site_id: str, message_id: str) -> State | None:
    """Take the lease to tell a message's newest state, whether it was told or is parked.

    Raises:
        Busy: somebody has the lease.
    """
    return _take(site_id, message_id, "", {})


def take_parked(site_id: str, message_id: str, endpoint_id: str) -> State | None:
    """Take the lease on a message that is parked at an endpoint and due; ``None`` when it isn't any more.

    Raises:
        Busy: somebody has the lease.
    """
    now = int(clock.now().timestamp())
    return _take(site_id, message_id, "endpoint_id = :endpoint AND due <= :moment", {":endpoint": endpoint_id, ":moment": now})


def get(site_id: str, message_id: str) -> State:
    """What is known of a message's callbacks; nothing, to begin with."""
    item = dynamo.get(settings().callbacks_table, key(site_id, message_id), consistent=True)
    return _from_item(site_id, message_id, item or {})


def put(held: State, changed: State) -> bool:
    """Write what has become of a message, as whoever ``held`` the lease; ``False`` when somebody else has it by now."""
    try:
        with dynamo.conditional():
            aws.dynamodb().put_item(**put_request(held, changed))
    except dynamo.ConditionFailed:
        return False
    return True


def put_request(held: State, changed: State) -> Any:
    """The write of :func:`put`, for a transaction too."""
    return {
        "TableName": settings().callbacks_table,
        "Item": dynamo.to_item(_to_item(changed)),
        "ConditionExpression": "lease_until = :held",
        "ExpressionAttributeValues": dynamo.to_item({":held": held.lease_until}),
    }


def key(site_id: str, message_id: str) -> dict[str, str]:
    return {"pk": f"{site_id}#{message_id}"}


def from_key(item: Mapping[str, Any]) -> tuple[str, str]:
    """Site and message of an item."""
    site_id, _, message_id = item["pk"].rpartition("#")
    return site_id, message_id


def _take(site_id: str, message_id: str, condition: str, values: Mapping[str, Any]) -> State | None:
    now = int(clock.now().timestamp())
    free = "(attribute_not_exists(lease_until) OR lease_until <= :now)"
    try:
        item = dynamo.update(
            settings().callbacks_table,
            key(site_id, message_id),
            "SET lease_until = :until, expires = :expires",
            {":until": now + LEASE_SECONDS, ":expires": now + _EXPIRES_AFTER_SECONDS, ":now": now, **values},
            condition=f"{free} AND {condition}" if condition else free,
        )
    except dynamo.ConditionFailed as refusal:
        if refusal.item.get("lease_until", 0) > now:
            raise Busy from refusal
        return None
    return _from_item(site_id, message_id, item)


def _to_item(state: State) -> dict[str, Any]:
    return {
        **key(state.site_id, state.message_id),
        "told": state.told,
        "tries": state.tries or None,
        "endpoint_id": state.endpoint_id,
        "due": state.due,
        "since": state.since,
        "lease_until": state.lease_until or None,
        "attempts": [_without_defaults(attempt) for attempt in state.attempts[-_MAX_ATTEMPTS:]],
        "expires": int(clock.now().timestamp()) + _EXPIRES_AFTER_SECONDS,
    }


def _without_defaults(attempt: Attempt) -> dict[str, Any]:
    """Short, for most messages are told everything at the first try and their log is most of the item."""
    return {name: value for name, value in asdict(attempt).items() if value != _DEFAULTS.get(name)}


def _from_item(site_id: str, message_id: str, item: Mapping[str, Any]) -> State:
    values = {name: item[name] for name in ("told", "tries", "endpoint_id", "due", "since", "lease_until") if name in item}
    attempts = (Attempt(**attempt | {"outcome": Outcome(attempt["outcome"])}) for attempt in item.get("attempts", ()))
    return State(site_id, message_id, **values, attempts=tuple(attempts))


_DEFAULTS = {field.name: field.default for field in fields(Attempt)}
