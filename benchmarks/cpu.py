"""Measures the CPU time of sending, relative to bare botocore and requests that make the same calls.

The stream's consumer makes a few calls for hundreds of changes and must decode the changed rows, so its reference includes
decoding both images of each change with boto3's deserializer. The release creates 25 rows with a call; its reference creates each
with a call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from boto3.dynamodb.types import TypeDeserializer

from benchmarks.campaign import RECEIPTS, RELEASE, STREAM, WORKER, Campaign
from benchmarks.environment import new_system
from benchmarks.figures import Figure
from benchmarks.local_aws.server import QueuedMessage
from benchmarks.local_aws.tables import Change
from benchmarks.replay import AwsCall, Recording, recording, replay
from outreach.campaigns import ledger
from outreach.settings import settings
from tests.support import partiql

ROUNDS = 5
QUICK_ROUNDS = 1

_SQS_MESSAGES = 4
# The number of changes that a batch of the worker makes: two per message.
_CHANGES = 80


@dataclass(frozen=True)
class Step:
    """A stage and a function that processes its next batch; all batches are equally large."""

    stage: str
    run_batch: Callable[[], None]


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the CPU time of each step, relative to its calls alone."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with new_system() as system:
        # Each round processes two batches, and one batch warms up.
        system.add_contacts((2 * rounds + 1) * ledger.PAGE_SIZE)
        campaign = Campaign.start(system)
        campaign.freeze()
        return [_figure(campaign, step, rounds) for step in steps(campaign)]


def steps(campaign: Campaign) -> Iterator[Step]:
    """The steps in their order: release, worker, stream and receipts; each needs the results of the previous one."""
    yield Step(RELEASE, campaign.release_page)
    queue, sent_entries = (entry for second in campaign.take_due() for entry in second), list[QueuedMessage]()

    def send_batch() -> None:
        for entry in islice(queue, _SQS_MESSAGES):
            campaign.send(entry)
            sent_entries.append(entry)

    yield Step(WORKER, send_batch)
    _drop_inserts(campaign)
    yield Step(STREAM, lambda: _process_changes(campaign))
    yield Step(RECEIPTS, lambda: campaign.receive_receipts(sent_entries.pop()))


def _figure(campaign: Campaign, step: Step, rounds: int) -> Figure:
    stage = campaign.stages[step.stage]
    step.run_batch()
    times, references = [], []
    for _ in range(rounds):
        before = stage.cpu_seconds
        step.run_batch()
        times.append(stage.cpu_seconds - before)
        with recording(campaign.system) as recorded:
            step.run_batch()
        decoding = _decoding_seconds(campaign.processed_changes) if step.stage == STREAM else 0.0
        references.append(replay(campaign.system, _row_by_row(recorded)) + decoding)
    # The least time counts, because interference only adds time.
    return Figure("CPU", step.stage, min(times) / min(references), "×", at_most=2)


def _row_by_row(recorded: Recording) -> Recording:
    """Replace batches of INSERTs by a PutItem for each row."""
    calls = [
        AwsCall(call.client, "PutItem", {"TableName": table, "Item": item}, (200, {}, b"{}"))
        for call in recorded.aws
        for table, item in map(partiql.insertion, call.parameters.get("Statements", ()))
    ]
    return Recording([*calls, *(call for call in recorded.aws if "Statements" not in call.parameters)], recorded.http)


def _decoding_seconds(changes: Sequence[Change]) -> float:
    """CPU time of decoding both images of changes."""
    deserialize, started = TypeDeserializer().deserialize, time.process_time()
    for change in changes:
        for image in (change.old, change.new):
            deserialize({"M": image or {}})
    return time.process_time() - started


def _process_changes(campaign: Campaign) -> None:
    campaign.process_change_batch(_CHANGES)
    if len(campaign.processed_changes) < _CHANGES:
        raise RuntimeError(f"fewer than {_CHANGES} changes are left to process")


def _drop_inserts(campaign: Campaign) -> None:
    """Drop the changes that the filter of the event source mapping excludes."""
    table = campaign.system.aws.dynamodb.tables[settings().messages_table]
    table.changes = [change for change in table.take_changes() if change.old is not None]
