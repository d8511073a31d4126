"""The attach queue: ids of messages to attach to a ticket, because their carrier has accepted them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import orjson

from outreach import sqs
from outreach.messages.models import Message
from outreach.settings import settings
from outreach.tolerant_reader import known


@dataclass(frozen=True)
class AttachJob:
    """A message to attach."""

    site_id: str
    message_id: str

    @classmethod
    def from_json(cls, body: str) -> AttachJob:
        """Read the body of a queue message."""
        return cls(**known(cls, orjson.loads(body)))

    def to_json(self) -> str:
        """Return the body of a queue message."""
        return orjson.dumps(asdict(self)).decode()


def put(messages: Iterable[Message]) -> None:
    """Queue messages to attach.

    Raises:
        RuntimeError: SQS accepted only some messages. Queue all of them again; duplicates are harmless.
    """
    entries = (sqs.QueueMessage(message.site_id, AttachJob(message.site_id, message.id).to_json()) for message in messages)
    sqs.send(settings().attach_queue_url, entries)
