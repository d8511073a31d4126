"""Runs every few minutes: repairs unfinished work."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.invocation import time_left
from outreach.observability import logger
from outreach.repair import sweep

# More than most repairs take. A sweep that is killed would not say what is left.
_RESERVE_SECONDS = 30


def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    result = sweep.repair_all(time_left(context, _RESERVE_SECONDS))
    logger().info("sweep", extra=result)
    return result
