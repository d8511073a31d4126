"""What a message costs: a campaign through the real handlers, every call counted, at list prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks import prices
from benchmarks.campaign import CALLBACKS, FREEZE, RECEIPTS, RECEIPTS_OF_A_MESSAGE, RELEASE, STREAM, WORKER, Campaign, Stage
from benchmarks.figures import Figure
from benchmarks.prices import MILLION
from benchmarks.world import world
from outreach.messages import rows
from tests.support import pipeline, stack
from tests.support.template import template

CONTACTS = 10_000
QUICK_CONTACTS = 200

_CUSTOMER = "https://192.0.2.1/told"

# For the durations that Lambda bills: a call inside a region, and a carrier's.
AWS_CALL_SECONDS = 0.005
CARRIER_CALL_SECONDS = 0.2
# A function with so much memory has one processor; one with less has its share.
_ONE_PROCESSOR_MB = 1769
# Lambda's START, END and REPORT of an invocation.
_PLATFORM_LOG_BYTES = 330
# Lambda's own polling of a queue: a receive and a delete for each invocation.
_POLLS = 2


@dataclass(frozen=True)
class _Shape:
    """How a stage's function runs.

    Attributes:
        functions: by their folders; the dearest one counts.
        at_once: how many of ``concurrent`` calls it has under way at the same time.
    """

    functions: tuple[str, ...]
    concurrent: tuple[str, ...] = ()
    at_once: int = 1


_SHAPES = {
    FREEZE: _Shape(("workers/plan_freeze", "workers/scan_audience", "workers/freeze_audience")),
    RELEASE: _Shape(("workers/release_window",), ("PutItem",), 16),
    WORKER: _Shape(("workers/send_messages",), ("UpdateItem",), 10),
    RECEIPTS: _Shape(("webhooks/receive_twilio",)),
    STREAM: _Shape(("workers/track_messages",)),
    CALLBACKS: _Shape(("workers/deliver_callback",), ("UpdateItem", "PutItem"), 10),
}


def measure(*, quick: bool = False) -> list[Figure]:
    """Run the campaign."""
    contacts = QUICK_CONTACTS if quick else CONTACTS
    sent = _run(contacts)
    told = _run(contacts // 10, callbackURL=_CUSTOMER)
    return [
        *_stage_figures(sent, contacts),
        *_totals(sent, contacts),
        *_callbacks(told, contacts // 10),
        *_million(sent, contacts),
    ]


def _run(contacts: int, **changes: str) -> Campaign:
    """A campaign, the whole way."""
    with world() as built:
        built.add_contacts(contacts)
        sent = Campaign.start(built, **changes)
        sent.freeze()
        for _ in sent.release():
            for second in sent.due():
                sent.deliver(second)
        if pipeline.counts(sent.record_id)["delivered"] != contacts:
            raise RuntimeError("not every message was delivered")
    return sent


def _stage_figures(sent: Campaign, contacts: int) -> Iterable[Figure]:
    for name in (FREEZE, RELEASE, WORKER, RECEIPTS, STREAM):
        stage = sent.stages[name]
        usage = stage.usage
        for quantity, value in (
            ("write units", usage.write_units.total()),
            ("read units", usage.read_units.total()),
            ("AWS calls", usage.calls.total()),
            ("SQS requests", _sqs_requests(name, stage)),
            ("invocations", stage.invocations),
            ("GB-s per 1,000", gb_seconds(name, stage) * 1000),
            ("log bytes", _log_bytes(stage)),
            ("$ per million", dollars(name, stage) * MILLION),
        ):
            yield Figure(f"stage {name}", quantity, value / contacts, "a message")


def _totals(sent: Campaign, contacts: int) -> Iterable[Figure]:
    stages = sent.stages
    write_units = sum(stage.usage.write_units.total() for stage in stages.values()) / contacts
    sqs = sum(_sqs_requests(name, stage) for name, stage in stages.items()) / contacts
    compute = sum(gb_seconds(name, stage) for name, stage in stages.items()) / contacts * 1000
    logs = sum(map(_log_bytes, stages.values())) / contacts
    total = sum(dollars(name, stage) for name, stage in stages.items()) + sent.transitions * prices.STATE_TRANSITION
    gateway = len(RECEIPTS_OF_A_MESSAGE) * prices.HTTP_API_REQUEST
    yield Figure("total", "write units a message", write_units, "units", at_most=7)
    yield Figure("total", "SQS requests a message", sqs, "requests", at_most=0.5)
    yield Figure("total", "Lambda per 1,000 messages", compute, "GB-s", at_most=30)
    yield Figure(
        "total", "state transitions of the campaign", sent.transitions, "transitions", at_most=25 + 4 * (sent.windows - 1)
    )
    yield Figure("total", "release windows", sent.windows, "windows")
    yield Figure("total", "a million messages", total / contacts * MILLION, "$", at_most=5.5)
    yield Figure("beside", "gateway requests of receipts, a million messages", gateway * MILLION, "$", at_most=2.6)
    yield Figure("beside", "log bytes a message", logs, "bytes", at_most=300)
    yield Figure("beside", "logs, a million messages", logs * prices.LOG_BYTE * MILLION, "$")


def _callbacks(told: Campaign, contacts: int) -> Iterable[Figure]:
    stage = told.stages[CALLBACKS]
    price = (dollars(CALLBACKS, stage) + told.stages[STREAM].usage.requests["sqs"] * prices.SQS_REQUEST) / contacts
    yield Figure("beside", "callbacks a message", stage.messages / contacts, "callbacks")
    yield Figure("beside", "write units of callbacks, a message", stage.usage.write_units.total() / contacts, "units")
    yield Figure("beside", "callbacks, a million of them", price * MILLION * contacts / stage.messages, "$")
    yield Figure("beside", "callbacks, a million messages", price * MILLION, "$", at_most=3)


def _million(sent: Campaign, contacts: int) -> Iterable[Figure]:
    """What binds a campaign to a million contacts: how many messages a second each stage can take."""
    stages, at_once = sent.stages, int(template()["Parameters"]["WorkerConcurrency"]["Default"])
    group = "messages a second"
    seconds = {name: _seconds(name, stages[name]) for name in (FREEZE, RELEASE, WORKER, RECEIPTS, STREAM)}
    yield Figure(group, "released by one record's execution", contacts / seconds[RELEASE], "a second")
    yield Figure(group, f"sent by {at_once} workers at once", at_once * contacts / seconds[WORKER], "a second")
    yield Figure(group, "followed by the stream's consumer, for each shard", contacts / seconds[STREAM], "a second")
    # A partition takes 1,000 write units a second; the timeline has sixteen, a message's row and its contact's index are spread.
    yield Figure(group, "entered into the timeline's partitions", 1_000 * rows.TIMELINE_SHARDS, "a second")
    yield Figure("a million", "invocations", sum(stages[name].invocations for name in seconds) / contacts, "million")
    yield Figure("a million", "finding the audience, 16 scans side by side", seconds[FREEZE] / contacts * MILLION / 16, "s")
    yield Figure("a million", "sending at 100 a second, the account's rate", MILLION / 100 / 3600, "hours")


def dollars(name: str, stage: Stage) -> float:
    """What a stage costs: its table, queue and bucket requests, and its functions."""
    usage = stage.usage
    return (
        usage.write_units.total() * prices.WRITE_UNIT
        + usage.read_units.total() * prices.READ_UNIT
        + _sqs_requests(name, stage) * prices.SQS_REQUEST
        + _s3(stage, "PutObject") * prices.S3_PUT
        + _s3(stage, "GetObject") * prices.S3_GET
        + stage.invocations * prices.LAMBDA_REQUEST
        + gb_seconds(name, stage) * prices.LAMBDA_GB_SECOND
    )


def gb_seconds(name: str, stage: Stage) -> float:
    """Memory times duration."""
    return _megabytes(name) / 1024 * _seconds(name, stage)


def _seconds(name: str, stage: Stage) -> float:
    """Duration: the CPU time at the function's share of a processor, and the waiting for its calls."""
    shape = _SHAPES[name]
    calls = stage.usage.calls
    concurrent = sum(count for (_, operation, _), count in calls.items() if operation in shape.concurrent)
    waits = (calls.total() - concurrent) + concurrent / shape.at_once
    seconds = stage.cpu_seconds / min(1.0, _megabytes(name) / _ONE_PROCESSOR_MB) + waits * AWS_CALL_SECONDS
    if name in (WORKER, CALLBACKS):
        seconds += stage.invocations * CARRIER_CALL_SECONDS
    return seconds


def _megabytes(name: str) -> int:
    code = {f"functions/{function}" for function in _SHAPES[name].functions}
    return max(int(function["MemorySize"]) for function in stack.functions().values() if function["CodeUri"] in code)


def _sqs_requests(name: str, stage: Stage) -> int:
    """Those that the handlers make, and those of the event source mapping."""
    return stage.usage.requests["sqs"] + (_POLLS * stage.invocations if name in (WORKER, CALLBACKS) else 0)


def _log_bytes(stage: Stage) -> int:
    """What the handlers write, and what Lambda writes of each invocation unless the template tells it not to."""
    quiet = template()["Globals"]["Function"]["LoggingConfig"].get("SystemLogLevel") == "WARN"
    return stage.log_bytes + (0 if quiet else _PLATFORM_LOG_BYTES * stage.invocations)


def _s3(stage: Stage, operation: str) -> int:
    return sum(count for (service, name, _), count in stage.usage.calls.items() if (service, name) == ("s3", operation))
