"""Every few minutes: repair the campaign records that aren't over."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import records
from outreach.delivery import sweep
from outreach.observability import logger


def lambda_handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    unfinished = list(records.unfinished())
    failed = sweep.repair_all(unfinished)
    logger().info("sweep", records=len(unfinished), failed=failed)
    return {"records": len(unfinished), "failed": failed}
