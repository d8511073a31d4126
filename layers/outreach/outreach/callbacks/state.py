"""What a customer has been told of a message: one item a message, with the lease of whoever is telling it right now.

While it waits to be tried again it is *parked*: ``endpoint_id`` and ``due`` put it into the sparse index ``parked``. It holds no
copy of the message: whoever tells the customer reads the newest state, so that a newer one replaces a parked one by itself and
keeps its schedule.

A lease keeps an older state from being told after a newer one, so the last state of a message, which nothing can overtake, is
told without: it is enough that nobody has the lease (:func:`untold`), for whoever takes it from then on reads the message later,
and tells the same. Every write raises the ``version`` and expects the one that was read, so that of two who tell at once one
writes. Items expire a month after the last change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
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
        lease_until: Unix time until which somebody may be telling.
        version: raised by each write.
    """

    site_id: str
    message_id: str
    told: int = -1
    tries: int = 0
    endpoint_id: str | None = None
    due: int | None = None
    since: int | None = None
    lease_until: int = 0
    version: int = 0
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


def untold(found: State, sequence: int) -> State | None:
    """The state as it was found, when the last state of a message has to be told; ``None`` when it was told, or will be.

    Args:
        found: read (strongly consistent) after the message got that last state.

    Raises:
        Busy: somebody has the lease, and may have read the message before that state.
    """
    if found.lease_until > clock.now().timestamp():
        raise Busy
    return None if found.is_parked or found.told >= sequence else found


def get(site_id: str, message_id: str) -> State:
    """What is known of a message's callbacks; nothing, to begin with."""
    item = dynamo.get(settings().callbacks_table, key(site_id, message_id), consistent=True)
    return _from_item(site_id, message_id, item or {})


def get_many(site_id: str, message_ids: Collection[str]) -> dict[str, State]:
    """What :func:`get` finds, for many messages at once."""
    keys = [key(site_id, message_id) for message_id in message_ids]
    items = {item["pk"]: item for item in dynamo.batch_get(settings().callbacks_table, keys, consistent=True)}
    return {
        message_id: _from_item(site_id, message_id, items.get(wanted["pk"], {}))
        for message_id, wanted in zip(message_ids, keys, strict=True)
    }


def put(held: State, changed: State) -> bool:
    """Write what has become of a message that was as ``held``; ``False`` when somebody else has written since."""
    try:
        with dynamo.conditional():
            aws.dynamodb().put_item(**put_request(held, changed))
    except dynamo.ConditionFailed:
        return False
    return True


def put_request(held: State, changed: State) -> Any:
    """The write of :func:`put`, for a transaction too."""
    item = _to_item(replace(changed, version=held.version + 1))
    request = {"TableName": settings().callbacks_table, "Item": dynamo.to_item(item)}
    if not held.version:
        return {**request, "ConditionExpression": "attribute_not_exists(version)"}
    known = dynamo.to_item({":version": held.version})
    return {**request, "ConditionExpression": "version = :version", "ExpressionAttributeValues": known}


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
            "SET lease_until = :until, expires = :expires, version = if_not_exists(version, :none) + :one",
            {
                ":until": now + LEASE_SECONDS,
                ":expires": now + _EXPIRES_AFTER_SECONDS,
                ":now": now,
                ":none": 0,
                ":one": 1,
                **values,
            },
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
        "version": state.version,
        "attempts": [_without_defaults(attempt) for attempt in state.attempts[-_MAX_ATTEMPTS:]],
        "expires": int(clock.now().timestamp()) + _EXPIRES_AFTER_SECONDS,
    }


def _without_defaults(attempt: Attempt) -> dict[str, Any]:
    """Short, for most messages are told everything at the first try and their log is most of the item."""
    return {name: value for name, value in asdict(attempt).items() if value != _DEFAULTS.get(name)}


def _from_item(site_id: str, message_id: str, item: Mapping[str, Any]) -> State:
    values = {name: item[name] for name in _STORED if name in item}
    attempts = (Attempt(**attempt | {"outcome": Outcome(attempt["outcome"])}) for attempt in item.get("attempts", ()))
    return State(site_id, message_id, **values, attempts=tuple(attempts))


_STORED = ("told", "tries", "endpoint_id", "due", "since", "lease_until", "version")
_DEFAULTS = {field.name: field.default for field in fields(Attempt)}
