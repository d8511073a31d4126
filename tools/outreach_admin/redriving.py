"""Bringing dead letters back to the queues that they come from."""

from __future__ import annotations

import json
from typing import Any

from outreach import aws
from outreach.settings import settings

# What the template calls the queues.
QUEUES = {
    "SendQueue": "send_queue_url",
    "CallbackQueue": "callback_queue_url",
    "AttachQueue": "attach_queue_url",
    "InboundQueue": "inbound_queue_url",
}
_BATCH = 10
# Long enough for nobody else to take a letter while it is moved.
_VISIBILITY_SECONDS = 60


def count(queue: str) -> int:
    """How many dead letters a queue has, about; those that somebody has in hand are not among them."""
    name = "ApproximateNumberOfMessages"
    answer = aws.sqs().get_queue_attributes(QueueUrl=_letters_url(queue), AttributeNames=[name])  # type: ignore[list-item]
    return int(answer["Attributes"][name])  # type: ignore[index]


def redrive(queue: str) -> int:
    """Move a queue's dead letters back to it, and return how many there were.

    Ends when there are none any more, or after as many as there were at the beginning: what dies again meanwhile is left. Broken
    off in between, a letter may be in both queues; handled twice it changes nothing.

    Raises:
        RuntimeError: SQS took only a part; what it did not take is still a dead letter.
    """
    wanted, moved = count(queue), 0
    while moved < wanted:
        found = _receive(_letters_url(queue), min(_BATCH, wanted - moved))
        if not found:
            break
        _move(found, _letters_url(queue), getattr(settings(), QUEUES[queue]))
        moved += len(found)
    return moved


def _receive(url: str, number: int) -> list[Any]:
    answer = aws.sqs().receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=number,
        VisibilityTimeout=_VISIBILITY_SECONDS,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["MessageGroupId"],
    )
    return list(answer.get("Messages", []))


def _move(letters: list[Any], source: str, target: str) -> None:
    entries: list[Any] = [
        {"Id": str(index), "MessageBody": letter["Body"], **letter.get("Attributes", {})} for index, letter in enumerate(letters)
    ]
    taken = {entry["Id"] for entry in aws.sqs().send_message_batch(QueueUrl=target, Entries=entries)["Successful"]}
    done: list[Any] = [
        {"Id": str(index), "ReceiptHandle": letter["ReceiptHandle"]}
        for index, letter in enumerate(letters)
        if str(index) in taken
    ]
    if done:
        aws.sqs().delete_message_batch(QueueUrl=source, Entries=done)
    if len(done) < len(letters):
        raise RuntimeError(f"SQS refused {len(letters) - len(done)} of {len(letters)} letters")


def _letters_url(queue: str) -> str:
    """A queue says itself where its letters go."""
    url = getattr(settings(), QUEUES[queue])
    policy = aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    name = json.loads(policy)["deadLetterTargetArn"].rsplit(":", 1)[1]
    return aws.sqs().get_queue_url(QueueName=name)["QueueUrl"]
