"""callback_retry: try again what is due at one endpoint, as much of it as fits into one invocation."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import clock
from outreach.callbacks import executions, parking, retries
from outreach.callbacks.retries import Progress
from outreach.observability import logger

# A batch takes 15 s at most, and what it leads to a few more.
_RESERVE_MS = 45_000
# An execution's history ends at 25,000 events; a step takes about ten.
_MAX_STEPS = 1_000


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    site_id, endpoint_id, generation, steps = event["site_id"], event["endpoint_id"], event["generation"], event["steps"] + 1
    step = retries.drain(site_id, endpoint_id, generation, has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE_MS)
    logger().info("callbacks retried", endpoint_id=endpoint_id, site_id=site_id, progress=step.progress, steps=steps)
    seconds = max(0, step.wakes_at - int(clock.now().timestamp()))
    if step.progress is not Progress.DONE and steps >= _MAX_STEPS:
        executions.take_over(parking.get(site_id, endpoint_id), step.wakes_at)
        return {"outcome": Progress.DONE, "seconds": 0, "steps": steps}
    return {"outcome": step.progress, "seconds": seconds, "steps": steps}
