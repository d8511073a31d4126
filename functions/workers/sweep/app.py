"""Runs every few minutes: repairs unfinished work."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.observability import logger
from outreach.repair import sweep


def lambda_handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    result = sweep.repair_all()
    logger().info("sweep", extra=result)
    return result
