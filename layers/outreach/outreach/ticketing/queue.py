"""The attach queue: messages that go to a ticket now that their carrier has accepted them. It carries ids only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import orjson

from outreach import sqs
from outreach.messages.models import Message
from outreach.settings import settings


@dataclass(frozen=True)
class Attachment:
    """A message is to be attached."""

    site_id: str
    message_id: str

    @classmethod
    def parse(cls, body: str) -> Attachment:
        """The inverse of :meth:`text`."""
        return cls(**orjson.loads(body))

    def text(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def put(messages: Iterable[Message]) -> None:
    """Queue messages to be attached.

    Raises:
        RuntimeError: SQS took only a part; the caller repeats, copies are harmless.
    """
    entries = (sqs.Entry(message.site_id, Attachment(message.site_id, message.id).text()) for message in messages)
    sqs.send(settings().attach_queue_url, entries)
