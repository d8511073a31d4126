"""Step of campaign_send: releases recipients whose messages are due in the next minutes, as many as one invocation can."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.campaigns import campaign_records, send_execution
from outreach.campaigns.release import release_loop
from outreach.campaigns.release.release_step import ReleaseProgress
from outreach.invocation import must_hand_over, time_left
from outreach.observability import logger

# Far more than the slowest step of the release takes; most take a second or two.
_RESERVE_SECONDS = 30


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    site_id, record_id, steps = event["site_id"], event["record_id"], event["steps"] + 1
    step = release_loop.step(site_id, record_id)
    has_time = time_left(context, _RESERVE_SECONDS)
    while step.progress is ReleaseProgress.MORE and has_time():
        step = release_loop.step(site_id, record_id)
    logger().info("recipients released", record_id=record_id, site_id=site_id, progress=step.progress, steps=steps)
    if step.progress in (ReleaseProgress.MORE, ReleaseProgress.WAIT) and must_hand_over(steps):
        send_execution.start(campaign_records.get(site_id, record_id))
        return {"outcome": ReleaseProgress.STOPPED, "seconds": 0, "steps": steps}
    return {"outcome": step.progress, "seconds": step.wait_seconds, "steps": steps}
