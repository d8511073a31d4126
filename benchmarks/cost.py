"""Computes what a message costs: runs a campaign with the real handlers, counts every call and applies list prices."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass

from requests import adapters

from benchmarks import prices
from benchmarks.campaign import CALLBACKS, FREEZE, RECEIPTS, RECEIPTS_OF_A_MESSAGE, RELEASE, STREAM, WORKER, Campaign, Stage
from benchmarks.environment import SimulatedSystem, new_system
from benchmarks.figures import Figure
from benchmarks.prices import MILLION
from benchmarks.servers import Servers
from outreach.messages import message_rows
from tests.support import pipeline, stack
from tests.support.template import template

CONTACTS = 10_000
QUICK_CONTACTS = 200
_WARM_UP_CONTACTS = 10

# Three segments: 400 characters.
_LONG_MESSAGE = (
    "Hello {{ firstName | default: 'there' }}, your table in {{ customFields.city }} is booked for Saturday evening at half past "
    "seven. Please be there ten minutes early, because the kitchen closes at nine and the chef likes to serve the whole menu. "
    "If you are late or bring more guests than you told us, call the number on our website. Parking is behind the house; the "
    "entrance is on the left. We look forward to seeing you! Reply STOP to stop."
)
_CALLBACK_URL = "https://hooks.customer.example/callbacks"

# Assumed durations of a call to AWS in the same region and of a call to a carrier.
AWS_CALL_SECONDS = 0.005
CARRIER_CALL_SECONDS = 0.2
# The memory of a function with one full vCPU; a function with less memory has a proportional share.
FULL_VCPU_MB = 1769
# The size of the lines START, END and REPORT that Lambda logs for an invocation.
_PLATFORM_LOG_BYTES = 330
# The bytes that a client sends in a TLS handshake.
_HANDSHAKE_BYTES = 800
# A row of the messages table with its index entries.
_ROW_BYTES = 2_000
# The shards of the stream of a table on demand: those of its first four partitions.
_STREAM_SHARDS = 4
# SQS requests of the event source mapping for each invocation: a receive and a delete.
_POLLS = 2


@dataclass(frozen=True)
class _Execution:
    """How the functions of a stage run.

    Attributes:
        functions: the folders of the functions; the one with the most memory counts.
        parallel_operations: AWS operations that run in parallel, on any resource or on a named one.
        parallelism: the number of calls that run at the same time.
    """

    functions: tuple[str, ...]
    parallel_operations: tuple[str, ...] = ()
    parallelism: int = 1


_EXECUTIONS = {
    FREEZE: _Execution(("workers/plan_audience_scans", "workers/scan_audience", "workers/freeze_audience")),
    RELEASE: _Execution(("workers/release_recipients",), ("BatchExecuteStatement",), 4),
    WORKER: _Execution(("workers/send_messages",), ("UpdateItem", "BatchGetItem MessagesTable"), 10),
    RECEIPTS: _Execution(("webhooks/receive_twilio",)),
    STREAM: _Execution(("workers/process_message_changes",)),
    CALLBACKS: _Execution(("workers/deliver_callback",), ("UpdateItem", "PutItem"), 10),
}


def measure(*, quick: bool = False) -> list[Figure]:
    """Run a campaign without callbacks, one with callbacks and one with long messages."""
    contacts = QUICK_CONTACTS if quick else CONTACTS
    part = contacts // 10
    campaign = _run(contacts)
    with_callbacks = _run(part, callbackURL=_CALLBACK_URL)
    return [
        *_stage_figures(campaign, contacts),
        *_totals(campaign, contacts),
        *_callbacks(with_callbacks, part),
        *_other_lines(with_callbacks, _run(part, message=_LONG_MESSAGE), part),
        *_cpu(campaign, contacts, with_callbacks, part),
        *_throughput(campaign, contacts),
        _callback_rate(with_callbacks.stages[CALLBACKS]),
    ]


def _run(contacts: int, **changes: str) -> Campaign:
    """Run a campaign to its end, after a small one: cold starts are measured by themselves."""
    with new_system(over_sockets=True) as system:
        system.add_contacts(_WARM_UP_CONTACTS)
        _send(system, **changes)
        system.add_contacts(contacts - _WARM_UP_CONTACTS)
        return _send(system, **changes)


def _send(system: SimulatedSystem, **changes: str) -> Campaign:
    """Send a campaign to all contacts, until every message is delivered."""
    if system.servers:
        system.servers.clear()
    campaign = Campaign.start(system, stream_shards=_STREAM_SHARDS, **changes)
    campaign.freeze()
    for _ in campaign.release():
        for second in campaign.take_due():
            campaign.deliver(second)
    if pipeline.counts(campaign.record_id)["delivered"] != system.contacts:
        raise RuntimeError("not every message was delivered")
    return campaign


def _stage_figures(campaign: Campaign, contacts: int) -> Iterable[Figure]:
    for name in (FREEZE, RELEASE, WORKER, RECEIPTS, STREAM):
        stage = campaign.stages[name]
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
            yield Figure(f"stage {name}", quantity, value / contacts, "per message")


def _totals(campaign: Campaign, contacts: int) -> Iterable[Figure]:
    stages = campaign.stages
    write_units = _write_units(campaign) / contacts
    sqs = sum(_sqs_requests(name, stage) for name, stage in stages.items()) / contacts
    compute = sum(gb_seconds(name, stage) for name, stage in stages.items()) / contacts * 1000
    logs = sum(map(_log_bytes, stages.values())) / contacts
    gateway = len(RECEIPTS_OF_A_MESSAGE) * prices.HTTP_API_REQUEST
    yield Figure("total", "write units per message", write_units, "units", at_most=7)
    yield Figure("total", "SQS requests per message", sqs, "requests", at_most=0.5)
    yield Figure("total", "Lambda per 1,000 messages", compute, "GB-s", at_most=30)
    yield Figure(
        "total", "state transitions of the campaign", campaign.transitions, "transitions", at_most=25 + 4 * (campaign.steps - 1)
    )
    yield Figure("total", "release steps", campaign.steps, "steps")
    yield Figure("total", "cost of a million messages", _total(campaign, contacts), "$", at_most=5.2)
    yield Figure("not included", "gateway requests for receipts, per million messages", gateway * MILLION, "$", at_most=2.6)
    yield Figure("not included", "log bytes per message", logs, "bytes", at_most=300)
    yield Figure("not included", "logs, per million messages", logs * prices.LOG_BYTE * MILLION, "$")


def _total(campaign: Campaign, contacts: int) -> float:
    """The cost of a million messages without callbacks, in dollars. Each campaign of the usual size takes its transitions."""
    stages = sum(dollars(name, stage) for name, stage in campaign.stages.items() if name != CALLBACKS)
    return (stages / contacts + campaign.transitions * prices.STATE_TRANSITION / CONTACTS) * MILLION


def _callbacks(campaign: Campaign, contacts: int) -> Iterable[Figure]:
    stage = campaign.stages[CALLBACKS]
    logs = sum(map(_log_bytes, campaign.stages.values())) / contacts
    price = (dollars(CALLBACKS, stage) + campaign.stages[STREAM].usage.requests["sqs"] * prices.SQS_REQUEST) / contacts
    yield Figure("not included", "callbacks per message", stage.messages / contacts, "callbacks")
    yield Figure("not included", "write units of callbacks, per message", stage.usage.write_units.total() / contacts, "units")
    yield Figure("not included", "cost of a million callbacks", price * MILLION * contacts / stage.messages, "$")
    yield Figure("not included", "callbacks, per million messages", price * MILLION, "$", at_most=3)
    yield Figure("not included", "log bytes per message with callbacks", logs, "bytes", at_most=300)


def _other_lines(with_callbacks: Campaign, long: Campaign, contacts: int) -> Iterable[Figure]:
    """What is easily forgotten: data that leaves AWS, storage, and longer messages."""
    servers = with_callbacks.system.servers or Servers()
    for name, host in (("to the carrier", "api.twilio.com"), ("to the customer", "hooks.customer.example")):
        sent = servers.received[host] + servers.connections[host] * _HANDSHAKE_BYTES
        yield Figure("other lines", f"bytes {name}, per message", sent / contacts, "bytes")
        yield Figure("other lines", f"data {name}, per million messages", sent / contacts * prices.BYTE_OUT * MILLION, "$")
    stored = (prices.STORED_BYTE + prices.BACKED_UP_BYTE) * _ROW_BYTES * MILLION
    yield Figure("other lines", "storage and backups of a million messages, per month", stored, "$")
    yield Figure("other lines", "write units per message of three segments", _write_units(long) / contacts, "units")
    yield Figure("other lines", "cost of a million messages of three segments", _total(long, contacts), "$", at_most=6.5)


def _write_units(campaign: Campaign) -> float:
    return sum(stage.usage.write_units.total() for stage in campaign.stages.values())


def _cpu(campaign: Campaign, contacts: int, with_callbacks: Campaign, callback_contacts: int) -> Iterable[Figure]:
    """CPU seconds of our processes for 1,000 messages with callbacks over https."""
    seconds = {name: campaign.stages[name].cpu_seconds / contacts for name in (FREEZE, RELEASE, WORKER, RECEIPTS, STREAM)}
    seconds[CALLBACKS] = with_callbacks.stages[CALLBACKS].cpu_seconds / callback_contacts
    for name, value in seconds.items():
        yield Figure("CPU", name, value * 1000, "s per 1,000")
    yield Figure("CPU", "all, with callbacks over https", sum(seconds.values()) * 1000, "s per 1,000", at_most=14)
    yield Figure("CPU", "all, without callbacks", (sum(seconds.values()) - seconds[CALLBACKS]) * 1000, "s per 1,000")
    yield Figure("CPU", "for comparison: parsing TLS's bundle of authorities once", _parsing_seconds() * 1000, "ms")


def _parsing_seconds() -> float:
    """The CPU time of a fixed piece of work, which says how fast the machine is now. The least of some, as in :mod:`.cpu`."""
    times = []
    for _ in range(20):
        started = time.process_time()
        ssl.create_default_context(cafile=adapters.DEFAULT_CA_BUNDLE_PATH)
        times.append(time.process_time() - started)
    return min(times)


def _callback_rate(stage: Stage) -> Figure:
    """Callbacks per second of all workers. In a backlog, an invocation gets two queue messages, and waits once for both."""
    workers = int(template()["Parameters"]["WorkerConcurrency"]["Default"])
    waiting = stage.invocations * CARRIER_CALL_SECONDS / 2
    rate = workers * stage.messages / (_seconds(CALLBACKS, stage) - waiting)
    return Figure("messages per second", f"callbacks posted by {workers} concurrent workers", rate, "per second", at_least=700)


def _throughput(campaign: Campaign, contacts: int) -> Iterable[Figure]:
    """The messages per second that each stage can process, which limit a campaign to a million contacts."""
    stages, workers = campaign.stages, int(template()["Parameters"]["WorkerConcurrency"]["Default"])
    group = "messages per second"
    seconds = {name: _seconds(name, stages[name]) for name in (FREEZE, RELEASE, WORKER, RECEIPTS, STREAM)}
    yield Figure(group, "released by the execution of one record", contacts / seconds[RELEASE], "per second", at_least=1_000)
    yield Figure(group, f"sent by {workers} concurrent workers", workers * contacts / seconds[WORKER], "per second")
    yield Figure(group, "processed by the stream's consumer, per shard", contacts / seconds[STREAM], "per second")
    # A partition accepts 1,000 write units per second. The timeline has 16 partitions; rows and the contact index have many more.
    yield Figure(group, "written to the timeline's partitions", 1_000 * message_rows.TIMELINE_SHARDS, "per second")
    yield Figure("a million messages", "invocations", sum(stages[name].invocations for name in seconds) / contacts, "million")
    yield Figure(
        "a million messages", "time to find the audience with 16 parallel scans", seconds[FREEZE] / contacts * MILLION / 16, "s"
    )
    yield Figure("a million messages", "time to send at the account's 100 messages per second", MILLION / 100 / 3600, "hours")


def dollars(name: str, stage: Stage) -> float:
    """The cost of a stage: its requests to tables, queues and buckets, and its functions."""
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
    """The memory of a stage's functions times their duration."""
    return _megabytes(name) / 1024 * _seconds(name, stage)


def _seconds(name: str, stage: Stage) -> float:
    """The duration of a stage: its CPU time at the function's share of a vCPU, and the time that it waits for calls."""
    execution = _EXECUTIONS[name]
    calls = stage.usage.calls
    parallel = sum(
        count
        for (_, operation, target), count in calls.items()
        if not {operation, f"{operation} {target}"}.isdisjoint(execution.parallel_operations)
    )
    waits = (calls.total() - parallel) + parallel / execution.parallelism
    seconds = stage.cpu_seconds / min(1.0, _megabytes(name) / FULL_VCPU_MB) + waits * AWS_CALL_SECONDS
    if name in (WORKER, CALLBACKS):
        seconds += stage.invocations * CARRIER_CALL_SECONDS
    return seconds


def _megabytes(name: str) -> int:
    code = {f"functions/{function}" for function in _EXECUTIONS[name].functions}
    return max(int(function["MemorySize"]) for function in stack.functions().values() if function["CodeUri"] in code)


def _sqs_requests(name: str, stage: Stage) -> int:
    """The SQS requests of the handlers and of the event source mapping."""
    return stage.usage.requests["sqs"] + (_POLLS * stage.invocations if name in (WORKER, CALLBACKS) else 0)


def _log_bytes(stage: Stage) -> int:
    """The bytes logged by the handlers, and by Lambda for each invocation unless the template turns those lines off."""
    is_quiet = template()["Globals"]["Function"]["LoggingConfig"].get("SystemLogLevel") == "WARN"
    return stage.log_bytes + (0 if is_quiet else _PLATFORM_LOG_BYTES * stage.invocations)


def _s3(stage: Stage, operation: str) -> int:
    return sum(count for (service, name, _), count in stage.usage.calls.items() if (service, name) == ("s3", operation))
