"""The send queue: which messages are due when. It carries ids and numbers, never bodies.

Up to ten recipients share one SQS message, so that a message costs a tenth of a request; the delay ends when the last of
them is due, so that an account's rate is never passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import orjson

from outreach import clock, sqs
from outreach.messages.models import Message
from outreach.settings import settings

MAX_RECIPIENTS = 10
# How far apart the slots of recipients that share an SQS message may be: how much a slow account may bunch up.
MAX_SPREAD_SECONDS = 10

_MAX_DELAY_SECONDS = 900


@dataclass(frozen=True)
class Recipient:
    """A message that is due and its number, which the opt-out check needs before the row is read."""

    message_id: str
    number: str


@dataclass(frozen=True)
class Due:
    """One SQS message: messages of one site, record and channel account that are due together.

    Attributes:
        check: ``None`` to send; else which look (0, 1, …) at a message whose carrier's answer was lost.
    """

    site_id: str
    account_id: str
    record_id: str | None
    recipients: tuple[Recipient, ...]
    check: int | None = None

    @classmethod
    def parse(cls, body: str) -> Due:
        """The inverse of :meth:`text`."""
        values = orjson.loads(body)
        return cls(**values | {"recipients": tuple(Recipient(*recipient) for recipient in values["recipients"])})

    def text(self) -> str:
        values = asdict(self) | {"recipients": [(recipient.message_id, recipient.number) for recipient in self.recipients]}
        return orjson.dumps(values).decode()


def enqueue(messages: Sequence[Message], slots: Sequence[float]) -> None:
    """Queue messages of one site, account and record, each at its slot (Unix times, ascending).

    Raises:
        RuntimeError: SQS took only a part; the caller repeats, copies are harmless.
    """
    now = clock.now().timestamp()
    send((_due(group), slot - now) for group, slot in _groups(messages, slots))


def send(entries: Iterable[tuple[Due, float]]) -> None:
    """Put SQS messages on the queue, each with its delay in seconds.

    Raises:
        RuntimeError: as in :func:`enqueue`.
    """
    sqs.send(settings().send_queue_url, (_entry(due, delay) for due, delay in entries))


def again(due: Due, recipient: Recipient, delay: float, *, check: int | None = None) -> None:
    """Queue one recipient of ``due`` once more."""
    send([(Due(due.site_id, due.account_id, due.record_id, (recipient,), check), delay)])


def _entry(due: Due, delay: float) -> sqs.Entry:
    return sqs.Entry(due.site_id, due.text(), min(_MAX_DELAY_SECONDS, max(0, round(delay))))


def _due(messages: Sequence[Message]) -> Due:
    first = messages[0]
    recipients = tuple(Recipient(message.id, message.recipient) for message in messages)
    return Due(first.site_id, first.account_id, first.record_id, recipients)


def _groups(messages: Sequence[Message], slots: Sequence[float]) -> Iterator[tuple[list[Message], float]]:
    group: list[Message] = []
    first = last = 0.0
    for message, slot in zip(messages, slots, strict=True):
        if group and (len(group) == MAX_RECIPIENTS or slot - first > MAX_SPREAD_SECONDS):
            yield group, last
            group = []
        first = first if group else slot
        last = slot
        group.append(message)
    if group:
        yield group, last
