"""The send queue: which messages are to be sent, and when. A job carries ids and phone numbers, but no texts.

One SQS message carries up to ten recipients, which costs a tenth of the requests. Its delay ends when the last recipient's slot
begins, so an account never exceeds its rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import orjson

from outreach import clock, sqs
from outreach.messages.models import Message
from outreach.settings import settings
from outreach.tolerant_reader import known

MAX_RECIPIENTS = 10
# The greatest distance between two slots of one job. A slow account sends in bursts of that length.
MAX_SPREAD_SECONDS = 10

_MAX_DELAY_SECONDS = 900


def count_due() -> int:
    """Return about how many SQS messages are due in the queue and wait for a worker."""
    return sqs.count_visible(settings().send_queue_url)


@dataclass(frozen=True)
class JobRecipient:
    """A message to send.

    Attributes:
        message_id: the id of the message.
        number: the recipient's E.164 number, for the opt-out check before the message is read.
    """

    message_id: str
    number: str


@dataclass(frozen=True)
class SendJob:
    """One SQS message: recipients of one site, record and channel account whose slots are close together.

    Attributes:
        check: ``None`` to send; otherwise the number (0, 1, …) of the check for messages whose outcome is unknown.
        queued: the Unix time at which it was queued; the slots of earlier jobs may be void (:mod:`outreach.sending.pacing`).
    """

    site_id: str
    account_id: str
    record_id: str | None
    recipients: tuple[JobRecipient, ...]
    check: int | None = None
    queued: float = 0.0

    @classmethod
    def from_json(cls, body: str) -> SendJob:
        """Parse the body of an SQS message."""
        values = orjson.loads(body)
        recipients = tuple(JobRecipient(*recipient) for recipient in values["recipients"])
        return cls(**known(cls, values) | {"recipients": recipients})

    def to_json(self) -> str:
        """Return the body of an SQS message."""
        values = asdict(self) | {"recipients": [(recipient.message_id, recipient.number) for recipient in self.recipients]}
        return orjson.dumps(values).decode()


def enqueue(messages: Sequence[Message], slots: Sequence[float], spread: float = MAX_SPREAD_SECONDS) -> None:
    """Queue messages of one site, account and record, each for its slot.

    Args:
        slots: one Unix time per message, ascending.
        spread: how far apart the slots of one job may lie, in seconds.

    Raises:
        RuntimeError: SQS accepted only some of the jobs. Call again with all messages; queueing a message twice is harmless.
    """
    now = clock.now().timestamp()
    enqueue_jobs((_job(group), slot - now) for group, slot in _groups(messages, slots, spread))


def enqueue_by_second(messages: Sequence[Message], slots: Sequence[float]) -> None:
    """Queue messages of an account that its carrier throttles: those of the same second together. See :func:`enqueue`."""
    enqueue(messages, [math.ceil(slot) for slot in slots], spread=0)


def enqueue_jobs(jobs: Iterable[tuple[SendJob, float]]) -> None:
    """Queue jobs, each with its delay in seconds.

    Raises:
        RuntimeError: SQS accepted only some of the jobs.
    """
    now = clock.now().timestamp()
    sqs.send(settings().send_queue_url, (_entry(replace(job, queued=now), delay) for job, delay in jobs))


def requeue(message: Message, delay: float, *, check: int | None = None) -> None:
    """Queue one message again, after a delay in seconds."""
    enqueue_jobs([(replace(_job([message]), check=check), delay)])


def _entry(job: SendJob, delay: float) -> sqs.QueueMessage:
    return sqs.QueueMessage(job.site_id, job.to_json(), min(_MAX_DELAY_SECONDS, max(0, round(delay))))


def _job(messages: Sequence[Message]) -> SendJob:
    first = messages[0]
    recipients = tuple(JobRecipient(message.id, message.recipient) for message in messages)
    return SendJob(first.site_id, first.account_id, first.record_id, recipients)


def _groups(messages: Sequence[Message], slots: Sequence[float], spread: float) -> Iterator[tuple[list[Message], float]]:
    """Yield the messages of each job with the slot of the last one."""
    group: list[Message] = []
    first = last = 0.0
    for message, slot in zip(messages, slots, strict=True):
        if group and (len(group) == MAX_RECIPIENTS or slot - first > spread):
            yield group, last
            group = []
        first = first if group else slot
        last = slot
        group.append(message)
    if group:
        yield group, last
