"""Stream of the messages table → ledgers and callbacks. Fails as a whole; the event source cuts a failing batch in two."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import dynamo
from outreach.delivery import tracking
from outreach.delivery.tracking import Change
from outreach.messages import rows
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    images = [record["dynamodb"] for record in event["Records"]]
    tracking.follow(
        Change(rows.from_row(dynamo.from_item(image["OldImage"])), rows.from_row(dynamo.from_item(image["NewImage"])))
        for image in images
    )
    logger().info("changes followed", changes=len(images))
    return {"batchItemFailures": []}
