"""First step of campaign_send: plans the scans for the audience, unless the audience is already frozen.

A record whose filter names a field that was deleted or changed is paused, because every scan would fail.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import audience, campaign_records
from outreach.campaigns.release import release_step
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    record = campaign_records.get(event["site_id"], event["record_id"])
    logger().info("execution started", record_id=record.id, site_id=record.site_id, status=record.status)
    if record.audience is not None:
        return {"outcome": "frozen", "scans": []}
    if record.is_over:
        return {"outcome": "over", "scans": []}
    if problem := audience.describe_stale_filter(record):
        release_step.pause_for_missing_field(record, problem)
        return {"outcome": "over", "scans": []}
    return {"outcome": "scan", "scans": audience.plan_scans(record)}
