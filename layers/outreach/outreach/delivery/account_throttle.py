"""Throttles one account in one batch: a 429 slows the account down, and messages that cannot be sent now take new slots.

After a 429 the batch makes no further request for the account. When the batch is over, one write lowers the account's rate and
reserves slots for all messages that take new ones. Untried messages come first, so that no message is throttled repeatedly while
the rate adapts.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from outreach import clock
from outreach.messages import message_store
from outreach.messages.models import ClaimState, Message
from outreach.messages.status import MessageStatus
from outreach.observability import count, logger
from outreach.sending import pacing, send_queue
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.sending.pacing import MIN_RATE, THROTTLED_SECONDS, Tally
from outreach.sending.send_queue import SendJob


class AccountThrottle:
    """The throttle of an account, shared by the threads that send a batch of messages."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self._seen = pacing.read(breaker.account)
        self._lock = Lock()
        self._accepted = 0
        self._untried: list[str] = []
        self._throttled: list[Message] = []
        self._wait = 0.0
        self._reason = ""

    def allows(self, job: SendJob) -> bool:
        """Return whether messages of a job may be sent now."""
        return not self._throttled and job.queued >= self._seen.slowed_at

    def reschedule(self, message_id: str) -> None:
        """Give a message a new slot at the end of the batch."""
        with self._lock:
            self._untried.append(message_id)

    def record_acceptance(self) -> None:
        with self._lock:
            self._accepted += 1

    def record_throttling(self, message: Message, reason: str, seconds: float | None) -> None:
        """Slow the account down at the end of the batch, and give a message, whose claim is free again, a new slot.

        Args:
            reason: the carrier's error message.
            seconds: the wait time that the carrier asks for, if any.
        """
        with self._lock:
            self._throttled.append(message)
            self._wait = max(self._wait, THROTTLED_SECONDS if seconds is None else seconds)
            self._reason = reason

    def settle(self) -> None:
        """Queue the messages that take new slots. This must happen before their jobs are deleted."""
        if self._throttled:
            self._slow_down()
        if messages := [*self._waiting_untried(), *self._throttled]:
            self._queue(messages)

    def _slow_down(self) -> None:
        """Report the slow account; pause it if it takes nothing even at the lowest rate."""
        account = self._breaker.account
        count("AccountThrottled")
        logger().warning("account throttled", account_id=account.id, site_id=account.site_id, throttled=len(self._throttled))
        rate = self._seen.rate_at(clock.now().timestamp())
        if not self._accepted and self._tally.reduce(rate) <= MIN_RATE:
            self._breaker.record_failure(self._reason)

    @property
    def _tally(self) -> Tally:
        return Tally(self._accepted, len(self._throttled))

    def _waiting_untried(self) -> list[Message]:
        if not self._untried:
            return []
        messages = message_store.get_many(
            self._breaker.account.site_id, dict.fromkeys(self._untried), consistent=True, texts=False
        )
        ordered = (messages[message_id] for message_id in dict.fromkeys(self._untried) if message_id in messages)
        return [message for message in ordered if _is_waiting(message)]

    def _queue(self, messages: Sequence[Message]) -> None:
        now = clock.now().timestamp()
        segments = [message.segments for message in messages]
        slots = pacing.lower_rate(self._breaker.account, self._seen, self._tally, segments, now=now, earliest=now + self._wait)
        message_store.postpone(messages, slots)
        for job in _by_record(messages, slots):
            send_queue.enqueue_by_second(*job)


def _is_waiting(message: Message) -> bool:
    return message.claim.state is ClaimState.FREE and message.status in (MessageStatus.QUEUED, MessageStatus.SENDING)


def _by_record(messages: Sequence[Message], slots: Sequence[float]) -> list[tuple[list[Message], list[float]]]:
    """Return messages and slots by campaign record, because all messages of a job have the same one."""
    groups: dict[str | None, tuple[list[Message], list[float]]] = {}
    for message, slot in zip(messages, slots, strict=True):
        group = groups.setdefault(message.record_id, ([], []))
        group[0].append(message)
        group[1].append(slot)
    return list(groups.values())
