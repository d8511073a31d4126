"""Step of campaign_send: joins the results of the scans into the final audience."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import audience, campaign_records
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    record = audience.freeze(campaign_records.get(event["site_id"], event["record_id"]), event["parts"])
    logger().info("audience frozen", record_id=record.id, site_id=record.site_id, audience=record.audience)
    return {"audience": record.audience}
