"""Step of callback_retry: retries the callbacks of one endpoint that are due, as many as fit into one invocation."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import clock
from outreach.callbacks import endpoint_backlog, retry_execution, retry_worker
from outreach.callbacks.retry_worker import RetryProgress
from outreach.invocation import must_hand_over, time_left
from outreach.observability import logger

# A batch takes at most 15 seconds, and writing its results a few more.
_RESERVE_SECONDS = 45


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    site_id, endpoint_id, generation, steps = event["site_id"], event["endpoint_id"], event["generation"], event["steps"] + 1
    has_time = time_left(context, _RESERVE_SECONDS)
    step = retry_worker.retry_due_callbacks(site_id, endpoint_id, generation, has_time)
    logger().info("callbacks retried", endpoint_id=endpoint_id, site_id=site_id, progress=step.progress, steps=steps)
    seconds = max(0, step.wakes_at - int(clock.now().timestamp()))
    if step.progress is not RetryProgress.DONE and must_hand_over(steps):
        retry_execution.start_next_generation(endpoint_backlog.get(site_id, endpoint_id), step.wakes_at)
        return {"outcome": RetryProgress.DONE, "seconds": 0, "steps": steps}
    return {"outcome": step.progress, "seconds": seconds, "steps": steps}
