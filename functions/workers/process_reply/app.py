"""Process the inbound queue: replies with their opt-outs, contacts and tickets, and what webhooks could not do at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.inbound import receipt_queue, replies, webhook_handling, webhook_queue
from outreach.inbound.receipt_queue import QueuedReceipt
from outreach.inbound.reply_queue import ReplyJob
from outreach.inbound.webhook_queue import WebhookJob


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.handle_batch(event, _parse, _handle_all)


def _parse(body: str) -> WebhookJob | QueuedReceipt | ReplyJob:
    properties = orjson.loads(body)
    if "webhook" in properties:
        return WebhookJob.from_json(body)
    return QueuedReceipt.from_json(body) if "receipt" in properties else ReplyJob.from_json(body)


def _handle_all(jobs: Mapping[str, WebhookJob | QueuedReceipt | ReplyJob]) -> set[str]:
    """Handle unverified webhooks last, so that nothing genuine waits for their credentials, which one request reads for all."""
    verified = {key: job for key, job in jobs.items() if not isinstance(job, WebhookJob)}
    unverified = {key: job for key, job in jobs.items() if isinstance(job, WebhookJob)}
    failed = sqs.handle_one_by_one(verified, _handle)
    webhook_queue.load_credentials(unverified.values())
    return failed | sqs.handle_one_by_one(unverified, webhook_handling.handle_queued)


def _handle(job: QueuedReceipt | ReplyJob) -> None:
    if isinstance(job, QueuedReceipt):
        receipt_queue.apply(job)
    else:
        replies.handle_reply(job)
