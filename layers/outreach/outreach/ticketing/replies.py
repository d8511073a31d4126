"""What contacts write to us, from the carrier's webhook to the queue.

A webhook must be answered in milliseconds, so it only queues; :mod:`outreach.ticketing.conversation` does the rest.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from outreach import clock, sqs
from outreach.sending.webhooks import Inbound, OptOut
from outreach.settings import settings
from outreach.sites.models import ChannelAccount


@dataclass(frozen=True)
class Reply:
    """A message from somebody to a channel account; ``received`` is when the carrier brought it."""

    site_id: str
    account_id: str
    received: str
    inbound: Inbound

    @classmethod
    def parse(cls, body: str) -> Reply:
        """The inverse of :meth:`text`."""
        values = orjson.loads(body)
        given = values["inbound"]
        opt_out = given["opt_out"] and OptOut(given["opt_out"])
        inbound = Inbound(**given | {"media_urls": tuple(given["media_urls"]), "opt_out": opt_out})
        return cls(**values | {"inbound": inbound})

    def text(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def receive(account: ChannelAccount, inbound: Inbound) -> None:
    """Queue what a carrier's webhook brought.

    Raises:
        RuntimeError: it could not be queued; the carrier has to bring it again.
    """
    reply = Reply(account.site_id, account.id, clock.timestamp(clock.now()), inbound)
    sqs.send(settings().inbound_queue_url, [sqs.Entry(reply.site_id, reply.text())])
