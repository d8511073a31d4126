"""Starts the execution that waits for a campaign's scheduled time. EventBridge Scheduler invokes it shortly before."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import schedules
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    schedules.start_execution(event)
    logger().info("scheduled start pending", campaign_id=event["campaign_id"], site_id=event["site_id"], version=event["version"])
