"""Receipts that could not be applied, because a table was throttled or failed. They wait in the queue of inbound messages.

A carrier repeats a webhook only a few times. Only receipts with a valid signature get here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from outreach import clock, sqs
from outreach.carriers.error_scopes import ErrorScope
from outreach.carriers.webhook_messages import Receipt
from outreach.inbound import receipts
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount
from outreach.tolerant_reader import known


@dataclass(frozen=True)
class QueuedReceipt:
    """A receipt of a message of a channel account; ``received`` is when its webhook arrived, empty if 0.2.0 has queued it."""

    site_id: str
    account_id: str
    message_id: str
    receipt: Receipt
    received: str = ""

    @classmethod
    def from_json(cls, body: str) -> QueuedReceipt:
        """Read the body of a queue message."""
        values = orjson.loads(body)
        receipt = values["receipt"]
        receipt |= {"status": receipt["status"] and MessageStatus(receipt["status"])}
        receipt |= {"scope": receipt["scope"] and ErrorScope(receipt["scope"])}
        return cls(**known(cls, values) | {"receipt": Receipt(**known(Receipt, receipt))})


def put(account: ChannelAccount, message_id: str, receipt: Receipt, received: datetime) -> None:
    """Queue a receipt.

    Args:
        received: when its webhook arrived.

    Raises:
        RuntimeError: SQS did not accept it; the carrier must deliver the webhook again.
    """
    queued = QueuedReceipt(account.site_id, account.id, message_id, receipt, clock.timestamp(received))
    sqs.send(settings().inbound_queue_url, [sqs.QueueMessage(account.site_id, orjson.dumps(asdict(queued)).decode())])


def apply(queued: QueuedReceipt) -> None:
    """Apply a receipt as its webhook would have done."""
    account = site_store.get_account(queued.site_id, queued.account_id)
    received = clock.from_timestamp(queued.received) if queued.received else clock.now()
    receipts.apply(account, queued.message_id, queued.receipt, received)
