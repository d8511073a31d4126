"""outreach-admin restore-deleted: a deleted queue comes back under its name, as the template makes it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from outreach_admin import deleted_queues, deployment

from outreach.settings import settings
from tests.support.template import QUEUE, resources
from tests.unit.outreach_admin.conftest import Run

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


@pytest.fixture(autouse=True)
def _names(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mocked queues have the names of the template."""
    monkeypatch.setattr(deployment, "physical_id", lambda _client, _stack, logical_id: f"https://sqs/1/{logical_id}")


def delete(*queues: str) -> None:
    for queue in queues:
        boto3.client("sqs").delete_queue(QueueUrl=boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])


def attributes(queue: str) -> dict[str, Any]:
    url = boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    found: Any = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return dict(found)


@pytest.mark.parametrize("queue", deleted_queues.NAMES)
def test_a_queue_comes_back_as_the_template_makes_it(run: Run, queue: str) -> None:
    expected = resources(QUEUE)[queue]
    delete(queue)
    assert run("restore-deleted", queue).json["made"] == [queue]
    found = attributes(queue)
    assert found["MessageRetentionPeriod"] == str(expected["MessageRetentionPeriod"])
    assert found["VisibilityTimeout"] == str(expected.get("VisibilityTimeout", 30))
    policy = resources("AWS::SQS::QueuePolicy")["QueuePolicy"]
    assert {"Ref": queue} in policy["Queues"]
    assert json.loads(found["Policy"]) == policy["PolicyDocument"]
    redrive = expected.get("RedrivePolicy")
    if redrive:
        dead_letters = attributes(redrive["deadLetterTargetArn"]["Fn::GetAtt"][0])["QueueArn"]
        assert json.loads(found["RedrivePolicy"]) == {**redrive, "deadLetterTargetArn": dead_letters}


def test_a_queue_that_exists_keeps_what_it_holds(run: Run) -> None:
    boto3.client("sqs").send_message(QueueUrl=settings().send_queue_url, MessageBody="{}")
    assert run("restore-deleted", "SendQueue").json["made"] == []
    assert attributes("SendQueue")["ApproximateNumberOfMessages"] == "1"


def test_a_dead_letter_queue_that_is_missing_too_comes_back_first(run: Run) -> None:
    delete("InboundQueue", "InboundDeadLetterQueue")
    assert run("restore-deleted", "InboundQueue").json["made"] == ["InboundDeadLetterQueue", "InboundQueue"]


def test_a_queue_is_encrypted_with_the_key_of_the_stack(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    delete("SendQueue")
    monkeypatch.setenv("KMS_KEY_ARN", KEY)
    settings.cache_clear()
    run("restore-deleted", "SendQueue")
    assert attributes("SendQueue")["KmsMasterKeyId"] == KEY


def test_a_table_or_queue_that_the_stack_does_not_have_exits_with_2(run: Run) -> None:
    result = run("restore-deleted", "sendqueue")
    assert (result.code, "SendQueue" in result.err) == (2, True)
