"""Attach queue → tickets. Returns the SQS messages that must come again."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.ticketing import attaching
from outreach.ticketing.queue import Attachment


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.each(event, lambda body: attaching.attach_sent(Attachment.parse(body)))
