"""Processes the streams of the messages, contacts, campaigns and sites tables: publishes what webhooks can subscribe to.

A batch fails as a whole; the event source mapping then splits it. The mappings' filters leave out every other change.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import clock, dynamo
from outreach.observability import logger
from outreach.stream import domain_events
from outreach.stream.domain_events import ItemChange


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    domain_events.publish(map(_item_change, event["Records"]))
    logger().info("changes processed", changes=len(event["Records"]))


def _item_change(record: dict[str, Any]) -> ItemChange:
    images = record["dynamodb"]
    old, new = (dynamo.from_item(images.get(name, {})) for name in ("OldImage", "NewImage"))
    return ItemChange(record["eventID"], clock.timestamp(clock.from_epoch(images["ApproximateCreationDateTime"])), old, new)
