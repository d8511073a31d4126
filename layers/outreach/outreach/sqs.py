"""SQS in terms of bodies: batches of ten, fair among sites, and no silent loss of a part."""

from __future__ import annotations

from collections.abc import Iterable

from outreach import aws, dynamo

_MAX_BATCH = 10


def send(queue_url: str, bodies: Iterable[tuple[str, str]]) -> None:
    """Put messages on a queue, each given as its site's id and its body.

    Raises:
        RuntimeError: SQS took only a part; the caller repeats, copies must be harmless.
    """
    for chunk in dynamo.chunks(list(bodies), _MAX_BATCH):
        answer = aws.sqs().send_message_batch(
            QueueUrl=queue_url,
            # The message group makes it a fair queue: one site's backlog does not hold up the others.
            Entries=[
                {"Id": str(index), "MessageBody": body, "MessageGroupId": site_id} for index, (site_id, body) in enumerate(chunk)
            ],
        )
        if answer.get("Failed"):
            raise RuntimeError(f"SQS refused {len(answer['Failed'])} of {len(chunk)} messages")
