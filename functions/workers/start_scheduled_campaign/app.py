"""Step of scheduled_start: sends a campaign at its scheduled time, unless that time has been changed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import schedules
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    outcome = schedules.start(event["site_id"], event["campaign_id"], event["version"])
    logger().info("scheduled start", campaign_id=event["campaign_id"], site_id=event["site_id"], outcome=outcome)
    return {"outcome": outcome}
