"""The callback queue: messages whose customer has to be told of a new status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import orjson

from outreach import sqs
from outreach.messages.models import Message
from outreach.settings import settings


@dataclass(frozen=True)
class Announcement:
    """A message has a new status.

    Attributes:
        sequence: that of the change, at least.
        anew: to be told at once and even if it was told already.
        is_last: whether the message can get no newer status.
    """

    site_id: str
    message_id: str
    sequence: int
    anew: bool = False
    is_last: bool = False

    @classmethod
    def parse(cls, body: str) -> Announcement:
        """The inverse of :meth:`text`."""
        return cls(**orjson.loads(body))

    def text(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def announce(messages: Iterable[Message]) -> None:
    """Queue the callbacks of messages.

    Raises:
        RuntimeError: SQS took only a part; the caller repeats, copies are harmless.
    """
    put(Announcement(message.site_id, message.id, message.sequence, is_last=message.status.is_final) for message in messages)


def put(announcements: Iterable[Announcement], *, delay_seconds: int = 0) -> None:
    """Put announcements on the queue.

    Raises:
        RuntimeError: SQS took only a part.
    """
    entries = (sqs.Entry(announcement.site_id, announcement.text(), delay_seconds) for announcement in announcements)
    sqs.send(settings().callback_queue_url, entries)
