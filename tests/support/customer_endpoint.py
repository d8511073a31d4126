"""A customer's callback endpoint, and a clock and executions that let time pass without waiting."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3

from outreach import clock
from outreach.callbacks import callback_queue, endpoint_backlog, retry_execution
from outreach.callbacks.endpoint_backlog import Endpoint
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from tests.support.functions import call, invoke
from tests.support.http_server import Reply, Server, hang_up, reply, serving
from tests.support.pipeline import ACCOUNT, SITE

OK, FAILED, GONE = reply(200), reply(500), reply(410)
THROTTLED = reply(429)


@dataclass
class Clock:
    """A frozen clock that replaces ``outreach.clock.now``."""

    moment: datetime = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    @property
    def seconds(self) -> float:
        return self.moment.timestamp()

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Customer:
    """A customer's endpoint, whose answers a test sets."""

    server: Server
    answers: list[Reply]

    def answer_with(self, answer: Reply) -> None:
        """Give this answer from now on."""
        self.answers.append(answer)

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    @property
    def endpoint(self) -> Endpoint:
        return endpoint_backlog.get(SITE, endpoint_backlog.id_of(SITE, self.url))

    @property
    def deliveries(self) -> list[tuple[str, int]]:
        """The message id and the sequence of each request, in order."""
        bodies = [json.loads(request.body) for request in self.server.requests]
        return [(body["id"], body["sequence"]) for body in bodies]

    @property
    def webhook_ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.server.requests]

    @property
    def delivery_counts(self) -> Counter[tuple[str, int]]:
        return Counter(self.deliveries)


@contextmanager
def customer(answer: Reply = OK) -> Iterator[Customer]:
    """Serve an endpoint on a free port."""
    answers = [answer]

    def latest(handler: BaseHTTPRequestHandler) -> None:
        answers[-1](handler)

    with serving(latest) as server:
        yield Customer(server, answers)


def create_message(url: str, record_id: str | None = None) -> str:
    """Create a message that is about to be sent; returns its id.

    Args:
        url: its callback URL; empty for none.
        record_id: its campaign record; ``None`` for a single message.
    """
    message_id, slot = str(uuid.uuid4()), clock.timestamp(clock.now())
    row = Message(
        message_id,
        SITE,
        contact_id=str(uuid.uuid4()),
        account_id=ACCOUNT.id,
        sender=ACCOUNT.number,
        recipient="+12125550199",
        body="Hi",
        slot=slot,
        callback=True,
        callback_url=url or None,
        record_id=record_id,
    )
    message_store.create_many([row])
    return message_id


def change_status(message_id: str, status: MessageStatus) -> None:
    """Change a message's status, and queue its callback."""
    assert message_store.advance(message_store.get(SITE, message_id), status)
    callback_queue.put_status_changes([message_store.get(SITE, message_id)])


def take_queued() -> list[dict[str, str]]:
    """Receive and delete all messages of the callback queue."""
    sqs, url = boto3.client("sqs"), settings().callback_queue_url
    records: list[dict[str, str]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        records += [{"messageId": message["MessageId"], "body": message["Body"]} for message in messages]
    return records


def deliver_queued() -> None:
    """Process the callback queue, in batches of ten."""
    records = take_queued()
    for start in range(0, len(records), 10):
        answer = invoke("workers/deliver_callback", {"Records": records[start : start + 10]})
        assert answer == {"batchItemFailures": []}


def park_callbacks(customer: Customer, number: int) -> list[str]:
    """Create messages whose first callbacks are parked, because the endpoint hangs up; returns their ids."""
    customer.answer_with(hang_up)
    ids = [create_message(customer.url) for _ in range(number)]
    for message_id in ids:
        change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    return ids


def attempts(message_id: str) -> list[dict[str, Any]]:
    """The attempt log, as the API shows it."""
    path = f"/outreach/messages/{message_id}/callbackAttempts"
    answer = call("outreach/list_callback_attempts", "GET", f"{path}?pageSize=0")
    assert answer.status == 200, answer.body
    return list(answer.body["attempts"])


def outcomes(message_id: str) -> list[str]:
    return [attempt["outcome"] for attempt in attempts(message_id)]


@dataclass
class Executions:
    """The executions of ``callback_retry``, without an interpreter.

    Attributes:
        waiting: the wake-up time and the next input of each waiting execution, by ARN.
        arns: all executions that were ever started.
        steps: how often the function ran.
    """

    clock: Clock
    waiting: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    arns: set[str] = field(default_factory=set)
    steps: int = 0

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and run each execution when it wakes up."""
        end = self.clock.seconds + seconds
        self._find_new()
        while self.waiting and (next_turn := min((wakes, arn) for arn, (wakes, _) in self.waiting.items()))[0] <= end:
            wakes, arn = next_turn
            self.clock.advance(max(0, wakes - self.clock.seconds))
            self._step(arn, self.waiting.pop(arn)[1])
            self._find_new()
        self.clock.advance(end - self.clock.seconds)

    def repair(self) -> None:
        """Repair the executions of all endpoints, as the sweep does."""
        for endpoint in list(endpoint_backlog.endpoints_with_backlog()):
            retry_execution.repair(endpoint, self.clock())

    def stop_all(self) -> None:
        """Stop all executions, as if they had died."""
        self._find_new()
        for arn in self.arns:
            boto3.client("stepfunctions").stop_execution(executionArn=arn)
        self.waiting.clear()

    def _find_new(self) -> None:
        states = boto3.client("stepfunctions")
        for execution in states.list_executions(stateMachineArn=settings().callback_retry_arn)["executions"]:
            arn = execution["executionArn"]
            if arn not in self.arns:
                self.arns.add(arn)
                payload = json.loads(states.describe_execution(executionArn=arn)["input"])
                step = payload.pop("step")
                self.waiting[arn] = (self.clock.seconds + step["seconds"], {**payload, "steps": step["steps"]})

    def _step(self, arn: str, payload: dict[str, Any]) -> None:
        self.steps += 1
        step = invoke("workers/retry_callbacks", payload)
        if step["outcome"] == "done":
            boto3.client("stepfunctions").stop_execution(executionArn=arn)
        else:
            self.waiting[arn] = (self.clock.seconds + step["seconds"], {**payload, "steps": step["steps"]})


def create_state_machine(definition: str = "{}") -> str:
    """Create the state machine in the mocked account; returns its ARN."""
    role = "arn:aws:iam::123456789012:role/unit-test"
    name = settings().callback_retry_arn.rsplit(":", 1)[1]
    answer = boto3.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
    return str(answer["stateMachineArn"])


def change_url(message_id: str, url: str) -> None:
    """Change a message's callback URL."""
    boto3.client("dynamodb").update_item(
        TableName=settings().messages_table,
        Key={"pk": {"S": f"{SITE}#{message_id}"}},
        UpdateExpression="SET callback_url = :url",
        ExpressionAttributeValues={":url": {"S": url}},
    )


def delete_message(message_id: str) -> None:
    """Delete a message's row."""
    boto3.client("dynamodb").delete_item(TableName=settings().messages_table, Key={"pk": {"S": f"{SITE}#{message_id}"}})
