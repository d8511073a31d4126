"""Callback queue → customers' endpoints. Returns the SQS messages that must come again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.callbacks import delivery
from outreach.callbacks.queue import Announcement
from outreach.observability import logger


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    announcements = {record["messageId"]: Announcement.parse(record["body"]) for record in event["Records"]}
    with ThreadPoolExecutor(len(announcements)) as pool:
        futures = {message_id: pool.submit(delivery.deliver, announcement) for message_id, announcement in announcements.items()}
    failures = {message_id: error for message_id, future in futures.items() if (error := future.exception())}
    for message_id, error in failures.items():
        announcement = announcements[message_id]
        logger().warning(
            "callback failed", message_id=announcement.message_id, site_id=announcement.site_id, error=type(error).__name__
        )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failures]}
