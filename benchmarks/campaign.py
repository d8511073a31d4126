"""A campaign from ``:send`` to the last receipt, by the real handlers, in stages whose calls and CPU are counted apart.

What AWS does between the handlers is played here: the state machine's order of tasks, the event source mappings' batches. Where
AWS leaves room, the dearer case is played: a receive of the send queue returns a single SQS message, and the stream is followed
once a second.
"""

from __future__ import annotations

import gc
import io
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import orjson
from twilio.request_validator import RequestValidator

from benchmarks.local_aws.server import Queued, Usage
from benchmarks.local_aws.tables import Change
from benchmarks.world import World
from outreach.observability import logger
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import Context, load
from tests.support.pipeline import ACCOUNT, SITE

# A typical one: a hundred characters, two merge fields, one segment.
MESSAGE = "Hello {{ firstName | default: 'there' }}, your table in {{ customFields.city }} is booked. Reply STOP to stop."

# The stages that a message goes through, in order.
FREEZE, RELEASE, WORKER, RECEIPTS, STREAM, CALLBACKS = "freeze", "release", "worker", "receipts", "stream", "callbacks"
STAGES = (FREEZE, RELEASE, WORKER, RECEIPTS, STREAM, CALLBACKS)

# What Twilio reports of a message that arrives.
RECEIPTS_OF_A_MESSAGE = ("sent", "delivered")

_STREAM_BATCH = 1000
_CALLBACK_BATCH = 10
_TOKEN = "local-twilio-token"  # noqa: S105 - what pipeline.put_site gives the account


@dataclass
class Stage:
    """What one kind of work took.

    Attributes:
        messages: how many messages (or receipts, or changes) were worked on.
        cpu_seconds: of this process, without what AWS's and the carrier's stand-ins took.
        log_bytes: written at the level INFO.
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
        windows: how many times the state machine has asked for a release, and how often it then waited.
        scans: into how many parts the audience's scan was divided.
        followed: the changes that the stream's consumer was given last.
    """

    world: World
    record_id: str
    stages: dict[str, Stage] = field(default_factory=lambda: {name: Stage() for name in STAGES})
    windows: int = 0
    waits: int = 0
    scans: int = 0
    followed: list[Change] = field(default_factory=list)

    @classmethod
    def start(cls, world: World, **changes: Any) -> Campaign:
        """A new campaign to everybody, whose record waits for its execution; ``changes`` are of its body."""
        return cls(world, pipeline.send(pipeline.create_campaign(message=MESSAGE, **changes)["id"]))

    @property
    def transitions(self) -> int:
        """What the execution of the state machine is billed for."""
        return transitions(self.scans, self.windows, self.waits)

    def freeze(self) -> None:
        """Find the audience."""
        plan = self.invoke(FREEZE, "workers/plan_freeze", self._event)
        self.scans = len(plan["scans"])
        for part, shards in enumerate(plan["scans"]):
            self.invoke(FREEZE, "workers/scan_audience", {**self._event, "part": part, "shards": shards})
        found = self.invoke(FREEZE, "workers/freeze_audience", {**self._event, "parts": self.scans})
        self.stages[FREEZE].messages += found["audience"]

    def release(self) -> Iterator[int]:
        """Release window after window; yields how many messages the queue holds after each."""
        while True:
            answer = self.invoke(RELEASE, "workers/release_window", {**self._event, "windows": self.windows})
            self.windows += 1
            queued = len(self._queue)
            yield queued
            if answer["outcome"] not in ("more", "wait"):
                return
            if answer["outcome"] == "wait":
                self.waits += 1
                self.world.clock.seconds += answer["seconds"]

    def deliver(self, entries: list[Queued]) -> None:
        """Send the messages of SQS messages that became due in the same second, apply their receipts, follow the stream."""
        for entry in entries:
            self.work(entry)
        self.follow()
        for entry in entries:
            self.report(entry)
        self.follow()

    def work(self, *entries: Queued) -> None:
        """Send the messages of SQS messages that came in one receive."""
        self.world.clock.seconds = max(self.world.clock.seconds, *(entry.due for entry in entries))
        event = {"Records": [{"messageId": entry.message_id, "body": entry.body} for entry in entries]}
        messages = sum(len(_recipients(entry)) for entry in entries)
        answer = self.invoke(WORKER, "workers/send_messages", event, messages=messages)
        if answer["batchItemFailures"]:
            raise RuntimeError("a message could not be sent")

    def report(self, entry: Queued) -> None:
        """Twilio's receipts for the messages of one SQS message."""
        for message_id, number in _recipients(entry):
            for status in RECEIPTS_OF_A_MESSAGE:
                answer = self.invoke(RECEIPTS, "webhooks/receive_twilio", receipt(message_id, number, status))
                if answer["statusCode"] != 200:
                    raise RuntimeError("a receipt was refused")

    def follow(self) -> None:
        """Hand the changes of message rows to their consumer, and what follows from them to the customer."""
        while self.follow_batch(_STREAM_BATCH):
            pass
        told = self.world.aws.queues.get(settings().callback_queue_url, deque())
        while told:
            posts = [told.popleft() for _ in range(min(len(told), _CALLBACK_BATCH))]
            event = {"Records": [{"messageId": entry.message_id, "body": entry.body} for entry in posts]}
            answer = self.invoke(CALLBACKS, "workers/deliver_callback", event, messages=len(posts))
            if answer["batchItemFailures"]:
                raise RuntimeError("a callback could not be made")

    def follow_batch(self, size: int) -> bool:
        """Hand the next changes to their consumer, as its event source mapping filters them; whether there were any."""
        batch = self.world.aws.dynamodb.tables[settings().messages_table].take_changes(size)
        modified = [change for change in batch if change.old is not None and change.new is not None]
        if modified:
            self.invoke(STREAM, "workers/track_messages", stream_event(modified), messages=len(modified))
        self.followed = modified
        return bool(batch)

    def invoke(
        self, stage: str, function: str, event: dict[str, Any], *, messages: int = 1, context: Context | None = None
    ) -> Any:
        """Invoke a function, and add what it takes to a stage."""
        entry, handler = self.stages[stage], load(function).lambda_handler
        with self.world.aws.measured() as usage, self._logged(entry), cpu(self.world, usage) as took:
            answer = handler(event, context or Context())
        entry.invocations += 1
        entry.messages += messages if stage != FREEZE else 0
        entry.cpu_seconds += took.seconds
        entry.usage.merge(usage)
        return answer

    def release_page(self) -> None:
        """Release one page of the ledger's, 800 contacts, as an invocation does whose time is nearly up."""
        event = {**self._event, "windows": self.windows}
        self.invoke(RELEASE, "workers/release_window", event, context=Context(remaining_ms=0))

    def due(self) -> Iterator[list[Queued]]:
        """What lies in the send queue, second by second."""
        queue = self._queue
        while queue:
            second = int(queue[0].due)
            entries = [queue.popleft()]
            while queue and int(queue[0].due) == second:
                entries.append(queue.popleft())
            yield entries

    @property
    def _queue(self) -> deque[Queued]:
        return self.world.aws.queues.setdefault(settings().send_queue_url, deque())

    @property
    def _event(self) -> dict[str, Any]:
        return {"site_id": SITE, "record_id": self.record_id}

    @contextmanager
    def _logged(self, stage: Stage) -> Iterator[None]:
        # Logs go to the handler's stream, metrics to the standard output: on Lambda both are the log.
        log = io.StringIO()
        with patch.object(logger().registered_handler, "stream", log), redirect_stdout(log):
            yield
        stage.log_bytes += len(log.getvalue().encode())


def transitions(scans: int, windows: int, waits: int) -> int:
    """State transitions of ``campaign_send``: each state that is entered, each item of the Map, the start and the end.

    PlanFreeze, IsFrozen, ScanAudience and FreezeAudience, Done; ReleaseWindow and IsReleased for each window.
    """
    return 5 + scans + 2 * windows + waits + 2


@dataclass
class Took:
    seconds: float = 0.0


@contextmanager
def cpu(world: World, usage: Usage) -> Iterator[Took]:
    """CPU seconds of this process meanwhile, without the stand-ins' and without collecting others' garbage."""
    took = Took()
    gc.disable()
    carrier, started = world.carrier.cpu_seconds, time.process_time()
    try:
        yield took
    finally:
        took.seconds = time.process_time() - started - usage.cpu_seconds - (world.carrier.cpu_seconds - carrier)
        gc.enable()


def _recipients(entry: Queued) -> list[tuple[str, str]]:
    return orjson.loads(entry.body)["recipients"]  # type: ignore[no-any-return]


def receipt(message_id: str, number: str, status: str) -> dict[str, Any]:
    """The webhook's event for a status callback that Twilio has signed."""
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
    return {"Records": [change.record() for change in changes]}
