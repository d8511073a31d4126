"""campaign_send: join what the scans found; from here on the audience is final."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import audience, records
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    record = audience.freeze(records.get(event["site_id"], event["record_id"]), event["parts"])
    logger().info("audience frozen", record_id=record.id, site_id=record.site_id, audience=record.audience)
    return {"audience": record.audience}
