"""Measures one run of the sweep with thousands of unfinished records: what it reads, calls, and takes."""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from benchmarks.cost import AWS_CALL_SECONDS, FULL_VCPU_MB
from benchmarks.environment import SimulatedSystem, new_system
from benchmarks.figures import Figure
from benchmarks.local_aws.server import QueuedMessage, Usage
from benchmarks.local_aws.tables import Table
from outreach import clock, dynamo
from outreach.campaigns import campaign_records, ledger, send_execution
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.ledger import Cell
from outreach.contacts import packed_ids
from outreach.messages import message_rows
from outreach.messages.models import Message, campaign_message_id
from outreach.repair import sweep
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.support import stack
from tests.support.pipeline import ACCOUNT

RECORDS, QUICK_RECORDS = 10_000, 120
_MESSAGES = 60
# Of a record that waits for slots, so many messages are sent already, and its audience is larger.
_SENT = 20
_LARGE_AUDIENCE = 1_000
_RECORDS_PER_SITE = 10
# A site's contacts are the same in each of its records.
_CONTACT_IDS = [str(uuid.UUID(int=number)) for number in range(_LARGE_AUDIENCE)]
_PACKED_IDS = packed_ids.pack(_CONTACT_IDS)
_QUEUED_IN_BACKLOG = 1_000
# Assumed duration of a call that lists a thousand executions.
_LIST_SECONDS = 0.2
_MOST_READ_UNITS = 2_000
_MOST_SECONDS = 60


@dataclass(frozen=True)
class _Kind:
    """What a record is doing.

    Attributes:
        first_slot: when its first message is due, in seconds from now.
        last_slot: when its last message is due; ``None`` while a part of the audience is not released.
        is_running: whether its execution runs.
        sent: how many of its messages are sent.
    """

    first_slot: int
    last_slot: int | None
    is_running: bool = False
    sent: int = 0
    status: RecordStatus = RecordStatus.RUNNING


_ON_ITS_WAY = _Kind(first_slot=-200, last_slot=400, sent=_SENT)
_WAITS_FOR_SLOTS = _Kind(first_slot=-200, last_slot=None, sent=_SENT, is_running=True)
_PAUSED = _Kind(first_slot=-86_400, last_slot=-86_000, sent=_SENT, status=RecordStatus.PAUSED)
_LATE = _Kind(first_slot=-1_200, last_slot=-600)
_EXECUTION_DIED = replace(_WAITS_FOR_SLOTS, is_running=False)
_NOTHING_BROKEN = (_ON_ITS_WAY, _WAITS_FOR_SLOTS, _PAUSED)


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure sweeps of records that are on their way, that wait in a backlog, and of which one in two hundred is broken."""
    count = QUICK_RECORDS if quick else RECORDS
    broken = max(1, count // 400)
    return [
        *_run("nothing broken", [_NOTHING_BROKEN[number % 3] for number in range(count)], queued=0),
        *_run("a backlog in the queue", [_LATE] * count, backlog=_QUEUED_IN_BACKLOG, queued=0),
        *_run(
            f"{broken:,} executions and the messages of {broken:,} records lost",
            [_EXECUTION_DIED] * broken + [_LATE] * broken + [_NOTHING_BROKEN[number % 3] for number in range(count - 2 * broken)],
            queued=broken * _MESSAGES,
            is_limited=False,
        ),
    ]


def _run(name: str, kinds: list[_Kind], *, queued: int, backlog: int = 0, is_limited: bool = True) -> Iterator[Figure]:
    with new_system() as system:
        for number, kind in enumerate(kinds):
            _put(system, number, kind)
        queue = system.aws.queues.setdefault(settings().send_queue_url, deque())
        queue.extend(QueuedMessage(str(number), "{}", 0) for number in range(backlog))
        with system.aws.measured() as usage, system.measure_cpu() as cpu:
            result = sweep.repair_all()
        recipients = sum(len(orjson.loads(message.body).get("recipients", ())) for message in queue)
    if result["failed"] or result["left"] or recipients != queued:
        raise RuntimeError(f"{name}: {result}, and {recipients} messages are queued again instead of {queued}")
    seconds = cpu.seconds / _processors() + _waiting(usage)
    group = f"sweep {name}"
    limits = (_MOST_READ_UNITS, _MOST_SECONDS) if is_limited else (None, None)
    yield Figure(group, "records", len(kinds), "records")
    yield Figure(group, "repaired or looked at", result["attempted"], "repairs")
    yield Figure(group, "read units", usage.read_units.total(), "units", at_most=limits[0])
    yield Figure(group, "AWS calls", usage.calls.total(), "calls")
    yield Figure(group, "ListExecutions", _calls(usage, "ListExecutions"), "calls")
    yield Figure(group, "DescribeExecution", _calls(usage, "DescribeExecution"), "calls")
    yield Figure(group, "messages queued again", recipients, "messages")
    yield Figure(group, "CPU time", cpu.seconds, "s")
    yield Figure(group, "duration", seconds, "s", at_most=limits[1])


def _calls(usage: Usage, operation: str) -> int:
    return sum(count for (_, name, _), count in usage.calls.items() if name == operation)


def _waiting(usage: Usage) -> float:
    """The time that the sweep waits for AWS, as if it made one call after another."""
    lists = _calls(usage, "ListExecutions")
    return lists * _LIST_SECONDS + (usage.calls.total() - lists) * AWS_CALL_SECONDS


def _processors() -> float:
    """The function's share of a processor."""
    return int(stack.functions()["Sweep"]["MemorySize"]) / FULL_VCPU_MB


def _put(system: SimulatedSystem, number: int, kind: _Kind) -> None:
    """Write a record with its ledger, its messages and its audience, as a release leaves them."""
    site_id, now = f"{20_000 + number // _RECORDS_PER_SITE}", clock.now().timestamp()
    if number % _RECORDS_PER_SITE == 0:
        site_store.put_site(Site(site_id))
        site_store.put_account(replace(ACCOUNT, site_id=site_id))
    record = CampaignRecord(
        id=str(uuid.UUID(int=number)),
        site_id=site_id,
        campaign_id=str(uuid.UUID(int=number)),
        sent_time=clock.timestamp(clock.now()),
        campaign_name="A campaign",
        channel_account_id=ACCOUNT.id,
        status=kind.status,
        audience=_MESSAGES if kind.last_slot is not None else _LARGE_AUDIENCE,
        released=_MESSAGES,
        executions=1,
    )
    last_slot = None if kind.last_slot is None else int(now) + kind.last_slot
    campaigns = system.aws.dynamodb.tables[settings().campaigns_table]
    _insert(campaigns, campaign_records.to_item(record) | {"unfinished": campaign_records.UNFINISHED, "last_slot": last_slot})
    cells = bytes([Cell.SENT] * kind.sent + [Cell.QUEUED] * (_MESSAGES - kind.sent))
    first_slot = now + kind.first_slot
    page = {"pk": f"SITE#{site_id}#LEDGER#{record.id}", "sk": "000000", "version": 1, "first_slot": int(first_slot)}
    _insert(campaigns, page, cells=cells.ljust(ledger.page_length(record.audience_size, 0), bytes(1)))
    system.aws.objects[f"{settings().audience_bucket}/audiences/{site_id}/{record.id}"] = _PACKED_IDS
    _put_rows(system, record, kind)
    if kind.is_running:
        system.aws.running.append(send_execution.name(record.id, record.executions))


def _put_rows(system: SimulatedSystem, record: CampaignRecord, kind: _Kind) -> None:
    """Write the rows of the messages that are not sent: the unsent half of the slots is in the future, unless all are late."""
    table, now = system.aws.dynamodb.tables[settings().messages_table], clock.now().timestamp()
    last = min(600, kind.last_slot if kind.last_slot is not None else 600)
    first = max(kind.first_slot, 0) if kind.sent and kind.status is RecordStatus.RUNNING else kind.first_slot
    row = dynamo.to_item(message_rows.new_row(_message(record)))
    for place in range(kind.sent, _MESSAGES):
        message_id = campaign_message_id(record.id, _CONTACT_IDS[place])
        slot = clock.timestamp(clock.from_epoch(now + first + (last - first) * place / _MESSAGES))
        item: Any = {
            **row,
            "pk": {"S": message_rows.key(record.site_id, message_id)["pk"]},
            "id": {"S": message_id},
            "contact_id": {"S": _CONTACT_IDS[place]},
            "slot": {"S": slot},
            "place": {"N": str(place)},
        }
        # Not by Table.replace, because nothing reads their indexes and their stream.
        table.items[table.key_of(item)] = orjson.dumps(item)


def _message(record: CampaignRecord) -> Message:
    return Message(
        id=record.id,
        site_id=record.site_id,
        contact_id=_CONTACT_IDS[0],
        account_id=ACCOUNT.id,
        sender=ACCOUNT.number,
        recipient="+12125551234",
        body="Hello Person, your table in Kigali is booked. Reply STOP to stop.",
        slot=clock.timestamp(clock.now()),
        record_id=record.id,
        place=0,
    )


def _insert(table: Table, values: dict[str, Any], **binaries: bytes) -> None:
    item: Any = dynamo.to_item(values) | {name: {"B": b64encode(value).decode()} for name, value in binaries.items()}
    table.replace(table.key_of(item), None, item)
