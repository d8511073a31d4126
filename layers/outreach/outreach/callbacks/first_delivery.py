"""The first delivery of each callback, from the callback queue. Failed callbacks are parked for a retry.

All callbacks of a batch are posted concurrently, so a batch takes as long as its slowest endpoint. The jobs of each site are
handled separately: shared data is read once per site, and a failure that concerns one site does not affect the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, groupby
from operator import attrgetter
from typing import TypeVar

from outreach import clock
from outreach.callbacks import callback_queue, delivery_attempt, delivery_state, endpoint_backlog, retry_execution
from outreach.callbacks.callback_queue import CallbackJob
from outreach.callbacks.callback_request import Failed
from outreach.callbacks.delivery_attempt import PendingCallback
from outreach.callbacks.delivery_state import DeliveryState
from outreach.callbacks.endpoint_backlog import Endpoint, StateChange
from outreach.observability import logger
from outreach.sites import secrets

T = TypeVar("T")

_GetEndpoint = Callable[[str], Endpoint]

# Most claims have ended by then; a job that is still blocked is delayed once more.
_CLAIMED_DELAY_SECONDS = delivery_state.CLAIM_SECONDS // 3


@dataclass(frozen=True)
class _BacklogChange:
    """A state change that must be written together with an endpoint's count of parked callbacks."""

    endpoint_id: str
    change: StateChange
    is_endpoint_fault: bool = False


def deliver(jobs: Mapping[str, Sequence[CallbackJob]]) -> set[str]:
    """Deliver the newest state of each job's subject, unless it or a newer one was delivered already.

    Args:
        jobs: those of each queue message, by an id that the caller chooses.

    Returns:
        The ids of queue messages with a job that failed. They must be delivered again, which does not repeat their other jobs. A
        callback that its endpoint did not accept is parked and counts as handled.
    """
    ordered = sorted(chain.from_iterable(jobs.values()), key=attrgetter("site_id", "sequence"))
    sites = {site_id: list(group) for site_id, group in groupby(ordered, key=attrgetter("site_id"))}
    secrets.load_callbacks(sites)
    with ThreadPoolExecutor(len(sites)) as pool:
        tasks = {site_id: partial(_deliver_for_site, site_id, site_jobs) for site_id, site_jobs in sites.items()}
        failed_subjects, failed_sites = _run_concurrently(pool, tasks)

    def has_failed(job: CallbackJob) -> bool:
        return job.site_id in failed_sites or job.subject_id in failed_subjects[job.site_id]

    return {id_ for id_, group in jobs.items() if any(map(has_failed, group))}


def _deliver_for_site(site_id: str, jobs: Iterable[CallbackJob]) -> set[str]:
    """Deliver the jobs of one site, which are sorted by their sequence; return the subjects that failed."""
    job_of = _newest_jobs(jobs)
    get_endpoint = cache(partial(endpoint_backlog.get, site_id, consistent=False))
    last_states = delivery_state.get_many(site_id, [subject_id for subject_id, job in job_of.items() if job.is_last])
    with ThreadPoolExecutor(len(job_of)) as pool:
        claims = {
            subject_id: partial(_claim, job, last_states.get(subject_id), get_endpoint) for subject_id, job in job_of.items()
        }
        states, failed_claims = _run_concurrently(pool, claims)
        changes, failed_deliveries = _run_concurrently(pool, dict(_deliveries(site_id, job_of, states, get_endpoint)))
    logger().info("callbacks attempted", site_id=site_id, subject_ids=list(states))
    by_endpoint = sorted(changes.values(), key=attrgetter("endpoint_id", "is_endpoint_fault"))
    return failed_claims | failed_deliveries | _write_backlog_changes(site_id, by_endpoint)


def _run_concurrently(pool: ThreadPoolExecutor, tasks: Mapping[str, Callable[[], T | None]]) -> tuple[dict[str, T], set[str]]:
    """Run tasks in a pool; return their results other than ``None``, and the names of tasks that raised."""
    futures = {name: pool.submit(task) for name, task in tasks.items()}
    errors = {name: error for name, future in futures.items() if (error := future.exception())}
    for name, error in errors.items():
        logger().error("callback delivery failed", exc_info=error, task=name)
    results = {name: future.result() for name, future in futures.items() if name not in errors}
    return {name: result for name, result in results.items() if result is not None}, set(errors)


def _newest_jobs(jobs: Iterable[CallbackJob]) -> dict[str, CallbackJob]:
    """Return the last job of each subject. It is enough, because every delivery posts the subject's newest state."""
    job_of: dict[str, CallbackJob] = {}
    for job in jobs:
        older = job_of.get(job.subject_id)
        job_of[job.subject_id] = replace(job, force=job.force or bool(older and older.force))
    return job_of


def _claim(job: CallbackJob, last_state: DeliveryState | None, get_endpoint: _GetEndpoint) -> DeliveryState | None:
    """Return the state of a subject that must be delivered now, claimed unless the subject has reached its last state.

    A subject whose older state is parked must be delivered now, unless its endpoint is down.

    Args:
        last_state: the delivery state of a subject that has reached its last state, else ``None``.
    """
    try:
        try:
            return _claim_unless_parked(job, last_state)
        except delivery_state.OlderStateParked as parked:
            if get_endpoint(parked.endpoint_id).is_down:
                return None
            return delivery_state.claim_newer(job.site_id, job.subject_id, job.sequence)
    except delivery_state.AlreadyClaimed:
        callback_queue.put([job], delay_seconds=_CLAIMED_DELAY_SECONDS)
        return None


def _claim_unless_parked(job: CallbackJob, last_state: DeliveryState | None) -> DeliveryState | None:
    if job.force:
        return delivery_state.force_claim(job.site_id, job.subject_id)
    if last_state:
        return last_state if delivery_state.needs_delivery(last_state, job.sequence) else None
    return delivery_state.claim(job.site_id, job.subject_id, job.sequence)


def _deliveries(
    site_id: str, job_of: Mapping[str, CallbackJob], states: Mapping[str, DeliveryState], get_endpoint: _GetEndpoint
) -> Iterator[tuple[str, Callable[[], _BacklogChange | None]]]:
    """Yield each subject's id and the task that delivers it. Data that the tasks share is read here."""
    callbacks = _load_pending(site_id, job_of, states)
    for subject_id, state in states.items():
        if callback := callbacks.get(subject_id):
            endpoint = get_endpoint(callback.endpoint_id)
            yield subject_id, partial(_attempt, state, callback, endpoint, force=job_of[subject_id].force)
        else:
            yield subject_id, partial(_write_unless_backlog_changes, delivery_attempt.finish(state, None))


def _load_pending(site_id: str, job_of: Mapping[str, CallbackJob], subject_ids: Iterable[str]) -> dict[str, PendingCallback]:
    """Load subjects. First read eventually consistently; read those consistently that this does not show in their last state."""
    subject_ids = list(subject_ids)
    last_ids = [subject_id for subject_id in subject_ids if job_of[subject_id].is_last]
    eventual = delivery_attempt.load_pending(site_id, last_ids, consistent=False)
    current = {key: callback for key, callback in eventual.items() if callback.sequence >= job_of[key].sequence}
    return current | delivery_attempt.load_pending(site_id, [key for key in subject_ids if key not in current])


def _attempt(state: DeliveryState, callback: PendingCallback, endpoint: Endpoint, *, force: bool) -> _BacklogChange | None:
    if state.endpoint_id not in (None, endpoint.id):
        state = endpoint_backlog.unpark_claimed(state)
    if endpoint.is_down and not force:
        return _BacklogChange(endpoint.id, delivery_attempt.postpone(state, endpoint))
    response = delivery_attempt.post_callback(callback)
    change = delivery_attempt.apply_response(state, endpoint.id, callback.sequence, response)
    is_endpoint_fault = isinstance(response, Failed) and response.endpoint_fault
    backlog_change = _write_unless_backlog_changes(change, is_endpoint_fault=is_endpoint_fault)
    if endpoint.is_down and not is_endpoint_fault:  # a redelivery has found it up: what is parked need not wait until its probe
        retry_execution.start_next_generation(endpoint, int(clock.now().timestamp()))
    return backlog_change


def _write_unless_backlog_changes(change: StateChange, *, is_endpoint_fault: bool = False) -> _BacklogChange | None:
    """Write a change of a callback that is not parked; return any other one, for :func:`_write_backlog_changes`."""
    before, after = change.before, change.after
    if not before.is_parked and not after.is_parked:
        delivery_state.put(before, after)
        return None
    return _BacklogChange(after.endpoint_id or before.endpoint_id or "", change, is_endpoint_fault)


def _write_backlog_changes(site_id: str, backlog_changes: Iterable[_BacklogChange]) -> set[str]:
    """Write sorted changes, a transaction for each endpoint; return the ids of subjects whose write failed."""
    failed = set()
    for (endpoint_id, is_endpoint_fault), group in groupby(backlog_changes, key=attrgetter("endpoint_id", "is_endpoint_fault")):
        changes = [entry.change for entry in group]
        try:
            _write_backlog(site_id, endpoint_id, changes, is_endpoint_fault=is_endpoint_fault)
        except Exception:
            logger().exception("callbacks could not be parked", endpoint_id=endpoint_id, site_id=site_id)
            failed |= {change.before.subject_id for change in changes}
    return failed


def _write_backlog(site_id: str, endpoint_id: str, changes: list[StateChange], *, is_endpoint_fault: bool) -> None:
    endpoint_backlog.unpark(site_id, endpoint_id, [change for change in changes if not change.after.is_parked])
    parked = [change for change in changes if change.after.is_parked]
    advanced = endpoint_backlog.park(site_id, endpoint_id, parked, is_endpoint_fault=is_endpoint_fault) if parked else None
    if advanced:
        retry_execution.start(advanced)
