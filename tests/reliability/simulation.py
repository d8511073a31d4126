"""Simulates the whole system in one process: handlers on a mocked AWS, the carrier simulator and a customer's endpoint.

The simulated clock advances only when nothing is left to do. When an invocation crashes, AWS and the carriers react as in
reality: a queue or a stream delivers the batch again, an execution fails, a carrier repeats its webhook and the sweep runs later.
"""

from __future__ import annotations

import json
import queue as inbox
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from random import Random
from threading import Lock
from typing import Any, cast
from unittest.mock import patch

from outreach import aws, aws_errors, parameter_store
from outreach import clock as our_clock
from outreach.callbacks import delivery_attempt
from outreach.settings import settings
from tests.support import pipeline
from tests.support.crash_points import Calls, Crash
from tests.support.functions import invoke
from tests.support.http_server import Server, reply
from tests.support.template import moto_backend

VISIBILITY_SECONDS = 180
SWEEP_SECONDS = 300
# The clock advances by this time when nothing is left to do.
_TICK_SECONDS = 100
# Real time to wait for a carrier's webhook.
_WEBHOOK_WAIT_SECONDS = 0.05
_MAX_ROUNDS = 400
# Not ``None``, which a worker returns when it is done.
FAILED = object()
_REDELIVERY_PROBABILITY = 0.2
_SOURCES = (
    ("send_queue_url", "workers/send_messages"),
    ("callback_queue_url", "workers/deliver_callback"),
    ("attach_queue_url", "workers/attach_messages"),
    ("inbound_queue_url", "workers/process_reply"),
)
_Webhook = tuple[str, dict[str, Any], "Future[int]"]


@dataclass
class Clock:
    """The time of our code and of the queues; the carrier's clock differs by ``skew`` seconds."""

    moment: float = field(default_factory=time.time)
    skew: float = 0

    def now(self) -> datetime:
        return our_clock.from_epoch(self.moment)

    def time(self) -> float:
        """Replaces ``time.time``, which the carrier simulator uses."""
        return self.moment + self.skew

    def skip(self, seconds: float) -> None:
        self.moment += seconds


@dataclass
class Execution:
    """An execution of a state machine: its remaining steps and the time of the next one."""

    steps: Iterator[float]
    wakes_at: float


@dataclass
class SimulatedSystem:
    """The simulated system, see the module.

    Attributes:
        clock: the simulated time.
        calls: injects the faults.
        simulator: the base URL of the carrier simulator.
        customer: the customer's endpoint, which receives all callbacks.
        random: decides when queues, streams and carriers deliver out of order or again; ``None`` for never.
    """

    clock: Clock
    calls: Calls = field(default_factory=Calls)
    simulator: str = ""
    customer: Server = field(default_factory=lambda: Server(""))
    random: Random | None = None
    _webhooks: inbox.Queue[_Webhook] = field(default_factory=inbox.Queue)
    _executions: dict[str, Execution] = field(default_factory=dict)
    _position: int = 0
    _swept_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._swept_at = self.clock.moment

    def run_until(self, done: Callable[[], bool]) -> None:
        """Run the system until ``done`` returns true; it is called whenever nothing is left to do.

        Raises:
            AssertionError: it does not return true within the maximum number of rounds.
        """
        for _ in range(_MAX_ROUNDS):
            while self._process_all():
                pass
            if done():
                return
            self._pass_time()
        raise AssertionError(f"the system did not reach the expected state in {_MAX_ROUNDS} rounds")

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a function; its steps are counted and may go wrong."""
        delivery_attempt.record_and_site.cache_clear()  # each function has its own process and cache
        self.calls.rival = lambda: self._try(lambda: _in_another_process(lambda: invoke(function, deepcopy(event))))
        with self.calls.invocation():
            return invoke(function, event)

    def callbacks(self) -> dict[str, list[tuple[int, str]]]:
        """The sequence and status of each callback that the customer received, in order, by message id."""
        by_message: dict[str, list[tuple[int, str]]] = {}
        for request in self.customer.requests:
            body = json.loads(request.body)
            by_message.setdefault(body["id"], []).append((body["sequence"], body["status"]))
        return by_message

    def bodies_in(self, queue: str) -> list[str]:
        """The bodies of all messages in a queue, visible or not."""
        return [message.body for message in moto_backend("sqs").queues[queue]._messages]

    # ------------------------------------------------------------ Webhooks

    def on_webhook(self, handler: BaseHTTPRequestHandler) -> None:
        """Receive a carrier's webhook: at once if the carrier's response to us waits for it, otherwise through the inbox."""
        event = pipeline.webhook_event(handler.path, dict(handler.headers), handler.received.body)  # type: ignore[attr-defined]
        function = f"webhooks/receive_{handler.path.split('/')[2]}"
        if self.calls.is_waiting:
            with self.calls.in_another_process():
                response = self._try(lambda: invoke(function, event))
            status = 502 if response is FAILED else response["statusCode"]
        else:
            future: Future[int] = Future()
            self._webhooks.put((function, event, future))
            status = future.result()
        reply(status)(handler)

    def close(self) -> None:
        """Answer all waiting webhooks with 503, so that no thread waits forever."""
        while not self._webhooks.empty():
            self._webhooks.get()[2].set_result(503)

    # ------------------------------------------------------------ Event sources

    def _process_all(self) -> bool:
        """Process each source once; returns whether any source had work."""
        sources = [self._process_queue(getattr(settings(), url), function) for url, function in _SOURCES]
        return any([self._continue_executions(), *sources, self._process_stream(), self._process_webhook()])

    def _pass_time(self) -> None:
        self.clock.skip(_TICK_SECONDS)
        if self.clock.moment - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = self.clock.moment
            self._try(lambda: self.invoke("workers/sweep", {}))

    def _try(self, invocation: Callable[[], Any]) -> Any:
        """The result of an invocation; ``FAILED`` when it crashed or failed."""
        try:
            return invocation()
        except (Crash, Exception):
            return FAILED

    def _process_queue(self, url: str, function: str) -> bool:
        sqs = aws.sqs()
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=VISIBILITY_SECONDS)
        batch = answer.get("Messages", [])
        if batch:
            event = {"Records": [{"messageId": entry["MessageId"], "body": entry["Body"]} for entry in batch]}
            result = self._try(lambda: self.invoke(function, event))
            failed = None if result is FAILED else {failure["itemIdentifier"] for failure in result["batchItemFailures"]}
            for entry in batch:
                if failed is not None and entry["MessageId"] not in failed and not self._is_redelivered():
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=entry["ReceiptHandle"])
        return bool(batch)

    def _process_stream(self) -> bool:
        shard = moto_backend("dynamodb").tables[settings().messages_table].stream_shard
        records = [entry.to_json() for entry in shard.items[self._position :]]
        changed = self._reordered([entry for entry in records if entry["eventName"] == "MODIFY"])
        if changed and self._try(lambda: self.invoke("workers/process_message_changes", {"Records": changed})) is FAILED:
            return True  # the stream delivers the batch again
        self._position += len(records)
        if changed and self.random and self._is_redelivered():
            repeated = changed[self.random.randrange(len(changed)) :]
            self._try(lambda: self.invoke("workers/process_message_changes", {"Records": repeated}))
        return bool(changed)

    def _reordered(self, changed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Shuffle changes as a stream may: it keeps only the order of each item's changes."""
        if self.random is None:
            return changed
        by_item: dict[str, list[dict[str, Any]]] = {}
        for entry in changed:
            by_item.setdefault(str(entry["dynamodb"]["Keys"]), []).append(entry)
        keys = [key for key, entries in by_item.items() for _ in entries]
        self.random.shuffle(keys)
        return [by_item[key].pop(0) for key in keys]

    def _is_redelivered(self) -> bool:
        """Whether a message, a batch or a webhook is delivered again; decided at random."""
        return self.random is not None and self.random.random() < _REDELIVERY_PROBABILITY

    def _process_webhook(self) -> bool:
        try:
            webhook = self._webhooks.get(timeout=_WEBHOOK_WAIT_SECONDS)
        except inbox.Empty:
            return False
        if self.random and not self._webhooks.empty() and self._is_redelivered():
            self._webhooks.put(webhook)  # a later webhook arrives first
            webhook = self._webhooks.get()
        function, event, future = webhook
        response = self._try(lambda: self.invoke(function, event))
        future.set_result(502 if response is FAILED else response["statusCode"])
        return True

    def _continue_executions(self) -> bool:
        self._update_executions()
        ready = [arn for arn, execution in self._executions.items() if execution.wakes_at <= self.clock.moment]
        for arn in ready:
            execution = self._executions[arn]
            try:
                wait, error = next(execution.steps, None), ""
            except (Crash, Exception) as failure:
                wait, error = None, _error_name(failure)
            if wait is None:
                del self._executions[arn]
                aws.stepfunctions().stop_execution(executionArn=arn)
                moto_backend("stepfunctions").describe_execution(arn).error = error  # moto leaves it out
            else:
                execution.wakes_at = self.clock.moment + wait
        return bool(ready)

    def _update_executions(self) -> None:
        """Add executions that were started, and drop those that were stopped."""
        machines = {
            settings().campaign_send_arn: self._campaign_send,
            settings().callback_retry_arn: self._callback_retry,
            settings().scheduled_start_arn: self._scheduled_start,
        }
        for machine, run in machines.items():
            for execution in moto_backend("stepfunctions").describe_state_machine(machine).executions:
                arn = execution.execution_arn
                if execution.status != "RUNNING":
                    self._executions.pop(arn, None)  # stopped, because another execution replaces it
                elif arn not in self._executions:
                    self._executions[arn] = Execution(run(json.loads(execution.execution_input)), self.clock.moment)

    # ------------------------------------------------------------ State machines, without their retries

    def _campaign_send(self, event: dict[str, Any]) -> Iterator[float]:
        keys = {"site_id": event["site_id"], "record_id": event["record_id"]}
        plan = self.invoke("workers/plan_audience_scans", keys)
        if plan["outcome"] == "over":
            return
        for part, shards in enumerate(plan["scans"]):
            self.invoke("workers/scan_audience", {**keys, "part": part, "shards": shards})
        if plan["scans"]:
            self.invoke("workers/freeze_audience", {**keys, "parts": len(plan["scans"])})
        step = {"outcome": "more", "steps": 0}
        while step["outcome"] in ("more", "wait"):
            step = self.invoke("workers/release_recipients", {**keys, "steps": step["steps"]})
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


def _in_another_process(work: Callable[[], Any]) -> Any:
    """Do work with locks of its own: it must not wait for those of the process that it overtakes."""
    with patch.object(parameter_store, "_lock", Lock()):
        return work()


def _error_name(failure: BaseException) -> str:
    """The error of an execution whose function failed; Lambda names a process that ended like this."""
    return "Runtime.ExitError" if isinstance(failure, Crash) else aws_errors.name_of(cast(Exception, failure))
