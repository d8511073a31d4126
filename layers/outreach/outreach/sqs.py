"""SQS: sends in batches of ten to fair queues, detects partial failures, and handles the batches of event source mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from outreach import aws, aws_errors, dynamo
from outreach.observability import logger

T = TypeVar("T")

_MAX_BATCH = 10
# SQS refuses these characters (its API reference, "SendMessageBatch"). JSON has them only in strings, where they may be escaped.
_REFUSED = {0xFFFE: r"\ufffe", 0xFFFF: r"\uffff"}


class QueueMessage(NamedTuple):
    """A message for a queue, whose body is JSON. It is delivered after ``delay_seconds`` (at most 900).

    ``group`` is its site, or what else its sender shares with others: a backlog of one group does not delay the others.
    """

    group: str
    body: str
    delay_seconds: int = 0


def send(queue_url: str, entries: Iterable[QueueMessage]) -> None:
    """Send messages to a queue.

    Raises:
        RuntimeError: SQS accepted only some of the messages. The caller must send all again, so duplicates must be harmless.
    """
    for chunk in dynamo.chunks(list(entries), _MAX_BATCH):
        response = aws.sqs().send_message_batch(
            QueueUrl=queue_url,
            # Message groups make a standard queue fair.
            Entries=[
                {
                    "Id": str(index),
                    "MessageBody": entry.body.translate(_REFUSED),
                    "DelaySeconds": entry.delay_seconds,
                    "MessageGroupId": entry.group,
                }
                for index, entry in enumerate(chunk)
            ],
        )
        if response.get("Failed"):
            raise aws_errors.PartlyProcessed(f"SQS rejected {len(response['Failed'])} of {len(chunk)} messages")


def count_visible(queue_url: str) -> int:
    """Return about how many messages of a queue could be received now."""
    answer = aws.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def handle_each(event: Mapping[str, Any], handle: Callable[[str], None]) -> dict[str, Any]:
    """Handle the messages of an event source mapping's batch, one after another.

    Args:
        event: the event of the mapping.
        handle: handles the body of a message.

    Returns:
        The response to the mapping (``ReportBatchItemFailures``): messages whose handling failed are delivered again.
    """
    return handle_batch(event, str, lambda messages: handle_one_by_one(messages, handle))


def handle_one_by_one(messages: Mapping[str, T], handle: Callable[[T], None]) -> set[str]:
    """Handle parsed messages, by SQS message id, one after another; return the ids of those whose handling failed."""
    failed = set()
    for message_id, message in messages.items():
        try:
            handle(message)
        except Exception:
            logger().exception("handling an SQS message failed", sqs_message_id=message_id)
            failed.add(message_id)
    return failed


def handle_batch(
    event: Mapping[str, Any], parse: Callable[[str], T], handle: Callable[[Mapping[str, T]], set[str]]
) -> dict[str, Any]:
    """Handle all messages of an event source mapping's batch together.

    Args:
        event: the event of the mapping.
        parse: parses a body. A message that cannot be parsed is delivered again; the others are handled.
        handle: handles the parsed messages, by SQS message id, and returns the ids of those to deliver again.

    Returns:
        The response to the mapping (``ReportBatchItemFailures``).
    """
    messages, failed = {}, set()
    for record in event["Records"]:
        try:
            messages[record["messageId"]] = parse(record["body"])
        except Exception:
            logger().exception("an SQS message cannot be parsed", sqs_message_id=record["messageId"])
            failed.add(record["messageId"])
    if messages:
        failed |= handle(messages)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}
