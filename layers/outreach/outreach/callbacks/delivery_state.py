"""The state of each callback: one item per subject in the callbacks table, including the attempt log.

The *subject* of a callback is a message, or the delivery of an event to a webhook, an
:class:`outreach.events.models.EventDelivery`. A delivery has exactly one state.

A subject that waits for a retry is *parked*: ``endpoint_id`` and ``next_attempt_at`` place its item in the sparse index
``parked``. The item holds no copy of the message. Each attempt reads the message again and delivers its newest state, so a newer
state replaces a parked one. It is attempted at once and has its own schedule, unless the endpoint is down.

A worker claims the item before it delivers, so that an older state never arrives after a newer one. No newer state can follow a
subject's last state, so delivering the last state needs no separate claim; it only has to respect a claim that another worker
holds (:func:`needs_delivery`). A worker that claims the item later also reads the message later and delivers the same last state.

The deliveries of a webhook are in the sparse index ``webhook``, in the order of their last attempts.

Each write increments ``version`` and requires the version that was read, so only one of two concurrent workers writes.
Items expire 30 days after their last change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from outreach import clock, dynamo
from outreach.dynamo import Update
from outreach.events.models import EventDelivery
from outreach.settings import settings
from outreach.tolerant_reader import known

# Longer than an attempt and its record take, shorter than the callback queue's visibility timeout.
CLAIM_SECONDS = 30

_RETENTION_SECONDS = 30 * 86_400
# More attempts than one schedule has, because several states of a message may fail. The oldest are dropped first.
_MAX_ATTEMPTS = 40


class AttemptOutcome(StrEnum):
    """The outcome of an attempt.

    ``postponed`` and ``given_up`` may be logged without a request, when the endpoint was down already or stayed down.
    """

    DELIVERED = "delivered"
    FAILED = "failed"
    POSTPONED = "postponed"
    GIVEN_UP = "given_up"
    GONE = "gone"


@dataclass(frozen=True)
class Attempt:
    """An entry of the attempt log.

    Attributes:
        time: when it was made (:mod:`outreach.clock` defines the format).
        sequence: the subject's sequence that was posted; ``None`` without a request.
        status: the HTTP status; ``None`` without an answer.
        reason: why the callback was not delivered; empty if it was.
        next_attempt_at: the earliest time of the next attempt; ``None`` if there is none.
    """

    time: str
    outcome: AttemptOutcome
    sequence: int | None = None
    status: int | None = None
    reason: str = ""
    next_attempt_at: str | None = None


@dataclass(frozen=True)
class DeliveryState:
    """The state of a callback.

    Attributes:
        delivered_sequence: the newest sequence that was delivered; -1 for none.
        attempt_count: how many attempts have failed on the current schedule.
        scheduled_sequence: the sequence that the current schedule attempts; -1 if nothing was attempted yet.
        endpoint_id: the endpoint at which the subject is parked; ``None`` if it is not parked.
        next_attempt_at: the earliest time of the next attempt (Unix time); ``None`` if it is not parked.
        parked_since: when it was parked (Unix time); ``None`` if it is not parked.
        claimed_until: when the current or last claim ends (Unix time); 0 if it was released.
        version: incremented by each write.
    """

    site_id: str
    subject_id: str
    delivered_sequence: int = -1
    attempt_count: int = 0
    scheduled_sequence: int = -1
    endpoint_id: str | None = None
    next_attempt_at: int | None = None
    parked_since: int | None = None
    claimed_until: int = 0
    version: int = 0
    attempts: tuple[Attempt, ...] = ()

    @property
    def is_parked(self) -> bool:
        return self.next_attempt_at is not None


class AlreadyClaimed(Exception):
    """Another worker is delivering this callback."""


class OlderStateParked(Exception):
    """The subject is parked at ``endpoint_id`` with an older state than the one to deliver; see :func:`claim_newer`."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__("an older state of the subject is parked")
        self.endpoint_id = endpoint_id


def claim(site_id: str, subject_id: str, sequence: int) -> DeliveryState | None:
    """Claim a subject to deliver a state of it.

    Returns:
        ``None`` if no delivery is needed: the state was delivered, or is parked and will be retried.

    Raises:
        AlreadyClaimed: another worker has the claim, and may have read the subject before it reached that state.
        OlderStateParked: an older state is parked.
    """
    is_undelivered = "attribute_not_exists(delivered_sequence) OR delivered_sequence < :sequence"
    condition, values = f"attribute_not_exists(next_attempt_at) AND ({is_undelivered})", {":sequence": sequence}
    try:
        return _try_claim(site_id, subject_id, condition, values)
    except dynamo.ConditionFailed as refusal:
        _require_no_older_parked(_from_item(site_id, subject_id, refusal.item), sequence)
        return None


def claim_newer(site_id: str, subject_id: str, sequence: int) -> DeliveryState | None:
    """Claim a subject whose parked state is older than the one to deliver; ``None`` if it no longer is.

    Raises:
        AlreadyClaimed: another worker has the claim.
    """
    is_newer = "attribute_not_exists(scheduled_sequence) OR scheduled_sequence < :sequence"
    return _claim(site_id, subject_id, f"attribute_exists(next_attempt_at) AND ({is_newer})", {":sequence": sequence})


def _require_no_older_parked(state: DeliveryState, sequence: int) -> None:
    if state.is_parked and max(state.scheduled_sequence, state.delivered_sequence) < sequence:
        raise OlderStateParked(state.endpoint_id or "")


def force_claim(site_id: str, subject_id: str) -> DeliveryState | None:
    """Claim a subject to deliver its newest state, even if that was delivered or the subject is parked.

    Raises:
        AlreadyClaimed: another worker has the claim.
    """
    return _claim(site_id, subject_id, "", {})


def claim_parked(site_id: str, subject_id: str, endpoint_id: str) -> DeliveryState | None:
    """Claim a subject that is parked at an endpoint and due; ``None`` if it no longer is.

    Raises:
        AlreadyClaimed: another worker has the claim.
    """
    condition = "endpoint_id = :endpoint AND next_attempt_at <= :due_by"
    return _claim(site_id, subject_id, condition, {":endpoint": endpoint_id, ":due_by": _now()})


def needs_delivery(state: DeliveryState, last_sequence: int) -> bool:
    """Return whether a subject's last state must be delivered. It need not if it was delivered, or is itself parked.

    Args:
        state: read with strong consistency after the subject reached its last state.

    Raises:
        AlreadyClaimed: another worker has the claim, and may have read the subject before it reached that state.
        OlderStateParked: an older state is parked.
    """
    if state.claimed_until > clock.now().timestamp():
        raise AlreadyClaimed
    _require_no_older_parked(state, last_sequence)
    return not state.is_parked and state.delivered_sequence < last_sequence


def get(site_id: str, subject_id: str) -> DeliveryState:
    """Return the state of a callback; the initial one if nothing is stored."""
    item = dynamo.get(settings().callbacks_table, key(site_id, subject_id), consistent=True)
    return _from_item(site_id, subject_id, item or {})


def get_many(site_id: str, subject_ids: Collection[str]) -> dict[str, DeliveryState]:
    """Return what :func:`get` does, for many subjects at once."""
    keys = {subject_id: key(site_id, subject_id) for subject_id in subject_ids}
    items = {item["pk"]: item for item in dynamo.batch_get(settings().callbacks_table, keys.values(), consistent=True)}
    return {subject_id: _from_item(site_id, subject_id, items.get(pk["pk"], {})) for subject_id, pk in keys.items()}


def list_by_webhook(site_id: str, webhook_id: str) -> Iterator[DeliveryState]:
    """Yield the states of a webhook's deliveries with their attempts only, those that were attempted last first."""
    items = dynamo.query(
        settings().callbacks_table,
        IndexName="webhook",
        KeyConditionExpression="webhook_pk = :webhook",
        ExpressionAttributeValues={":webhook": _webhook_pk(site_id, webhook_id)},
        ScanIndexForward=False,
    )
    return (_from_item(*from_key(item), item) for item in items)


def put(before: DeliveryState, after: DeliveryState) -> bool:
    """Replace a state; ``False`` (and nothing written) if another worker has written since ``before`` was read."""
    return dynamo.put_version(settings().callbacks_table, _to_item(replace(after, version=before.version + 1)), before.version)


def put_request(before: DeliveryState, after: DeliveryState) -> Any:
    """Return the write of :func:`put` as an action of a transaction."""
    item = _to_item(replace(after, version=before.version + 1))
    return {"TableName": settings().callbacks_table, "Item": dynamo.to_item(item), **dynamo.if_version(before.version)}


def without_retries(state: DeliveryState, attempt: Attempt | None, *, delivered_sequence: int | None = None) -> DeliveryState:
    """Return the state of a callback whose retries have ended; the subject's next state starts a new schedule.

    Args:
        state: the state before.
        attempt: the attempt to log, if any.
        delivered_sequence: the sequence that was delivered; ``None`` if none was.
    """
    ended = replace(
        without_claim(state, attempt),
        endpoint_id=None,
        next_attempt_at=None,
        parked_since=None,
        attempt_count=0,
        scheduled_sequence=-1,
    )
    return ended if delivered_sequence is None else replace(ended, delivered_sequence=delivered_sequence)


def without_claim(state: DeliveryState, attempt: Attempt | None) -> DeliveryState:
    """Return a state without its claim, and with an attempt in its log, if there was one."""
    return replace(state, claimed_until=0, attempts=(*state.attempts, *([attempt] if attempt else [])))


def key(site_id: str, subject_id: str) -> dict[str, str]:
    return {"pk": f"{site_id}#{subject_id}"}


def from_key(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the site id and the subject id of an item."""
    site_id, _, subject_id = item["pk"].partition("#")
    return site_id, subject_id


def _claim(site_id: str, subject_id: str, condition: str, values: Mapping[str, Any]) -> DeliveryState | None:
    try:
        return _try_claim(site_id, subject_id, condition, values)
    except dynamo.ConditionFailed:
        return None


def _try_claim(site_id: str, subject_id: str, condition: str, values: Mapping[str, Any]) -> DeliveryState:
    """Claim a subject.

    Raises:
        AlreadyClaimed: another worker has the claim.
        ConditionFailed: the condition does not hold.
    """
    now = _now()
    change = Update().set("claimed_until", now + CLAIM_SECONDS).set("expires", now + _RETENTION_SECONDS)
    is_free = "(attribute_not_exists(claimed_until) OR claimed_until <= :now)"
    try:
        item = dynamo.update(
            settings().callbacks_table,
            key(site_id, subject_id),
            change.add("version", start=0),
            {":now": now, **values},
            condition=f"{is_free} AND {condition}" if condition else is_free,
        )
    except dynamo.ConditionFailed as refusal:
        if refusal.item.get("claimed_until", 0) > now:
            raise AlreadyClaimed from refusal
        raise
    return _from_item(site_id, subject_id, item)


def _now() -> int:
    return int(clock.now().timestamp())


def _to_item(state: DeliveryState) -> dict[str, Any]:
    return {
        **key(state.site_id, state.subject_id),
        "delivered_sequence": state.delivered_sequence,
        "attempt_count": state.attempt_count or None,
        "scheduled_sequence": state.scheduled_sequence if state.scheduled_sequence >= 0 else None,
        "endpoint_id": state.endpoint_id,
        "next_attempt_at": state.next_attempt_at,
        "parked_since": state.parked_since,
        "claimed_until": state.claimed_until or None,
        "version": state.version,
        "attempts": [_without_defaults(attempt) for attempt in state.attempts[-_MAX_ATTEMPTS:]],
        "expires": _now() + _RETENTION_SECONDS,
        **_webhook_key(state),
    }


def _webhook_key(state: DeliveryState) -> dict[str, str]:
    delivery = EventDelivery.parse(state.subject_id)
    if delivery is None or not state.attempts:
        return {}
    return {"webhook_pk": _webhook_pk(state.site_id, delivery.webhook_id), "attempted_at": state.attempts[-1].time}


def _webhook_pk(site_id: str, webhook_id: str) -> str:
    return f"{site_id}#{webhook_id}"


def _without_defaults(attempt: Attempt) -> dict[str, Any]:
    """Keep items small: most callbacks succeed at once, and their log is most of their item."""
    return {name: value for name, value in vars(attempt).items() if value != _DEFAULTS.get(name)}


def _from_item(site_id: str, subject_id: str, item: Mapping[str, Any]) -> DeliveryState:
    values = {name: item[name] for name in _STORED_FIELDS if name in item}
    attempts = (
        Attempt(**known(Attempt, attempt) | {"outcome": AttemptOutcome(attempt["outcome"])})
        for attempt in item.get("attempts", ())
    )
    return DeliveryState(site_id, subject_id, **values, attempts=tuple(attempts))


_STORED_FIELDS = (
    "delivered_sequence",
    "attempt_count",
    "scheduled_sequence",
    "endpoint_id",
    "next_attempt_at",
    "parked_since",
    "claimed_until",
    "version",
)
_DEFAULTS = {field.name: field.default for field in fields(Attempt)}
