"""Process the inbound queue: replies with their opt-outs, contacts and tickets, and receipts that could not be applied."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.inbound import receipt_queue, replies
from outreach.inbound.receipt_queue import QueuedReceipt
from outreach.inbound.reply_queue import ReplyJob


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.handle_each(event, _handle)


def _handle(body: str) -> None:
    if receipt := QueuedReceipt.from_json(body):
        receipt_queue.apply(receipt)
    else:
        replies.handle_reply(ReplyJob.from_json(body))
