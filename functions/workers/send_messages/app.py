"""Consumes the send queue: sends messages through the carriers. Returns the SQS messages to deliver again."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.delivery import send_worker
from outreach.sending.send_queue import SendJob


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.handle_batch(event, SendJob.from_json, send_worker.process_jobs)
