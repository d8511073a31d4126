"""The queue of messages that contacts send. A webhook must be answered within milliseconds, so it only queues its message.

:mod:`outreach.inbound.replies` processes the queue.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from outreach import clock, sqs
from outreach.carriers.webhook_messages import InboundMessage
from outreach.consent.keywords import Keyword
from outreach.settings import settings
from outreach.sites.models import ChannelAccount
from outreach.tolerant_reader import known


@dataclass(frozen=True)
class ReplyJob:
    """A message that a channel account received; ``received`` is when its webhook arrived."""

    site_id: str
    account_id: str
    received: str
    inbound: InboundMessage

    @classmethod
    def from_json(cls, body: str) -> ReplyJob:
        """Read the body of a queue message."""
        values = orjson.loads(body)
        inbound = values["inbound"]
        opt_out = inbound["opt_out"] and Keyword(inbound["opt_out"])
        lists = {name: tuple(value) for name, value in inbound.items() if isinstance(value, list)}
        inbound |= {**lists, "opt_out": opt_out}
        return cls(**known(cls, values) | {"inbound": InboundMessage(**known(InboundMessage, inbound))})

    def to_json(self) -> str:
        """Return the body of a queue message."""
        return orjson.dumps(asdict(self)).decode()


def put(account: ChannelAccount, inbound: InboundMessage, received: datetime) -> None:
    """Queue a message that a carrier's webhook delivered.

    Args:
        received: when the webhook arrived.

    Raises:
        RuntimeError: SQS did not accept it; the carrier must deliver the webhook again.
    """
    reply = ReplyJob(account.site_id, account.id, clock.timestamp(received), inbound.at(account.sender))
    sqs.send(settings().inbound_queue_url, [sqs.QueueMessage(reply.site_id, reply.to_json())])
