"""Delivers callbacks from the callback queue to customers' endpoints."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.callbacks import callback_queue, first_delivery


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.handle_batch(event, callback_queue.from_json, first_delivery.deliver)
