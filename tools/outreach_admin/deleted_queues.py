"""Makes a deleted queue again, under its name and with its settings. What it held is lost."""

from __future__ import annotations

import json
from typing import Any

import boto3

from outreach import aws
from outreach.settings import settings
from outreach_admin import deployment
from outreach_admin.dead_letters import QUEUES

# The settings of template.yaml. Every queue that is consumed has a dead-letter queue.
VISIBILITY_SECONDS = {"SendQueue": 360, "CallbackQueue": 180, "AttachQueue": 360, "InboundQueue": 360}
RETENTION_SECONDS = {"SendQueue": 345600, "CallbackQueue": 345600, "AttachQueue": 345600}
LONGEST_RETENTION_SECONDS = 1209600
MAX_RECEIVES = 5
TLS_ONLY: Any = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
_DEAD_LETTER_QUEUES = {queue: queue.replace("Queue", "DeadLetterQueue") for queue in QUEUES}
# Not the queue of schedules: its policy lets EventBridge in, and names the queue.
NAMES = (*QUEUES, *_DEAD_LETTER_QUEUES.values(), "StreamDeadLetterQueue")


def restore(queue: str, stack: str) -> dict[str, Any]:
    """Make a queue and its dead-letter queue, unless they exist. May be repeated.

    Args:
        queue: its logical id in the template.
        stack: the name of the stack.

    Returns:
        What was made, and in which state the functions are that read the queue.
    """
    chain = [queue] if queue not in _DEAD_LETTER_QUEUES else [_DEAD_LETTER_QUEUES[queue], queue]
    made, arn = [], ""
    for each in chain:
        name = deployment.physical_id(boto3.client, stack, each).rsplit("/", 1)[1]
        if not _exists(name):
            _create(name, _attributes(each, arn))
            made.append(name)
        arn = _arn(name)
    mappings: Any = boto3.client("lambda").list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    return {"queue": name, "made": made, "readers": [{"mapping": entry["UUID"], "state": entry["State"]} for entry in mappings]}


def _attributes(queue: str, dead_letter_queue_arn: str) -> dict[str, str]:
    key = settings().kms_key_arn
    attributes = {
        "MessageRetentionPeriod": str(RETENTION_SECONDS.get(queue, LONGEST_RETENTION_SECONDS)),
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": [TLS_ONLY]}),
        **({"KmsMasterKeyId": key} if key else {"SqsManagedSseEnabled": "true"}),
    }
    if queue in VISIBILITY_SECONDS:
        redrive = {"deadLetterTargetArn": dead_letter_queue_arn, "maxReceiveCount": MAX_RECEIVES}
        attributes |= {"VisibilityTimeout": str(VISIBILITY_SECONDS[queue]), "RedrivePolicy": json.dumps(redrive)}
    return attributes


def _create(name: str, attributes: Any) -> None:
    aws.sqs().create_queue(QueueName=name, Attributes=attributes)


def _exists(name: str) -> bool:
    client = aws.sqs()
    try:
        client.get_queue_url(QueueName=name)
    except client.exceptions.QueueDoesNotExist:
        return False
    return True


def _arn(name: str) -> str:
    url = aws.sqs().get_queue_url(QueueName=name)["QueueUrl"]
    return aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
