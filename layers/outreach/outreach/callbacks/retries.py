"""Trying again what is parked at an endpoint, as much of it as fits into one invocation.

The first is a probe: only when the endpoint is up, the others follow. When it turns out to be down (again), all that is left is
put off until the next probe, without a write to any of it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice

from outreach import clock
from outreach.callbacks import parking, queue, schedule, state, telling
from outreach.callbacks.endpoint import Answer, Failed
from outreach.callbacks.parking import Change, Endpoint
from outreach.callbacks.queue import Announcement
from outreach.callbacks.state import Attempt, Outcome, State
from outreach.observability import logger

# How many callbacks an endpoint gets at once.
_CONCURRENT = 25


class Progress(StrEnum):
    """What the execution does next: go on at once, wait, or end."""

    MORE = "more"
    WAIT = "wait"
    DONE = "done"


@dataclass(frozen=True)
class Step:
    """What came of an invocation; ``wakes_at`` is a Unix time."""

    progress: Progress
    wakes_at: int = 0


@dataclass(frozen=True)
class _Tried:
    """``answer`` is ``None`` when the endpoint was not asked."""

    change: Change
    answer: Answer | None


def drain(site_id: str, endpoint_id: str, generation: int, has_time: Callable[[], bool]) -> Step:
    """Try what is due at an endpoint.

    Args:
        generation: of the execution; one that is not the newest ends.
        has_time: whether another batch fits into the invocation.
    """
    at = parking.get(site_id, endpoint_id)
    if not at.is_open or at.generation != generation:
        return Step(Progress.DONE)
    due = parking.due_messages(endpoint_id, _now())
    failures, size = at.failures + 1, 1
    while keys := list(islice(due, size)):
        tried = _try_all(at, keys)
        if fault := _fault(tried):
            return _back_off(at, fault, failures, has_time)
        if size == 1 and any(outcome.answer for outcome in tried):
            parking.recover(at)
            failures, size = 1, _CONCURRENT
        if not has_time():
            return Step(Progress.MORE)
    return _rest(at)


def _try_all(at: Endpoint, keys: list[tuple[str, str]]) -> list[_Tried]:
    with ThreadPoolExecutor(len(keys)) as pool:
        tried = [outcome for outcome in pool.map(partial(_try, at), keys) if outcome]
    parking.unpark(at.site_id, at.id, [outcome.change for outcome in tried if not outcome.change.after.is_parked])
    return tried


def _try(at: Endpoint, key: tuple[str, str]) -> _Tried | None:
    try:
        held = state.take_parked(*key, at.id)
    except state.Busy:
        return None
    if held is None:
        return None
    try:
        tried = _tell(at, held)
    except Exception as error:
        # A fault of ours: on with the schedule, for one message must not keep the others from their turn.
        logger().exception("a callback could not be tried", message_id=held.message_id, site_id=held.site_id)
        tried = _Tried(telling.concluded(held, at.id, None, Failed(type(error).__name__)), None)
    if tried.change.after.is_parked:
        state.put(tried.change.held, tried.change.after)
    return tried


def _tell(at: Endpoint, held: State) -> _Tried:
    news = telling.read(held.site_id, [held.message_id]).get(held.message_id)
    if news is None:
        return _Tried(telling.ended(held, None), None)
    if news.endpoint_id != at.id:  # its URL was changed: a first try at the new one
        queue.put([Announcement(held.site_id, held.message_id, news.message.sequence, anew=True)])
        return _Tried(telling.ended(held, None), None)
    answer = telling.post(news)
    return _Tried(telling.concluded(held, at.id, news.message.sequence, answer), answer)


def _fault(tried: list[_Tried]) -> Failed | None:
    """The endpoint's own fault, if it had one; the one that asks for the longest pause."""
    faults = [outcome.answer for outcome in tried if isinstance(outcome.answer, Failed) and outcome.answer.endpoint_fault]
    return max(faults, key=lambda fault: fault.retry_after or 0, default=None)


def _back_off(at: Endpoint, fault: Failed, failures: int, has_time: Callable[[], bool]) -> Step:
    """Leave a faulty endpoint alone until the next probe."""
    now = _now()
    wakes_at = schedule.next_probe(at.id, failures, now, fault.retry_after)
    if failures >= len(schedule.WAITS):
        _give_up(at, now, has_time)
    if parking.close(parking.get(at.site_id, at.id)) or not parking.back_off(at, wakes_at, failures):
        return Step(Progress.DONE)
    return Step(Progress.WAIT, wakes_at)


def _give_up(at: Endpoint, now: int, has_time: Callable[[], bool]) -> None:
    """Give up what has waited for as long as the whole schedule at an endpoint that was down all the time."""
    overdue = parking.overdue_messages(at.id, now, since=now - schedule.PATIENCE_SECONDS)
    while has_time() and (keys := list(islice(overdue, parking.MAX_CHANGES))):
        with ThreadPoolExecutor(_CONCURRENT) as pool:
            changes = [change for change in pool.map(partial(_given_up, at), keys) if change]
        parking.unpark(at.site_id, at.id, changes)


def _given_up(at: Endpoint, key: tuple[str, str]) -> Change | None:
    try:
        held = state.take_parked(*key, at.id)
    except state.Busy:
        return None
    attempt = Attempt(clock.timestamp(clock.now()), Outcome.GIVEN_UP, reason="the endpoint stayed down")
    return telling.ended(held, attempt) if held else None


def _rest(at: Endpoint) -> Step:
    """Close an endpoint where nothing is parked any more; else sleep until the next message is due."""
    seen = parking.get(at.site_id, at.id)
    if seen.generation != at.generation or parking.close(seen):
        return Step(Progress.DONE)
    soon = _now() + parking.SETTLE_SECONDS
    due = parking.earliest_due(at.id) if parking.is_settled(seen) else None
    wakes_at = max(soon, due or 0)
    return Step(Progress.WAIT, wakes_at if parking.sleep(seen, wakes_at) else soon)


def _now() -> int:
    return int(clock.now().timestamp())
