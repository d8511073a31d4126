"""Callback queue → customers' endpoints. Returns the SQS messages that must come again."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.callbacks import delivery
from outreach.callbacks.queue import Announcement


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.together(event, Announcement.parse, delivery.deliver)
