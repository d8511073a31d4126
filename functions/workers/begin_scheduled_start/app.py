"""A campaign's one-time schedule fires, some time ahead: start the execution that waits for the very moment."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import schedules
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    schedules.begin(event)
    logger().info("scheduled start begun", campaign_id=event["campaign_id"], site_id=event["site_id"], version=event["version"])
