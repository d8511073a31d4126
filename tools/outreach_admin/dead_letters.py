"""Moves the messages of dead-letter queues back to their source queues."""

from __future__ import annotations

import json
from typing import Any

from outreach import aws
from outreach.settings import settings

# Logical id in template.yaml → field of the settings with the queue's URL.
QUEUES = {
    "SendQueue": "send_queue_url",
    "CallbackQueue": "callback_queue_url",
    "AttachQueue": "attach_queue_url",
    "InboundQueue": "inbound_queue_url",
}
_BATCH_SIZE = 10
# Hides a message from other consumers while it is moved.
_VISIBILITY_SECONDS = 60


def count(queue: str) -> int:
    """Return about how many messages a queue's dead-letter queue has, without those that a consumer is processing."""
    name = "ApproximateNumberOfMessages"
    queue_url = _dead_letter_queue_url(queue)
    response = aws.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])  # type: ignore[list-item]
    return int(response["Attributes"][name])  # type: ignore[index]


def redrive(queue: str) -> int:
    """Move a queue's dead letters back to the queue.

    Moves at most as many messages as there are at the start, so that a message that fails again is not moved twice. After an
    interruption a message may be in both queues; every consumer is idempotent.

    Returns:
        The number of messages moved.

    Raises:
        RuntimeError: SQS accepted only part of a batch; the rest stays in the dead-letter queue.
    """
    dead_letter_queue_url, queue_url = _dead_letter_queue_url(queue), getattr(settings(), QUEUES[queue])
    total, moved = count(queue), 0
    while moved < total:
        messages = _receive(dead_letter_queue_url, min(_BATCH_SIZE, total - moved))
        if not messages:
            break
        _move(messages, dead_letter_queue_url, queue_url)
        moved += len(messages)
    return moved


def _receive(url: str, limit: int) -> list[Any]:
    response = aws.sqs().receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=limit,
        VisibilityTimeout=_VISIBILITY_SECONDS,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["MessageGroupId"],
    )
    return list(response.get("Messages", []))


def _move(messages: list[Any], source_url: str, target_url: str) -> None:
    entries: list[Any] = [
        {"Id": str(index), "MessageBody": message["Body"], **message.get("Attributes", {})}
        for index, message in enumerate(messages)
    ]
    accepted = {entry["Id"] for entry in aws.sqs().send_message_batch(QueueUrl=target_url, Entries=entries)["Successful"]}
    moved: list[Any] = [
        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
        for index, message in enumerate(messages)
        if str(index) in accepted
    ]
    if moved:
        aws.sqs().delete_message_batch(QueueUrl=source_url, Entries=moved)
    if len(moved) < len(messages):
        raise RuntimeError(f"SQS refused {len(messages) - len(moved)} of {len(messages)} messages. Run the command again.")


def _dead_letter_queue_url(queue: str) -> str:
    """Read the dead-letter queue from the queue's redrive policy."""
    url = getattr(settings(), QUEUES[queue])
    policy = aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    name = json.loads(policy)["deadLetterTargetArn"].rsplit(":", 1)[1]
    return aws.sqs().get_queue_url(QueueName=name)["QueueUrl"]
