"""Messages that are sent to queues."""

from __future__ import annotations

import orjson
import pytest

from outreach import aws as clients
from outreach import sqs
from outreach.settings import settings

# What a message may contain (SQS's API reference, "SendMessageBatch"), apart from what JSON escapes.
REFUSED = "\ufffe\uffff"


def received(queue_url: str) -> str:
    """The body of the next message of a queue."""
    (message,) = clients.sqs().receive_message(QueueUrl=queue_url)["Messages"]
    return message["Body"]


@pytest.mark.parametrize("text", ["Grüße 😀 \U0001fffe", "\0\x08\t\n\x7f\x9f", f"a{REFUSED}b"], ids=ascii)
def test_any_text_arrives(aws: None, text: str) -> None:
    queue_url = settings().inbound_queue_url
    sqs.send(queue_url, [sqs.QueueMessage("10000", orjson.dumps({"text": text}).decode())])
    body = received(queue_url)
    assert orjson.loads(body) == {"text": text}
    assert not set(body) & set(REFUSED)
