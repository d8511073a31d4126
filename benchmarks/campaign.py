"""Sends a campaign with the real handlers, from ``:send`` to the last receipt, and counts calls and CPU time of each stage.

This module does what AWS does between the handlers: it runs the state machine's tasks in order and passes batches from queues and
streams. Where AWS may behave in several ways, it takes the more expensive one: a receive returns a single SQS message, and each
shard of the stream is processed once a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

import orjson
from twilio.request_validator import RequestValidator

from benchmarks.environment import SimulatedSystem
from benchmarks.local_aws.server import QueuedMessage, Usage
from benchmarks.local_aws.tables import Change
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import Context
from tests.support.pipeline import ACCOUNT, SITE

# A typical message: a hundred characters, two merge fields, one segment.
MESSAGE = "Hello {{ firstName | default: 'there' }}, your table in {{ customFields.city }} is booked. Reply STOP to stop."

# The stages of a message, in order.
FREEZE, RELEASE, WORKER, RECEIPTS, STREAM, CALLBACKS = "freeze", "release", "worker", "receipts", "stream", "callbacks"
STAGES = (FREEZE, RELEASE, WORKER, RECEIPTS, STREAM, CALLBACKS)

# The receipts that Twilio sends for a delivered message.
RECEIPTS_OF_A_MESSAGE = ("sent", "delivered")

_STREAM_BATCH = 1000
_TOKEN = "local-twilio-token"  # noqa: S105 - the token that pipeline.put_site gives the account


@dataclass
class Stage:
    """The resources that a stage used.

    Attributes:
        invocations: the number of invocations of the stage's functions.
        messages: the number of messages, receipts or changes that were processed.
        cpu_seconds: CPU time of this process, without that of the simulated AWS and carrier.
        log_bytes: bytes that were logged at the level INFO.
        usage: the AWS calls.
    """

    invocations: int = 0
    messages: int = 0
    cpu_seconds: float = 0.0
    log_bytes: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass
class Campaign:
    """A running campaign.

    Attributes:
        stages: the resources used by each stage.
        steps: the number of release steps of the state machine.
        waits: the number of release steps after which it waited.
        scans: the number of parts into which the scan of the audience was divided.
        processed_changes: the last batch of changes that the stream's consumer processed.
        stream_shards: the shards of the stream, each with an invocation of its own.
    """

    system: SimulatedSystem
    record_id: str
    stages: dict[str, Stage] = field(default_factory=lambda: {name: Stage() for name in STAGES})
    steps: int = 0
    waits: int = 0
    scans: int = 0
    processed_changes: list[Change] = field(default_factory=list)
    stream_shards: int = 1

    @classmethod
    def start(cls, system: SimulatedSystem, *, stream_shards: int = 1, **changes: Any) -> Campaign:
        """Create and send a campaign to all contacts, whose record waits for its execution.

        Args:
            stream_shards: the shards of the stream of message rows.
            changes: further properties of the campaign.
        """
        record_id = pipeline.send(pipeline.create_campaign(**{"message": MESSAGE, **changes})["id"])
        return cls(system, record_id, stream_shards=stream_shards)

    @property
    def transitions(self) -> int:
        """The state transitions that AWS bills for the execution of the state machine."""
        return transitions(self.scans, self.steps, self.waits)

    def freeze(self) -> None:
        """Find and freeze the audience."""
        plan = self.invoke(FREEZE, "workers/plan_audience_scans", self._event)
        self.scans = len(plan["scans"])
        for part, shards in enumerate(plan["scans"]):
            self.invoke(FREEZE, "workers/scan_audience", {**self._event, "part": part, "shards": shards})
        answer = self.invoke(FREEZE, "workers/freeze_audience", {**self._event, "parts": self.scans})
        self.stages[FREEZE].messages += answer["audience"]

    def release(self) -> Iterator[int]:
        """Release step by step; yields the number of SQS messages in the send queue after each step."""
        while True:
            answer = self.invoke(RELEASE, "workers/release_recipients", {**self._event, "steps": self.steps})
            self.steps += 1
            queued = len(self._queue)
            yield queued
            if answer["outcome"] not in ("more", "wait"):
                return
            if answer["outcome"] == "wait":
                self.waits += 1
                self.system.clock.seconds += answer["seconds"]

    def deliver(self, entries: list[QueuedMessage]) -> None:
        """Send the recipients of SQS messages that are due in the same second, and process receipts and changes."""
        for entry in entries:
            self.send(entry)
        self.process_changes()
        for entry in entries:
            self.receive_receipts(entry)
        self.process_changes()

    def send(self, *entries: QueuedMessage) -> None:
        """Pass SQS messages to the worker in one batch."""
        self.system.clock.seconds = max(self.system.clock.seconds, *(entry.due for entry in entries))
        event = {"Records": [{"messageId": entry.message_id, "body": entry.body} for entry in entries]}
        messages = sum(len(_recipients(entry)) for entry in entries)
        answer = self.invoke(WORKER, "workers/send_messages", event, messages=messages)
        if answer["batchItemFailures"]:
            raise RuntimeError("the worker could not send a message")

    def receive_receipts(self, entry: QueuedMessage) -> None:
        """Pass Twilio's receipts for the recipients of an SQS message to the webhook."""
        for message_id, number in _recipients(entry):
            for status in RECEIPTS_OF_A_MESSAGE:
                answer = self.invoke(RECEIPTS, "webhooks/receive_twilio", receipt(message_id, number, status))
                if answer["statusCode"] != 200:
                    raise RuntimeError("the webhook refused a receipt")

    def process_changes(self) -> None:
        """Pass all changes of message rows to the stream's consumer, and deliver the callbacks that it queues."""
        while self.process_change_batch(_STREAM_BATCH):
            pass
        queue = self.system.aws.queues.get(settings().callback_queue_url, deque())
        while queue:
            entry = queue.popleft()
            event = {"Records": [{"messageId": entry.message_id, "body": entry.body}]}
            answer = self.invoke(CALLBACKS, "workers/deliver_callback", event, messages=len(orjson.loads(entry.body)))
            if answer["batchItemFailures"]:
                raise RuntimeError("the worker could not deliver a callback")

    def process_change_batch(self, size: int) -> bool:
        """Pass the next changes to the stream's consumer, filtered like in the template.

        Returns:
            Whether there were any changes.
        """
        batch = self.system.aws.dynamodb.tables[settings().messages_table].take_changes(size)
        modified = [change for change in batch if change.old is not None and change.new is not None]
        for shard in range(self.stream_shards):
            part = [change for change in modified if crc32(repr(change.keys).encode()) % self.stream_shards == shard]
            if part:
                self.invoke(STREAM, "workers/process_message_changes", stream_event(part), messages=len(part))
        self.processed_changes = modified
        return bool(batch)

    def invoke(
        self, stage: str, function: str, event: dict[str, Any], *, messages: int = 1, context: Context | None = None
    ) -> Any:
        """Invoke a function and add the resources that it uses to a stage."""
        entry = self.stages[stage]
        with self.system.aws.measured() as usage:
            run = self.system.run(function, event, context or Context())
        entry.invocations += 1
        entry.messages += messages if stage != FREEZE else 0
        entry.cpu_seconds += run.cpu_seconds
        entry.log_bytes += run.log_bytes
        entry.usage.merge(usage)
        return run.answer

    def release_page(self) -> None:
        """Release one page of the ledger (800 recipients), as an invocation does shortly before its timeout."""
        event = {**self._event, "steps": self.steps}
        self.invoke(RELEASE, "workers/release_recipients", event, context=Context(remaining_ms=0))

    def take_due(self) -> Iterator[list[QueuedMessage]]:
        """Take the messages out of the send queue, those of one second at a time."""
        queue = self._queue
        while queue:
            second = int(queue[0].due)
            entries = [queue.popleft()]
            while queue and int(queue[0].due) == second:
                entries.append(queue.popleft())
            yield entries

    @property
    def _queue(self) -> deque[QueuedMessage]:
        return self.system.aws.queues.setdefault(settings().send_queue_url, deque())

    @property
    def _event(self) -> dict[str, Any]:
        return {"site_id": SITE, "record_id": self.record_id}


def transitions(scans: int, steps: int, waits: int) -> int:
    """State transitions of ``campaign_send``: one for each state entered and each item of the Map, the start and the end.

    PlanAudienceScans, IsFrozen, ScanAudience and FreezeAudience, Done; ReleaseRecipients and IsReleased for each step.
    """
    return 5 + scans + 2 * steps + waits + 2


def _recipients(entry: QueuedMessage) -> list[tuple[str, str]]:
    return orjson.loads(entry.body)["recipients"]  # type: ignore[no-any-return]


def receipt(message_id: str, number: str, status: str) -> dict[str, Any]:
    """The event of the webhook function for a receipt signed by Twilio."""
    path = f"/webhooks/twilio/{ACCOUNT.id}/messages/{message_id}"
    form = {
        "MessageSid": "SM" + message_id.replace("-", ""),
        "MessageStatus": status,
        "AccountSid": ACCOUNT.carrier_account,
        "From": ACCOUNT.number,
        "To": number,
        "ApiVersion": "2010-04-01",
    }
    signature = RequestValidator(_TOKEN).compute_signature(settings().webhook_base_url + path, form)
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "X-Twilio-Signature": signature}
    return pipeline.webhook_event(path, headers, urlencode(form).encode())


def stream_event(changes: list[Change]) -> dict[str, Any]:
    """The event of the stream's consumer for changes."""
    return {"Records": [change.record() for change in changes]}
