"""Where callbacks wait that could not be delivered: one item per customer's endpoint, that is a site and an origin.

``parked`` counts the messages that wait; it changes in the same transaction as they do. As long as the endpoint is ``open``, one
execution of the state machine ``callback_retry``, the one of its ``generation``, tries them when they are due, next at
``wakes_at``. It may close only while nothing is parked, so that no wake-up is lost: whatever is parked later opens the next
generation. So does what is due before the execution would wake up; the older execution then ends by itself.

An endpoint that is *down* (``failures`` in a row that were its own fault) is left alone until ``wakes_at``: what comes in the
meantime is parked without a try, and nothing is written to what is put off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from outreach import clock, dynamo
from outreach.callbacks import state
from outreach.callbacks.state import State
from outreach.settings import settings

# A transaction takes 100 actions; one is for the endpoint.
MAX_CHANGES = 99

# What was parked so long ago is certainly seen in the index.
SETTLE_SECONDS = 5

_MAX_RACES = 20
_OPEN = "yes"
# One failure, however many see it at once.
_FAULT = ", failures = if_not_exists(failures, :once)"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Endpoint:
    """
    Attributes:
        id: see :func:`endpoint_id`.
        generation: how often it was opened; names the execution.
        failures: how often in a row it was at fault; above 0 it is down.
        wakes_at: when its execution looks at it next (Unix time).
        parked_at: when something was parked last (Unix time in microseconds).
    """

    id: str
    site_id: str
    generation: int = 0
    is_open: bool = False
    parked: int = 0
    failures: int = 0
    wakes_at: int = 0
    parked_at: int = 0

    @property
    def is_down(self) -> bool:
        return self.is_open and self.failures > 0


@dataclass(frozen=True)
class Change:
    """A message's state as it was before a try, and what has become of it."""

    held: State
    after: State


def endpoint_id(site_id: str, url: str) -> str:
    """The endpoint that a URL belongs to: the site's, by the URL's origin (RFC 6454, section 4)."""
    return hashlib.sha256(f"{site_id} {_origin(url)}".encode()).hexdigest()[:32]


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # it is no address, and each try will say so
        return url
    return f"{parts.scheme}://{parts.hostname}:{port}"


def get(site_id: str, endpoint_id: str, *, consistent: bool = True) -> Endpoint:
    """The endpoint as it stands; one that never failed is closed."""
    item = dynamo.get(settings().callbacks_table, _key(site_id, endpoint_id), consistent=consistent)
    return _from_item(site_id, endpoint_id, item or {})


def park(site_id: str, endpoint_id: str, changes: Sequence[Change], *, fault: bool) -> Endpoint | None:
    """Park messages that weren't parked before.

    Args:
        changes: at most :data:`MAX_CHANGES`. Those that somebody else has written to meanwhile are left out.
        fault: whether the endpoint was at fault, so that it is down from now on.

    Returns:
        The endpoint when it was opened for them: its execution has to be started.

    Raises:
        RuntimeError: others were faster every time.
    """
    due = min(change.after.due or 0 for change in changes)
    for _ in range(_MAX_RACES):
        endpoint = get(site_id, endpoint_id)
        in_time = endpoint.is_down or endpoint.wakes_at <= due
        if endpoint.is_open and in_time:
            if _transact(changes, partial(_join, endpoint, due=due, fault=fault)):
                return None
        elif _transact(changes, partial(_open, endpoint, due=due, fault=fault)):
            return get(site_id, endpoint_id)
    raise RuntimeError(f"endpoint {endpoint_id} is contended")


def unpark(site_id: str, endpoint_id: str, changes: Sequence[Change]) -> None:
    """Write what has become of at most :data:`MAX_CHANGES` messages that were parked and aren't any more."""
    if changes:
        _transact(changes, partial(_leave, Endpoint(endpoint_id, site_id)))


def move(held: State) -> State:
    """Take a message away from where it is parked, for its URL has changed since; the lease stays."""
    here = replace(held, endpoint_id=None, due=None, since=None)
    unpark(held.site_id, held.endpoint_id or "", [Change(held, here)])
    return replace(here, version=held.version + 1)


def due_messages(endpoint_id: str, until: int) -> Iterator[tuple[str, str]]:
    """Site and id of the messages parked at an endpoint that were due until a moment, the earliest first."""
    return map(state.from_key, _parked(endpoint_id, "endpoint_id = :endpoint AND due <= :until", {":until": until}))


def overdue_messages(endpoint_id: str, until: int, since: int) -> Iterator[tuple[str, str]]:
    """Like :func:`due_messages`, but only those that have been parked ``since`` a moment or longer."""
    condition, known = "endpoint_id = :endpoint AND due <= :until", {":until": until, ":since": since}
    return map(state.from_key, _parked(endpoint_id, condition, known, FilterExpression="since <= :since"))


def earliest_due(endpoint_id: str) -> int | None:
    """When the next message is due (Unix time), as far as the index knows."""
    return next((item["due"] for item in _parked(endpoint_id, "endpoint_id = :endpoint", {}, Limit=1)), None)


def is_settled(endpoint: Endpoint) -> bool:
    """Whether the index has had the time to show all that is parked."""
    return endpoint.parked_at + SETTLE_SECONDS * _MICROSECONDS <= _now()


def sleep(endpoint: Endpoint, wakes_at: int) -> bool:
    """Note that the execution of an endpoint that is up sleeps; ``False`` when something was parked since it was read."""
    values = {":wakes_at": wakes_at, ":generation": endpoint.generation, ":parked_at": endpoint.parked_at}
    known = "generation = :generation AND parked_at = :parked_at"
    return _write(endpoint, "SET wakes_at = :wakes_at REMOVE failures", values, known)


def back_off(endpoint: Endpoint, wakes_at: int, failures: int) -> bool:
    """Note that an endpoint is down and is probed at ``wakes_at``; ``False`` when the execution isn't the newest."""
    values = {":wakes_at": wakes_at, ":generation": endpoint.generation, ":failures": failures}
    return _write(endpoint, "SET wakes_at = :wakes_at, failures = :failures", values, "generation = :generation")


def recover(endpoint: Endpoint) -> None:
    """Note that an endpoint that was down is up: new states are tried at once again."""
    if endpoint.failures:
        _write(endpoint, "REMOVE failures", {":generation": endpoint.generation}, "generation = :generation")


def close(endpoint: Endpoint) -> bool:
    """Close an endpoint; ``False`` when something is parked, or when its execution isn't the newest."""
    if endpoint.parked:
        return False
    known = "generation = :generation AND parked = :none"
    return _write(endpoint, "REMOVE is_open, failures", {":generation": endpoint.generation, ":none": 0}, known)


def reopen(endpoint: Endpoint, wakes_at: int) -> Endpoint | None:
    """Hand an open endpoint over to the next generation; ``None`` when somebody else has, or when it was closed."""
    known = "generation = :generation AND is_open = :open"
    values = {":generation": endpoint.generation, ":open": _OPEN, ":next": endpoint.generation + 1, ":wakes_at": wakes_at}
    done = _write(endpoint, "SET generation = :next, wakes_at = :wakes_at", values, known)
    return get(endpoint.site_id, endpoint.id) if done else None


def open_endpoints() -> Iterator[Endpoint]:
    """The open endpoints of all sites."""
    keys = dynamo.query(
        settings().callbacks_table,
        IndexName="open",
        KeyConditionExpression="is_open = :open",
        ExpressionAttributeValues={":open": _OPEN},
    )
    for item in keys:
        site_id, _, endpoint_id = item["pk"].split("#")
        yield get(site_id, endpoint_id)


def _transact(changes: Sequence[Change], action: Callable[[int], dict[str, Any]]) -> bool:
    """Write states and, with their number, the endpoint; ``False`` when the endpoint isn't as it was."""
    while changes:
        puts = [{"Put": state.put_request(change.held, change.after)} for change in changes]
        try:
            dynamo.transact([*puts, {"Update": action(len(changes))}])
        except dynamo.TransactionRefused as refusal:
            if len(changes) in refusal.failed:
                return False
            changes = [change for position, change in enumerate(changes) if position not in refusal.failed]
        else:
            return True
    return True


def _join(seen: Endpoint, count: int, due: int, fault: bool) -> dict[str, Any]:
    return _update(
        seen,
        f"SET parked = parked + :count, parked_at = :now{_FAULT if fault else ''}",
        {":count": count, ":now": _now(), ":generation": seen.generation, ":open": _OPEN, ":due": due, **_fault_values(fault)},
        "generation = :generation AND is_open = :open AND (attribute_exists(failures) OR wakes_at <= :due)",
    )


def _leave(endpoint: Endpoint, count: int) -> dict[str, Any]:
    return _update(endpoint, "SET parked = parked - :count", {":count": count}, "attribute_exists(pk)")


def _open(seen: Endpoint, count: int, due: int, fault: bool) -> dict[str, Any]:
    values = {":count": count, ":now": _now(), ":open": _OPEN, ":due": due, ":next": seen.generation + 1, ":none": 0}
    known = {":generation": seen.generation} if seen.generation else {}
    return _update(
        seen,
        "SET parked = if_not_exists(parked, :none) + :count, parked_at = :now, is_open = :open, wakes_at = :due,"
        f" generation = :next{_FAULT if fault else ''}",
        {**values, **known, **_fault_values(fault)},
        "generation = :generation" if known else "attribute_not_exists(pk)",
    )


def _fault_values(fault: bool) -> dict[str, int]:
    return {":once": 1} if fault else {}


def _update(endpoint: Endpoint, expression: str, values: Mapping[str, Any], condition: str) -> dict[str, Any]:
    return {
        "TableName": settings().callbacks_table,
        "Key": dynamo.to_item(_key(endpoint.site_id, endpoint.id)),
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": dynamo.to_item(values),
    }


def _write(endpoint: Endpoint, expression: str, values: Mapping[str, Any], condition: str) -> bool:
    try:
        dynamo.update(settings().callbacks_table, _key(endpoint.site_id, endpoint.id), expression, values, condition=condition)
    except dynamo.ConditionFailed:
        return False
    return True


def _parked(endpoint_id: str, condition: str, values: Mapping[str, Any], **request: Any) -> Iterator[dict[str, Any]]:
    return dynamo.query(
        settings().callbacks_table,
        IndexName="parked",
        KeyConditionExpression=condition,
        ExpressionAttributeValues={":endpoint": endpoint_id, **values},
        **request,
    )


def _now() -> int:
    return int(clock.now().timestamp() * _MICROSECONDS)


def _key(site_id: str, endpoint_id: str) -> dict[str, str]:
    return {"pk": f"{site_id}#ENDPOINT#{endpoint_id}"}


def _from_item(site_id: str, endpoint_id: str, item: Mapping[str, Any]) -> Endpoint:
    numbers = {name: item[name] for name in ("generation", "parked", "failures", "wakes_at", "parked_at") if name in item}
    return Endpoint(endpoint_id, site_id, is_open="is_open" in item, **numbers)
