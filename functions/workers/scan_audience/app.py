"""Step of campaign_send: one of several parallel scans for the audience, over some shards of the site's contacts."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import audience, campaign_records
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    record = campaign_records.get(event["site_id"], event["record_id"])
    audience.scan(record, event["shards"], event["part"])
    logger().info("audience part scanned", record_id=record.id, site_id=record.site_id, part=event["part"])
    return {"part": event["part"]}
