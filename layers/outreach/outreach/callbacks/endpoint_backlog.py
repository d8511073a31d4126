"""The backlog of each customer endpoint: the parked callbacks, and one item per endpoint. An endpoint is a site and an origin.

An endpoint with a backlog (``has_backlog``, stored as ``is_open``) has one execution of the state machine ``callback_retry``,
which sleeps until ``wakes_at`` and then retries the callbacks that are due. The endpoint is *retired* when nothing is parked.

Each execution serves one *generation* of the endpoint, a number that names the execution. A new generation starts when an
endpoint gets a backlog, and when a callback is due before the current execution wakes up. An execution of an older generation
ends as soon as it notices.

``parked`` counts the parked callbacks. The count and the callbacks change in the same transaction, and an endpoint is retired
only while the count is 0. Therefore every parked callback has an execution that will retry it.

An endpoint with a backlog is *down* while ``failures`` is above 0: its last requests failed through its own fault. This is its
circuit breaker. Nothing is sent to it until ``wakes_at``, when its execution probes it with one callback. Until then, new
callbacks are parked without an attempt, and the parked ones are not changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from outreach import clock, dynamo
from outreach.callbacks import delivery_state
from outreach.callbacks.delivery_state import DeliveryState
from outreach.dynamo import Update
from outreach.repeated_failures import Failures
from outreach.settings import settings

# DynamoDB's limit is 100 actions per transaction; one of them updates the endpoint.
MAX_CHANGES = 99

# After this delay, the index shows everything that was parked.
INDEX_LAG_SECONDS = 5

_HAS_BACKLOG = "yes"
_SAME_GENERATION = "generation = :generation"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Endpoint:
    """A customer's endpoint; the module's docstring defines the terms.

    Attributes:
        id: see :func:`id_of`.
        generation: how often an execution was started for it.
        parked: how many callbacks are parked.
        failures: how many attempts in a row failed through its own fault.
        wakes_at: when its execution wakes up next (Unix time).
        parked_at: when a callback was parked last (Unix time in microseconds).
        execution_failures: the failures of its executions since one made progress.
    """

    id: str
    site_id: str
    generation: int = 0
    has_backlog: bool = False
    parked: int = 0
    failures: int = 0
    wakes_at: int = 0
    parked_at: int = 0
    execution_failures: Failures = field(default_factory=Failures)

    @property
    def is_down(self) -> bool:
        return self.has_backlog and self.failures > 0


@dataclass(frozen=True)
class StateChange:
    """The state of a callback before and after an attempt."""

    before: DeliveryState
    after: DeliveryState


def id_of(site_id: str, url: str) -> str:
    """Return the id of the endpoint that a URL belongs to, derived from the site and the URL's origin (RFC 6454, section 4)."""
    return hashlib.sha256(f"{site_id} {_origin(url)}".encode()).hexdigest()[:32]


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # not a URL; each attempt will fail and say so
        return url
    return f"{parts.scheme}://{parts.hostname}:{port}"


def get(site_id: str, endpoint_id: str, *, consistent: bool = True) -> Endpoint:
    """Return an endpoint; one without a backlog if nothing is stored."""
    item = dynamo.get(settings().callbacks_table, _key(site_id, endpoint_id), consistent=consistent)
    return _from_item(site_id, endpoint_id, item or {})


def park(site_id: str, endpoint_id: str, changes: Sequence[StateChange], *, is_endpoint_fault: bool) -> Endpoint | None:
    """Park callbacks, or park them again for an earlier attempt.

    Args:
        changes: at most :data:`MAX_CHANGES`. Those whose state another worker has changed are left out.
        is_endpoint_fault: whether the endpoint was at fault; if so, it is down from now on.

    Returns:
        The endpoint if a new generation was started for it: the caller must start its execution.

    Raises:
        RuntimeError: other workers changed the endpoint during every attempt.
    """
    times = [change.after.next_attempt_at or 0 for change in changes]
    due = max(times) if is_endpoint_fault else min(times)  # an endpoint at fault rests for the longest wait that it asked for

    def attempt() -> Endpoint | None:
        endpoint = get(site_id, endpoint_id)
        is_covered = endpoint.has_backlog and (endpoint.is_down or endpoint.wakes_at <= due)
        action = _add_parked if is_covered else _start_generation
        if not _transact(changes, partial(action, endpoint, due=due, is_endpoint_fault=is_endpoint_fault)):
            raise dynamo.WriteConflict
        return None if is_covered else get(site_id, endpoint_id)

    return dynamo.retry_on_conflict(attempt, error=RuntimeError(f"endpoint {endpoint_id} is contended"))


def unpark(site_id: str, endpoint_id: str, changes: Sequence[StateChange]) -> None:
    """Write the new states of at most :data:`MAX_CHANGES` callbacks that were parked and no longer are."""
    if changes:
        _transact(changes, partial(_subtract_parked, Endpoint(endpoint_id, site_id)))


def unpark_claimed(state: DeliveryState) -> DeliveryState:
    """Remove a claimed callback from its endpoint's backlog, because its URL now belongs to another endpoint.

    Returns:
        The new state, still claimed.
    """
    unparked = replace(state, endpoint_id=None, next_attempt_at=None, parked_since=None)
    unpark(state.site_id, state.endpoint_id or "", [StateChange(state, unparked)])
    return replace(unparked, version=state.version + 1)


def due_subjects(endpoint_id: str, due_by: int) -> Iterator[tuple[str, str]]:
    """Yield the site id and subject id of each callback parked at an endpoint that is due by ``due_by``, earliest first."""
    return map(delivery_state.from_key, _query_due(endpoint_id, due_by))


def overdue_subjects(endpoint_id: str, due_by: int, parked_by: int) -> Iterator[tuple[str, str]]:
    """Yield what :func:`due_subjects` does, but only callbacks that were parked by ``parked_by``."""
    is_overdue = "parked_since <= :parked_by"
    items = _query_due(endpoint_id, due_by, {":parked_by": parked_by}, FilterExpression=is_overdue)
    return map(delivery_state.from_key, items)


def earliest_attempt_at(endpoint_id: str) -> int | None:
    """Return when the next callback parked at an endpoint is due (Unix time), as far as the index shows."""
    items = _query_parked("endpoint_id = :endpoint", {":endpoint": endpoint_id}, Limit=1)
    return next((item["next_attempt_at"] for item in items), None)


def is_index_current(endpoint: Endpoint) -> bool:
    """Return whether the index certainly shows everything that is parked at an endpoint."""
    return endpoint.parked_at + INDEX_LAG_SECONDS * _MICROSECONDS <= _microseconds_now()


def set_wake_time(endpoint: Endpoint, wakes_at: int) -> bool:
    """Record when the execution of an endpoint that is up wakes up.

    Returns:
        ``False`` if a callback was parked or a new generation started since the endpoint was read.
    """
    change = Update().set("wakes_at", wakes_at).remove("failures", "execution_failures")
    condition = f"{_SAME_GENERATION} AND parked_at = :parked_at"
    return _update(endpoint, change, condition, {":parked_at": endpoint.parked_at})


def record_failure(endpoint: Endpoint, wakes_at: int, failures: int) -> bool:
    """Record that an endpoint is down and is probed at ``wakes_at``; ``False`` if a new generation has started."""
    change = Update().set("wakes_at", wakes_at).set("failures", failures).remove("execution_failures")
    return _update(endpoint, change, _SAME_GENERATION)


def set_execution_failures(endpoint: Endpoint, failures: Failures | None) -> None:
    """Store the failures of an endpoint's executions; ``None`` when an execution has made progress."""
    change = Update().set("execution_failures", failures.to_item()) if failures else Update().remove("execution_failures")
    if failures or endpoint.execution_failures.reasons:
        _update(endpoint, change, _SAME_GENERATION)


def record_success(endpoint: Endpoint) -> None:
    """Record that an endpoint is up, so that new states are delivered at once again."""
    if endpoint.failures:
        _update(endpoint, Update().remove("failures"), _SAME_GENERATION)


def retire(endpoint: Endpoint) -> bool:
    """Mark an endpoint as without a backlog; ``False`` if a callback is parked or a new generation has started."""
    if endpoint.parked:
        return False
    return _update(
        endpoint,
        Update().remove("is_open", "failures", "execution_failures"),
        f"{_SAME_GENERATION} AND parked = :none",
        {":none": 0},
    )


def advance_generation(endpoint: Endpoint, wakes_at: int) -> Endpoint | None:
    """Start the next generation of an endpoint; ``None`` if another worker has, or if the endpoint has no backlog."""
    change = Update().add("generation").set("wakes_at", wakes_at)
    is_advanced = _update(endpoint, change, f"{_SAME_GENERATION} AND is_open = :open", {":open": _HAS_BACKLOG})
    return get(endpoint.site_id, endpoint.id) if is_advanced else None


def endpoints_with_backlog() -> Iterator[Endpoint]:
    """Yield the endpoints of all sites that have a backlog."""
    keys = dynamo.query(
        settings().callbacks_table,
        IndexName="open",
        KeyConditionExpression="is_open = :open",
        ExpressionAttributeValues={":open": _HAS_BACKLOG},
    )
    for item in keys:
        site_id, _, endpoint_id = item["pk"].split("#")
        yield get(site_id, endpoint_id)


def _transact(changes: Sequence[StateChange], endpoint_update: Callable[[Sequence[StateChange]], dict[str, Any]]) -> bool:
    """Write states and their endpoint in one transaction, leaving out states that another worker has changed.

    Args:
        endpoint_update: makes the endpoint's update from the changes of states.

    Returns:
        ``False`` if another worker has changed the endpoint.
    """
    while changes:
        puts = [{"Put": delivery_state.put_request(change.before, change.after)} for change in changes]
        try:
            dynamo.transact([*puts, {"Update": endpoint_update(changes)}])
        except dynamo.TransactionRefused as refusal:
            if len(changes) in refusal.failed:
                return False
            changes = [change for position, change in enumerate(changes) if position not in refusal.failed]
        else:
            return True
    return True


def _newly_parked(changes: Sequence[StateChange]) -> int:
    return sum(not change.before.is_parked for change in changes)


def _add_parked(endpoint: Endpoint, changes: Sequence[StateChange], due: int, is_endpoint_fault: bool) -> dict[str, Any]:
    change = Update().add("parked", _newly_parked(changes)).set("parked_at", _microseconds_now())
    condition = f"{_SAME_GENERATION} AND is_open = :open AND (attribute_exists(failures) OR wakes_at <= :due)"
    if is_endpoint_fault and due > endpoint.wakes_at:  # it asks for a longer wait than the callbacks that were parked before
        change.set("wakes_at", due)
        condition += " AND wakes_at <= :due"
    values = {":generation": endpoint.generation, ":open": _HAS_BACKLOG, ":due": due}
    return _update_request(endpoint, _with_failure(change, is_endpoint_fault), condition, values)


def _subtract_parked(endpoint: Endpoint, changes: Sequence[StateChange]) -> dict[str, Any]:
    return _update_request(endpoint, Update().add("parked", -len(changes)), "attribute_exists(pk)", {})


def _start_generation(endpoint: Endpoint, changes: Sequence[StateChange], due: int, is_endpoint_fault: bool) -> dict[str, Any]:
    change = (
        Update().add("parked", _newly_parked(changes), start=0).set("parked_at", _microseconds_now()).set("is_open", _HAS_BACKLOG)
    )
    change.set("wakes_at", due).set("generation", endpoint.generation + 1)
    values = {":generation": endpoint.generation} if endpoint.generation else {}
    condition = _SAME_GENERATION if endpoint.generation else "attribute_not_exists(pk)"
    return _update_request(endpoint, _with_failure(change, is_endpoint_fault), condition, values)


def _with_failure(change: Update, is_endpoint_fault: bool) -> Update:
    """Count concurrent failures of an endpoint as one."""
    return change.set_if_missing("failures", 1) if is_endpoint_fault else change


def _update_request(endpoint: Endpoint, change: Update, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
    key = _key(endpoint.site_id, endpoint.id)
    return dynamo.update_request(settings().callbacks_table, key, change, values, condition, "NONE")


def _update(endpoint: Endpoint, change: Update, condition: str, values: Mapping[str, Any] | None = None) -> bool:
    key = _key(endpoint.site_id, endpoint.id)
    all_values = {":generation": endpoint.generation, **(values or {})}
    return dynamo.update_if(settings().callbacks_table, key, change, all_values, condition=condition)


def _query_due(
    endpoint_id: str, due_by: int, values: Mapping[str, Any] | None = None, **request: Any
) -> Iterator[dict[str, Any]]:
    condition = "endpoint_id = :endpoint AND next_attempt_at <= :due_by"
    return _query_parked(condition, {":endpoint": endpoint_id, ":due_by": due_by, **(values or {})}, **request)


def _query_parked(condition: str, values: Mapping[str, Any], **request: Any) -> Iterator[dict[str, Any]]:
    return dynamo.query(
        settings().callbacks_table,
        IndexName="parked",
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        **request,
    )


def _microseconds_now() -> int:
    return int(clock.now().timestamp() * _MICROSECONDS)


def _key(site_id: str, endpoint_id: str) -> dict[str, str]:
    return {"pk": f"{site_id}#ENDPOINT#{endpoint_id}"}


def _from_item(site_id: str, endpoint_id: str, item: Mapping[str, Any]) -> Endpoint:
    numbers = {name: item[name] for name in ("generation", "parked", "failures", "wakes_at", "parked_at") if name in item}
    failures = Failures.from_item(item.get("execution_failures"))
    return Endpoint(endpoint_id, site_id, has_backlog="is_open" in item, execution_failures=failures, **numbers)
