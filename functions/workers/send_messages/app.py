"""Send queue → carrier. Returns the SQS messages that must come again; the rest is done, whatever it was."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import sqs
from outreach.delivery import worker
from outreach.sending.queue import Due


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return sqs.together(event, Due.parse, worker.work_off)
