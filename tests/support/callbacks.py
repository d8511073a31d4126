"""A customer's endpoint, and the time that passes while it fails: nobody waits, the clock is set."""

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
from outreach.callbacks import parking, queue
from outreach.callbacks.parking import Endpoint
from outreach.messages import store as messages
from outreach.messages.models import Message
from outreach.messages.status import Status
from outreach.settings import settings
from tests.support.functions import call, invoke
from tests.support.http_server import Reply, Server, reply, serving
from tests.support.pipeline import ACCOUNT, SITE

OK, FAILED, GONE = reply(200), reply(500), reply(410)
THROTTLED = reply(429)


@dataclass
class Clock:
    """Stands for ``outreach.clock.now``."""

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
    """An endpoint that answers as it is told just then."""

    server: Server
    answers: list[Reply]

    def will(self, answer: Reply) -> None:
        """Answer like this from now on."""
        self.answers.append(answer)

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    @property
    def endpoint(self) -> Endpoint:
        return parking.get(SITE, parking.endpoint_id(SITE, self.url))

    @property
    def told(self) -> list[tuple[str, int]]:
        """Message and sequence of every request, in their order."""
        bodies = [json.loads(request.body) for request in self.server.requests]
        return [(body["id"], body["sequence"]) for body in bodies]

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.server.requests]

    @property
    def often(self) -> Counter[tuple[str, int]]:
        return Counter(self.told)


@contextmanager
def customer(answer: Reply = OK) -> Iterator[Customer]:
    """Serve an endpoint on a free port."""
    answers = [answer]

    def latest(handler: BaseHTTPRequestHandler) -> None:
        answers[-1](handler)

    with serving(latest) as server:
        yield Customer(server, answers)


def create_message(url: str, record_id: str | None = None) -> str:
    """A message that its carrier is about to be asked to send, a single one or of a send; its id."""
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
    messages.create_many([row])
    return message_id


def becomes(message_id: str, status: Status) -> None:
    """A message gets a new status, and its customer is to be told."""
    assert messages.advance(messages.get(SITE, message_id), status)
    queue.announce([messages.get(SITE, message_id)])


def announced() -> list[dict[str, str]]:
    """Take what lies in the callback queue."""
    sqs, url = boto3.client("sqs"), settings().callback_queue_url
    taken: list[dict[str, str]] = []
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for entry in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=entry["ReceiptHandle"])
        taken += [{"messageId": entry["MessageId"], "body": entry["Body"]} for entry in found]
    return taken


def deliver() -> None:
    """Work off the callback queue, ten at a time."""
    records = announced()
    for start in range(0, len(records), 10):
        answer = invoke("workers/deliver_callback", {"Records": records[start : start + 10]})
        assert answer == {"batchItemFailures": []}


def attempts(message_id: str) -> list[dict[str, Any]]:
    """The log by the API."""
    path = f"/outreach/messages/{message_id}/callbackAttempts"
    answer = call("outreach/list_callback_attempts", "GET", f"{path}?pageSize=0")
    assert answer.status == 200, answer.body
    return list(answer.body["attempts"])


def outcomes(message_id: str) -> list[str]:
    return [attempt["outcome"] for attempt in attempts(message_id)]


@dataclass
class Executions:
    """The executions of ``callback_retry``, without an interpreter: who sleeps until when.

    Attributes:
        steps: how often the function ran.
    """

    clock: Clock
    sleeping: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    steps: int = 0

    def pass_time(self, seconds: float) -> None:
        """Let time pass; whoever's turn comes has it."""
        end = self.clock.seconds + seconds
        self._notice()
        while self.sleeping and (next_turn := min((wakes, arn) for arn, (wakes, _) in self.sleeping.items()))[0] <= end:
            wakes, arn = next_turn
            self.clock.advance(max(0, wakes - self.clock.seconds))
            self._step(arn, self.sleeping.pop(arn)[1])
            self._notice()
        self.clock.advance(end - self.clock.seconds)

    def break_off(self) -> None:
        """All that run die."""
        for arn in self.known:
            boto3.client("stepfunctions").stop_execution(executionArn=arn)
        self.sleeping.clear()

    def _notice(self) -> None:
        states = boto3.client("stepfunctions")
        for found in states.list_executions(stateMachineArn=settings().callback_retry_arn)["executions"]:
            if found["executionArn"] not in self.known:
                self.known.add(found["executionArn"])
                payload = json.loads(states.describe_execution(executionArn=found["executionArn"])["input"])
                step = payload.pop("step")
                self.sleeping[found["executionArn"]] = (self.clock.seconds + step["seconds"], {**payload, "steps": step["steps"]})

    def _step(self, arn: str, payload: dict[str, Any]) -> None:
        self.steps += 1
        step = invoke("workers/retry_callbacks", payload)
        if step["outcome"] == "done":
            boto3.client("stepfunctions").stop_execution(executionArn=arn)
        else:
            self.sleeping[arn] = (self.clock.seconds + step["seconds"], {**payload, "steps": step["steps"]})


def create_state_machine(definition: str = "{}") -> str:
    """The state machine in the mocked account; its ARN."""
    role = "arn:aws:iam::123456789012:role/unit-test"
    name = settings().callback_retry_arn.rsplit(":", 1)[1]
    answer = boto3.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
    return str(answer["stateMachineArn"])


def move(message_id: str, url: str) -> None:
    """A message's callbacks go elsewhere from now on."""
    boto3.client("dynamodb").update_item(
        TableName=settings().messages_table,
        Key={"pk": {"S": f"{SITE}#{message_id}"}},
        UpdateExpression="SET callback_url = :url",
        ExpressionAttributeValues={":url": {"S": url}},
    )


def remove(message_id: str) -> None:
    """There is no such message any more."""
    boto3.client("dynamodb").delete_item(TableName=settings().messages_table, Key={"pk": {"S": f"{SITE}#{message_id}"}})
