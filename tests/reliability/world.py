"""The whole system in one process: real handlers on a mocked AWS, the real carrier simulator, a customer's endpoint.

Time is ours and stands still unless nothing is left to do. An invocation may die, and what AWS does then happens: a queue's or a
stream's batch comes again, an execution breaks off, a carrier repeats its webhook, and the sweep comes round.
"""

from __future__ import annotations

import json
import queue as inbox
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID

from outreach import aws
from outreach import clock as our_clock
from outreach.callbacks import telling
from outreach.settings import settings
from tests.support import pipeline
from tests.support.crashes import Calls, Crash
from tests.support.functions import invoke
from tests.support.http_server import Server, reply

VISIBILITY_SECONDS = 180
SWEEP_SECONDS = 300
# How much time passes when nothing is left to do.
_TICK_SECONDS = 100
# How long (really) a carrier may take until it reports.
_PATIENCE_SECONDS = 0.05
_MAX_ROUNDS = 400
_OFTEN = 0.2
_SOURCES = (
    ("send_queue_url", "workers/send_messages"),
    ("callback_queue_url", "workers/deliver_callback"),
    ("attach_queue_url", "workers/attach_messages"),
    ("inbound_queue_url", "workers/receive_reply"),
)
_Webhook = tuple[str, dict[str, Any], "Future[int]"]


@dataclass
class Clock:
    """The time of our code and of the queues; the carrier's differs by ``skew`` seconds."""

    moment: float = field(default_factory=time.time)
    skew: float = 0

    def now(self) -> datetime:
        return our_clock.from_epoch(self.moment)

    def time(self) -> float:
        """Stands for ``time.time``, which is what the carrier simulator goes by."""
        return self.moment + self.skew

    def skip(self, seconds: float) -> None:
        self.moment += seconds


@dataclass
class Execution:
    """One of a state machine, between two invocations: who wakes when."""

    steps: Iterator[float]
    wakes_at: float


@dataclass
class World:
    """See the module.

    Attributes:
        simulator: the carrier's base URL.
        customer: the endpoint that is told of all messages.
        chance: of queues, streams and carriers to deliver in another order, and what they have delivered again; ``None``: never.
    """

    clock: Clock
    calls: Calls = field(default_factory=Calls)
    simulator: str = ""
    customer: Server = field(default_factory=lambda: Server(""))
    chance: random.Random | None = None
    _webhooks: inbox.Queue[_Webhook] = field(default_factory=inbox.Queue)
    _executions: dict[str, Execution] = field(default_factory=dict)
    _position: int = 0
    _swept_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._swept_at = self.clock.moment

    def run_until(self, done: Callable[[], bool]) -> None:
        """Let everything go its way until ``done``, which is asked whenever nothing is left to do at the moment.

        Raises:
            AssertionError: it never is.
        """
        for _ in range(_MAX_ROUNDS):
            while self._turn():
                pass
            if done():
                return
            self._pass_time()
        raise AssertionError("the system did not come to rest as it should")

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """One invocation of a function, counted and in danger."""
        telling.shared.cache_clear()  # another function's process has its own
        self.calls.rival = lambda: self._try(lambda: invoke(function, deepcopy(event)))
        with self.calls.invocation():
            return invoke(function, event)

    def told(self) -> dict[str, list[tuple[int, str]]]:
        """What the customer was told: sequences and statuses in order, by message."""
        found: dict[str, list[tuple[int, str]]] = {}
        for request in self.customer.requests:
            body = json.loads(request.body)
            found.setdefault(body["id"], []).append((body["sequence"], body["status"]))
        return found

    def waiting(self, queue: str) -> list[str]:
        """The bodies of all that lies in a queue, in hand or not."""
        return [message.body for message in _backend("sqs").queues[queue]._messages]

    # ------------------------------------------------------------ who calls in from outside

    def on_webhook(self, handler: BaseHTTPRequestHandler) -> None:
        """A carrier's webhook; waits for its turn, unless the carrier's own answer waits for it."""
        event = pipeline.webhook_event(handler.path, dict(handler.headers), handler.received.body)  # type: ignore[attr-defined]
        function = f"webhooks/receive_{handler.path.split('/')[2]}"
        if self.calls.is_waiting:
            with self.calls.elsewhere():
                done = self._try(lambda: invoke(function, event))
            status = done["statusCode"] if done else 502
        else:
            answer: Future[int] = Future()
            self._webhooks.put((function, event, answer))
            status = answer.result()
        reply(status)(handler)

    def close(self) -> None:
        """Nobody waits for an answer any more."""
        while not self._webhooks.empty():
            self._webhooks.get()[2].set_result(503)

    # ------------------------------------------------------------ what AWS does

    def _turn(self) -> bool:
        """Look at every source once; whether there was anything."""
        sources = [self._work_off(getattr(settings(), url), function) for url, function in _SOURCES]
        return any([self._continue_executions(), *sources, self._follow_stream(), self._take_webhook()])

    def _pass_time(self) -> None:
        self.clock.skip(_TICK_SECONDS)
        if self.clock.moment - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = self.clock.moment
            self._try(lambda: self.invoke("workers/sweep", {}))

    def _try(self, act: Callable[[], Any]) -> Any:
        """The result; ``None`` when the invocation died or failed."""
        try:
            return act()
        except (Crash, Exception):
            return None

    def _work_off(self, url: str, function: str) -> bool:
        sqs = aws.sqs()
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=VISIBILITY_SECONDS).get(
            "Messages", []
        )
        if found:
            event = {"Records": [{"messageId": entry["MessageId"], "body": entry["Body"]} for entry in found]}
            answer = self._try(lambda: self.invoke(function, event))
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} if answer else None
            for entry in found:
                if failed is not None and entry["MessageId"] not in failed and not self._again():
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=entry["ReceiptHandle"])
        return bool(found)

    def _follow_stream(self) -> bool:
        shard = _backend("dynamodb").tables[settings().messages_table].stream_shard
        records = [entry.to_json() for entry in shard.items[self._position :]]
        changed = self._mixed([entry for entry in records if entry["eventName"] == "MODIFY"])
        if changed and self._try(lambda: self.invoke("workers/track_messages", {"Records": changed})) is None:
            return True  # the batch comes again
        self._position += len(records)
        if changed and self._again():
            self._try(lambda: self.invoke("workers/track_messages", {"Records": changed[self.chance.randrange(len(changed)) :]}))
        return bool(changed)

    def _mixed(self, changed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A stream keeps the order of each item's changes only."""
        if self.chance is None:
            return changed
        by_item: dict[str, list[dict[str, Any]]] = {}
        for entry in changed:
            by_item.setdefault(str(entry["dynamodb"]["Keys"]), []).append(entry)
        turns = [key for key, entries in by_item.items() for _ in entries]
        self.chance.shuffle(turns)
        return [by_item[key].pop(0) for key in turns]

    def _again(self) -> bool:
        """Whether something that was delivered is delivered once more."""
        return self.chance is not None and self.chance.random() < _OFTEN

    def _take_webhook(self) -> bool:
        try:
            webhook = self._webhooks.get(timeout=_PATIENCE_SECONDS)
        except inbox.Empty:
            return False
        if self.chance and not self._webhooks.empty() and self._again():
            self._webhooks.put(webhook)  # a later one is faster
            webhook = self._webhooks.get()
        function, event, answer = webhook
        done = self._try(lambda: self.invoke(function, event))
        answer.set_result(done["statusCode"] if done else 502)
        return True

    def _continue_executions(self) -> bool:
        self._notice_executions()
        awake = [arn for arn, execution in self._executions.items() if execution.wakes_at <= self.clock.moment]
        for arn in awake:
            execution = self._executions[arn]
            wait = self._try(lambda steps=execution.steps: next(steps, None))
            if wait is None:
                del self._executions[arn]
                aws.stepfunctions().stop_execution(executionArn=arn)
            else:
                execution.wakes_at = self.clock.moment + wait
        return bool(awake)

    def _notice_executions(self) -> None:
        machines = {
            settings().campaign_send_arn: self._campaign_send,
            settings().callback_retry_arn: self._callback_retry,
            settings().scheduled_start_arn: self._scheduled_start,
        }
        for machine, run in machines.items():
            for execution in _backend("stepfunctions").describe_state_machine(machine).executions:
                arn = execution.execution_arn
                if execution.status != "RUNNING":
                    self._executions.pop(arn, None)  # another one has taken over
                elif arn not in self._executions:
                    self._executions[arn] = Execution(run(json.loads(execution.execution_input)), self.clock.moment)

    # ------------------------------------------------------------ the state machines, without their retries

    def _campaign_send(self, event: dict[str, Any]) -> Iterator[float]:
        keys = {"site_id": event["site_id"], "record_id": event["record_id"]}
        plan = self.invoke("workers/plan_freeze", keys)
        if plan["outcome"] == "over":
            return
        for part, shards in enumerate(plan["scans"]):
            self.invoke("workers/scan_audience", {**keys, "part": part, "shards": shards})
        if plan["scans"]:
            self.invoke("workers/freeze_audience", {**keys, "parts": len(plan["scans"])})
        step = {"outcome": "more", "windows": 0}
        while step["outcome"] in ("more", "wait"):
            step = self.invoke("workers/release_window", {**keys, "windows": step["windows"]})
            yield step["seconds"]

    def _callback_retry(self, event: dict[str, Any]) -> Iterator[float]:
        step = event.pop("step")
        while True:
            yield step["seconds"]
            step = self.invoke("workers/retry_callbacks", {**event, "steps": step["steps"]})
            if step["outcome"] == "done":
                return

    def _scheduled_start(self, event: dict[str, Any]) -> Iterator[float]:
        yield max(0.0, (our_clock.from_timestamp(event["at"]) - self.clock.now()) / timedelta(seconds=1))
        self.invoke("workers/start_scheduled_campaign", event)


def _backend(service: str) -> Any:
    """What moto keeps; asking it directly costs no call."""
    return get_backend(service)[ACCOUNT_ID]["us-east-1"]
