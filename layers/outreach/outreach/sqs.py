"""SQS in terms of bodies: batches of ten, fair among sites, and no silent loss of a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from outreach import aws, dynamo
from outreach.observability import logger

T = TypeVar("T")

_MAX_BATCH = 10


class Entry(NamedTuple):
    """A message of a site for a queue; nobody gets it before ``delay_seconds`` (at most 900) are over."""

    site_id: str
    body: str
    delay_seconds: int = 0


def send(queue_url: str, entries: Iterable[Entry]) -> None:
    """Put messages on a queue.

    Raises:
        RuntimeError: SQS took only a part; the caller repeats, copies must be harmless.
    """
    for chunk in dynamo.chunks(list(entries), _MAX_BATCH):
        answer = aws.sqs().send_message_batch(
            QueueUrl=queue_url,
            # The message group makes it a fair queue: one site's backlog does not hold up the others.
            Entries=[
                {
                    "Id": str(index),
                    "MessageBody": entry.body,
                    "DelaySeconds": entry.delay_seconds,
                    "MessageGroupId": entry.site_id,
                }
                for index, entry in enumerate(chunk)
            ],
        )
        if answer.get("Failed"):
            raise RuntimeError(f"SQS refused {len(answer['Failed'])} of {len(chunk)} messages")


def each(event: Mapping[str, Any], handle: Callable[[str], None]) -> dict[str, Any]:
    """Handle the bodies of an event source mapping's batch, one after another.

    Returns:
        The mapping's answer: those whose handling raised come again (``ReportBatchItemFailures``).
    """
    failed = []
    for record in event["Records"]:
        try:
            handle(record["body"])
        except Exception:
            logger().exception("a message of a queue could not be handled", sqs_message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def together(
    event: Mapping[str, Any], parse: Callable[[str], T], handle: Callable[[Mapping[str, T]], set[str]]
) -> dict[str, Any]:
    """Handle all messages of an event source mapping's batch at once.

    Args:
        parse: of a body; a message that can't be read comes again and dies alone, the others are handled.
        handle: given what was read, by the SQS message's id; answers the ids of those that must come again.

    Returns:
        The mapping's answer (``ReportBatchItemFailures``).
    """
    messages, failed = {}, set()
    for record in event["Records"]:
        try:
            messages[record["messageId"]] = parse(record["body"])
        except Exception:
            logger().exception("a message of a queue can't be read", sqs_message_id=record["messageId"])
            failed.add(record["messageId"])
    if messages:
        failed |= handle(messages)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}
