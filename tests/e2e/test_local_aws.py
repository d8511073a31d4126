"""The local AWS: its corrections of MiniStack's behaviour."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from local_stack.aws import Aws, drain_ministack, start_ministack
from local_stack.settings import Settings

from tests.support.ports import free_port

DEADLINE_SECONDS = 60
# Longer than any test, so that no test passes because a message became visible again.
VISIBILITY_SECONDS = 600

SLOW_WORKER = """
import time
import boto3

def lambda_handler(event, _context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="results")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="begun")
    time.sleep(1)
    sqs.send_message(QueueUrl=url, MessageBody="done")
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(aws_port=free_port(), state_dir=tmp_path, iam=False)


@contextmanager
def _running(settings: Settings) -> Iterator[Aws]:
    child = start_ministack(settings)
    try:
        yield Aws(settings)
    finally:
        drain_ministack(settings)
        child.stop()


def test_a_killed_first_run_leaves_no_state(settings: Settings) -> None:
    killed = start_ministack(settings)
    Aws(settings).client("s3").create_bucket(Bucket="half-made")
    killed.kill()
    with _running(settings) as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []


def _zipped(code: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", code)
    return archive.getvalue()


def _bodies(sqs: Any, url: str) -> list[str]:
    return [message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


def test_a_running_worker_finishes_and_its_message_is_deleted_before_the_stack_stops(settings: Settings) -> None:
    with _running(settings) as aws:
        sqs = aws.client("sqs")
        results = sqs.create_queue(QueueName="results")["QueueUrl"]
        work = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)})["QueueUrl"]
        function = aws.client("lambda").create_function(
            FunctionName="worker",
            Runtime="python3.13",
            Role="arn:aws:iam::000000000000:role/worker",
            Handler="app.lambda_handler",
            Timeout=DEADLINE_SECONDS,
            Code={"ZipFile": _zipped(SLOW_WORKER)},
        )
        source = sqs.get_queue_attributes(QueueUrl=work, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        aws.client("lambda").create_event_source_mapping(FunctionName=function["FunctionArn"], EventSourceArn=source)
        sqs.send_message(QueueUrl=work, MessageBody="please")
        deadline = time.monotonic() + DEADLINE_SECONDS
        while _bodies(sqs, results) != ["begun"]:
            assert time.monotonic() < deadline, "the worker did not start in time"
    with _running(settings) as aws:
        counts = aws.client("sqs").get_queue_attributes(QueueUrl=work, AttributeNames=["All"])["Attributes"]
        assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")
        assert _bodies(aws.client("sqs"), results) == ["done"]
