"""Consumes the send queue: sends, skips, reconciles or defers each recipient."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

from outreach import aws_errors, clock
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import RecordStatus
from outreach.consent import opt_outs
from outreach.delivery import unknown_outcomes
from outreach.delivery.account_throttle import AccountThrottle
from outreach.delivery.send_attempt import attempt_send
from outreach.errors import NotFound
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.messages.status import SkipReason
from outreach.observability import logger
from outreach.sending import send_queue
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.sending.quiet_hours import SendingHours
from outreach.sending.send_queue import JobRecipient, SendJob
from outreach.sites import secrets, site_store

T = TypeVar("T")

# Calls to carriers that one invocation makes at the same time; each takes some hundred milliseconds.
_CONCURRENT_CALLS = 32


def process_jobs(jobs: Mapping[str, SendJob]) -> set[str]:
    """Process the recipients of all jobs concurrently.

    Args:
        jobs: the jobs, by SQS message id.

    Returns:
        The ids of the jobs that failed and must be delivered again.
    """
    context = _BatchContext(jobs)
    secrets.load_accounts({(job.site_id, job.account_id) for job in jobs.values()})
    failed = set()
    retries: dict[str, dict[JobRecipient, float]] = {}
    with ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
        running = {
            pool.submit(_process_recipient, context, job, recipient): (job_id, recipient)
            for job_id, job in jobs.items()
            for recipient in job.recipients
        }
        for future in as_completed(running):
            job_id, recipient = running[future]
            if error := future.exception():
                logger().error("a send job failed", exc_info=error, message_id=recipient.message_id)
                failed.add(job_id)
                _record_error(jobs[job_id], recipient, error)
            elif retry_at := future.result():
                retries.setdefault(job_id, {})[recipient] = retry_at
    failed |= context.settle_throttles()
    logger().info("send jobs processed", messages=len(running), requeued=sum(map(len, retries.values())), failed=len(failed))
    _requeue({job_id: jobs[job_id] for job_id in retries}, retries)
    return failed


def _record_error(job: SendJob, recipient: JobRecipient, error: BaseException) -> None:
    """Record why a message cannot be sent. This fails in an outage of the table, which the sweep counts as transient."""
    try:
        message_store.record_error(job.site_id, recipient.message_id, aws_errors.name_of(error))
    except Exception:
        logger().exception("an error could not be recorded", message_id=recipient.message_id)


def _requeue(jobs: Mapping[str, SendJob], retries: Mapping[str, Mapping[JobRecipient, float]]) -> None:
    """Queue recipients again at the given Unix times; those of one job share a job at the latest of these times."""
    now = clock.now().timestamp()
    delayed_jobs: list[tuple[SendJob, int]] = []
    for job_id, job in jobs.items():
        retry_times = retries[job_id]
        delay = math.ceil(max(retry_times.values()) - now)
        delayed_jobs.append((replace(job, recipients=tuple(retry_times)), delay))
    send_queue.enqueue_jobs(delayed_jobs)


class _BatchContext:
    """Reads, once each, what the recipients of a batch share: accounts, credentials, records, opt-outs. A failure counts for all.

    Everything is read before a message is claimed, so an error here never leaves the outcome of a call unknown.
    """

    def __init__(self, jobs: Mapping[str, SendJob]) -> None:
        self._jobs = jobs
        self._lock = Lock()
        self._cache: dict[tuple[str, ...], Any] = {}
        self._failures: dict[tuple[str, ...], Exception] = {}

    def breaker(self, job: SendJob) -> CircuitBreaker:
        return self._read_once(
            ("breaker", job.site_id, job.account_id), lambda: CircuitBreaker(site_store.get_account(job.site_id, job.account_id))
        )

    def throttle(self, job: SendJob) -> AccountThrottle:
        breaker = self.breaker(job)
        return self._read_once(("throttle", job.site_id, job.account_id), lambda: AccountThrottle(breaker))

    def settle_throttles(self) -> set[str]:
        """Queue the messages that take new slots; return the ids of the jobs for which that failed."""
        failed: set[str] = set()
        for key, throttle in self._cache.items():
            if isinstance(throttle, AccountThrottle) and not _try_to_settle(throttle):
                failed |= {job_id for job_id, job in self._jobs.items() if (job.site_id, job.account_id) == key[1:]}
        return failed

    def credentials(self, job: SendJob) -> Mapping[str, str]:
        return self._read_once(
            ("credentials", job.site_id, job.account_id), lambda: secrets.account_credentials(job.site_id, job.account_id)
        )

    def record_status(self, job: SendJob) -> RecordStatus | None:
        if job.record_id is None:
            return None
        record_id = job.record_id
        return self._read_once(("record", job.site_id, record_id), lambda: campaign_records.get(job.site_id, record_id).status)

    def sending_hours(self, job: SendJob) -> SendingHours | None:
        """Return the site's sending hours for a campaign; ``None`` for single messages, which are sent at any hour."""
        if job.record_id is None:
            return None
        return self._read_once(("hours", job.site_id), lambda: _sending_hours(job.site_id))

    def opted_out_numbers(self, site_id: str) -> set[str]:
        return self._read_once(("optouts", site_id), lambda: opt_outs.opted_out_among(site_id, self._numbers(site_id)))

    def _numbers(self, site_id: str) -> list[str]:
        return [recipient.number for job in self._jobs.values() if job.site_id == site_id for recipient in job.recipients]

    def _read_once(self, key: tuple[str, ...], read: Callable[[], T]) -> T:
        with self._lock:
            if key in self._failures:
                raise self._failures[key]
            if key not in self._cache:
                try:
                    self._cache[key] = read()
                except Exception as error:
                    self._failures[key] = error
                    raise
            return self._cache[key]  # type: ignore[no-any-return]


def _sending_hours(site_id: str) -> SendingHours | None:
    text = site_store.get_site(site_id).sending_hours
    return SendingHours.parse(text) if text else None


def _try_to_settle(throttle: AccountThrottle) -> bool:
    try:
        throttle.settle()
    except Exception:
        logger().exception("throttled messages could not be rescheduled")
        return False
    return True


def _process_recipient(context: _BatchContext, job: SendJob, recipient: JobRecipient) -> float | None:
    """Process one recipient; return the Unix time at which it must be queued again, if it must."""
    breaker = context.breaker(job)
    try:
        credentials = context.credentials(job)
    except secrets.MissingCredentials as error:
        # Its messages wait, as for any other fault of the account, for a week; then the sweep fails them.
        retry_at = breaker.record_failure(str(error))
        return None if breaker.has_failed_too_long else retry_at
    status = context.record_status(job)
    if job.check is not None:
        open_until = breaker.open_until()
        if open_until and not breaker.has_failed_too_long:
            return open_until  # a carrier that rejects the account cannot be asked for the outcome
        unknown_outcomes.check(breaker.account, credentials, job, recipient)
    elif status is RecordStatus.PAUSED:
        pass  # after a resume, the release loop or the sweep queues the message again
    elif status is RecordStatus.CANCELLED:
        _skip(job, recipient, SkipReason.CANCELLED)
    elif recipient.number in context.opted_out_numbers(job.site_id):
        _skip(job, recipient, SkipReason.OPTED_OUT)
    elif breaker.account.stop:
        pass  # after the start, the release loop or the sweep queues the message again
    elif deferral := _deferral(context.sending_hours(job), job, recipient):
        _defer(*deferral)
    else:
        return attempt_send(breaker, context.throttle(job), credentials, job, recipient)
    return None


def _deferral(hours: SendingHours | None, job: SendJob, recipient: JobRecipient) -> tuple[Message, datetime] | None:
    """Return a message whose quiet hours have begun, with the end of these; ``None`` when it may be sent now."""
    if hours is None:
        return None
    message = message_store.get(job.site_id, recipient.message_id, text=False)
    now = clock.now()
    allowed = hours.next_allowed(now, message.time_zones)
    return None if allowed == now else (message, allowed)


def _defer(message: Message, until: datetime) -> None:
    """Defer a message to the end of its quiet hours; the sweep then queues it again."""
    message_store.postpone([message], [until.timestamp()])


def _skip(job: SendJob, recipient: JobRecipient, reason: SkipReason) -> None:
    """Skip a campaign's message; a single message fails instead."""
    try:
        message = message_store.get(job.site_id, recipient.message_id, text=False)
    except NotFound:
        return
    if message.record_id:
        message_store.skip(message, reason)
    else:
        message_store.fail_waiting(message, reason)
