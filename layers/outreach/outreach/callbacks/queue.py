"""The callback queue: messages whose customer has to be told of a new status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import orjson

from outreach import aws, dynamo
from outreach.messages.models import Message
from outreach.settings import settings

_MAX_BATCH = 10


@dataclass(frozen=True)
class Announcement:
    """A message has a new status.

    Attributes:
        sequence: that of the change, at least.
        anew: to be told at once and even if it was told already.
    """

    site_id: str
    message_id: str
    sequence: int
    anew: bool = False

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
    put([Announcement(message.site_id, message.id, message.sequence) for message in messages])


def put(announcements: list[Announcement], *, delay_seconds: int = 0) -> None:
    """Put announcements on the queue."""
    for chunk in dynamo.chunks(announcements, _MAX_BATCH):
        answer = aws.sqs().send_message_batch(
            QueueUrl=settings().callback_queue_url,
            Entries=[
                {
                    "Id": str(index),
                    "MessageBody": announcement.text(),
                    "DelaySeconds": delay_seconds,
                    # A fair queue: one site's dead endpoint does not hold up the others.
                    "MessageGroupId": announcement.site_id,
                }
                for index, announcement in enumerate(chunk)
            ],
        )
        if answer.get("Failed"):
            raise RuntimeError(f"SQS refused {len(answer['Failed'])} of {len(chunk)} callbacks")
