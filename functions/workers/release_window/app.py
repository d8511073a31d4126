"""campaign_send: release what is due in the next minutes, as much of it as fits into one invocation."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import executions, records, release
from outreach.campaigns.release import Progress
from outreach.observability import logger

# A step takes a second or two; this is far more than the slowest needs.
_RESERVE_MS = 30_000
# An execution's history ends at 25,000 events; a window takes about ten.
_MAX_WINDOWS = 1_000


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    site_id, record_id, windows = event["site_id"], event["record_id"], event["windows"] + 1
    step = release.step(site_id, record_id)
    while step.progress is Progress.MORE and context.get_remaining_time_in_millis() > _RESERVE_MS:
        step = release.step(site_id, record_id)
    logger().info("window released", record_id=record_id, site_id=site_id, progress=step.progress, windows=windows)
    if step.progress in (Progress.MORE, Progress.WAIT) and windows >= _MAX_WINDOWS:
        executions.start(records.get(site_id, record_id))
        return {"outcome": Progress.STOPPED, "seconds": 0, "windows": windows}
    return {"outcome": step.progress, "seconds": step.wait_seconds, "windows": windows}
