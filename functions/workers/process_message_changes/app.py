"""Processes the stream of the messages table: updates ledgers, and queues callbacks and attachments.

Other items of the table are ignored, and separate texts are not read. A batch fails as a whole; the event source mapping then
splits it.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach import dynamo
from outreach.messages import message_rows
from outreach.observability import logger
from outreach.stream import message_changes
from outreach.stream.message_changes import MessageChange


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    images = [record["dynamodb"] for record in event["Records"] if message_rows.is_message(record["dynamodb"]["NewImage"])]
    message_changes.apply(
        MessageChange(
            message_rows.from_row(dynamo.from_item(image["OldImage"])),
            message_rows.from_row(dynamo.from_item(image["NewImage"])),
        )
        for image in images
    )
    logger().info("message changes processed", changes=len(images))
