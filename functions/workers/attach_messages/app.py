"""Attach messages from the attach queue to tickets."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.ticketing import attachment
from outreach.ticketing.attach_queue import AttachJob


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.handle_each(event, lambda body: attachment.attach_sent(AttachJob.from_json(body)))
