"""Inbound queue → opt-outs, contacts and tickets. Returns the SQS messages that must come again."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.ticketing import conversation
from outreach.ticketing.replies import Reply


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.each(event, lambda body: conversation.take_in(Reply.parse(body)))
