"""Retries of the callbacks parked at one endpoint, as many as fit into one invocation.

The first callback is a probe; the others follow only if it shows that the endpoint is up. If the endpoint is at fault, the
remaining callbacks wait until the next probe, without a write to any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice

from outreach import clock
from outreach.callbacks import callback_queue, delivery_attempt, delivery_state, endpoint_backlog, retry_end, retry_schedule
from outreach.callbacks.callback_queue import CallbackJob
from outreach.callbacks.callback_request import EndpointResponse, Failed
from outreach.callbacks.delivery_state import DeliveryState
from outreach.callbacks.endpoint_backlog import Endpoint, StateChange
from outreach.observability import logger

# How many callbacks are posted to an endpoint at once.
_MAX_CONCURRENT = 25


class RetryProgress(StrEnum):
    """What the execution does next: continue at once, wait, or end."""

    MORE = "more"
    WAIT = "wait"
    DONE = "done"


@dataclass(frozen=True)
class RetryStep:
    """The result of an invocation; ``wakes_at`` is a Unix time."""

    progress: RetryProgress
    wakes_at: int = 0


@dataclass(frozen=True)
class _Result:
    """The result of an attempt; ``response`` is ``None`` if nothing was posted."""

    change: StateChange
    response: EndpointResponse | None


def retry_due_callbacks(site_id: str, endpoint_id: str, generation: int, has_time: Callable[[], bool]) -> RetryStep:
    """Retry the callbacks of an endpoint that are due.

    Args:
        generation: the generation that the execution serves; an execution that does not serve the newest one ends.
        has_time: whether another batch fits into the invocation.
    """
    endpoint = endpoint_backlog.get(site_id, endpoint_id)
    if not endpoint.has_backlog or endpoint.generation != generation:
        return RetryStep(RetryProgress.DONE)
    if endpoint.is_down and endpoint.wakes_at > _now():  # another delivery has found it down since this execution began to wait
        return RetryStep(RetryProgress.WAIT, endpoint.wakes_at)
    return _retry_due(endpoint, has_time)


def _retry_due(endpoint: Endpoint, has_time: Callable[[], bool]) -> RetryStep:
    due = endpoint_backlog.due_subjects(endpoint.id, _now())
    failures, batch_size = endpoint.failures + 1, 1
    while keys := list(islice(due, batch_size)):
        results = _attempt_batch(endpoint, keys)
        if fault := _endpoint_fault(results):
            return _back_off(endpoint, fault, failures, has_time)
        if batch_size == 1 and any(result.response for result in results):
            endpoint_backlog.record_success(endpoint)
            failures, batch_size = 1, _MAX_CONCURRENT
        if not has_time():
            endpoint_backlog.set_execution_failures(endpoint, None)
            return RetryStep(RetryProgress.MORE)
    return _retire_or_wait(endpoint)


def _attempt_batch(endpoint: Endpoint, keys: list[tuple[str, str]]) -> list[_Result]:
    with ThreadPoolExecutor(len(keys)) as pool:
        results = [result for result in pool.map(partial(_attempt, endpoint), keys) if result]
    unparked = [result.change for result in results if not result.change.after.is_parked]
    endpoint_backlog.unpark(endpoint.site_id, endpoint.id, unparked)
    return results


def _attempt(endpoint: Endpoint, key: tuple[str, str]) -> _Result | None:
    state = _claim_parked(endpoint, key)
    if state is None:
        return None
    try:
        result = _deliver(endpoint, state)
    except Exception:
        # An internal error counts as a failed attempt, so that the callback does not block the others.
        logger().exception("a callback could not be attempted", subject_id=state.subject_id, site_id=state.site_id)
        result = _Result(delivery_attempt.apply_response(state, endpoint.id, None, Failed("internal error")), None)
    if result.change.after.is_parked:
        delivery_state.put(result.change.before, result.change.after)
    return result


def _claim_parked(endpoint: Endpoint, key: tuple[str, str]) -> DeliveryState | None:
    try:
        return delivery_state.claim_parked(*key, endpoint.id)
    except delivery_state.AlreadyClaimed:
        return None


def _deliver(endpoint: Endpoint, state: DeliveryState) -> _Result:
    callback = delivery_attempt.load_pending(state.site_id, [state.subject_id]).get(state.subject_id)
    if callback is None:
        return _Result(delivery_attempt.finish(state, None), None)
    if callback.endpoint_id != endpoint.id:  # the URL has changed: queue a first delivery to the new one
        callback_queue.put([CallbackJob(state.site_id, state.subject_id, callback.sequence, force=True)])
        return _Result(delivery_attempt.finish(state, None), None)
    response = delivery_attempt.post_callback(callback)
    return _Result(delivery_attempt.apply_response(state, endpoint.id, callback.sequence, response), response)


def _endpoint_fault(results: list[_Result]) -> Failed | None:
    """Return the answer that shows the endpoint at fault, if any; of several, the one that asks for the longest wait."""
    faults = [result.response for result in results if isinstance(result.response, Failed) and result.response.endpoint_fault]
    return max(faults, key=lambda fault: fault.retry_after or 0, default=None)


def _back_off(endpoint: Endpoint, fault: Failed, failures: int, has_time: Callable[[], bool]) -> RetryStep:
    """Wait until the next probe of an endpoint that is at fault."""
    now = _now()
    wakes_at = retry_schedule.next_probe(endpoint.id, failures, now, fault.retry_after)
    if failures >= len(retry_schedule.DELAYS):
        _give_up_overdue(endpoint, now, has_time)
    is_retired = endpoint_backlog.retire(endpoint_backlog.get(endpoint.site_id, endpoint.id))
    if is_retired or not endpoint_backlog.record_failure(endpoint, wakes_at, failures):
        return RetryStep(RetryProgress.DONE)
    return RetryStep(RetryProgress.WAIT, wakes_at)


def _give_up_overdue(endpoint: Endpoint, now: int, has_time: Callable[[], bool]) -> None:
    """Give up callbacks that have been parked for the whole schedule at an endpoint that stayed down."""
    overdue = endpoint_backlog.overdue_subjects(endpoint.id, now, parked_by=now - retry_schedule.TOTAL_SECONDS)
    retry_end.give_up(endpoint, overdue, "the endpoint stayed down", has_time)


def _retire_or_wait(endpoint: Endpoint) -> RetryStep:
    """Retire the endpoint if nothing is parked any more; else wait until the next callback is due."""
    current = endpoint_backlog.get(endpoint.site_id, endpoint.id)
    if current.generation != endpoint.generation or endpoint_backlog.retire(current):
        return RetryStep(RetryProgress.DONE)
    soon = _now() + endpoint_backlog.INDEX_LAG_SECONDS
    due = endpoint_backlog.earliest_attempt_at(endpoint.id) if endpoint_backlog.is_index_current(current) else None
    wakes_at = max(soon, due or 0)
    return RetryStep(RetryProgress.WAIT, wakes_at if endpoint_backlog.set_wake_time(current, wakes_at) else soon)


def _now() -> int:
    return int(clock.now().timestamp())
