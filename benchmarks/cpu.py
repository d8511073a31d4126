"""CPU time of the hot path, against bare botocore and requests making the same calls.

The stream's consumer makes a few calls for hundreds of changes; what it can't avoid beside them is decoding the changed rows, so
that is in its reference: boto3's deserializer, once over both images.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from boto3.dynamodb.types import TypeDeserializer

from benchmarks.campaign import RECEIPTS, RELEASE, STREAM, WORKER, Campaign
from benchmarks.figures import Figure
from benchmarks.local_aws.server import Queued
from benchmarks.local_aws.tables import Change
from benchmarks.replay import recording, replay
from benchmarks.world import world
from outreach.campaigns import ledger
from outreach.settings import settings

ROUNDS = 5
QUICK_ROUNDS = 1

_BATCHES = 4
# As many as a portion of the worker makes: two a message.
_CHANGES = 80


@dataclass(frozen=True)
class Step:
    """A stage's work in equal portions; each does the same on other messages."""

    stage: str
    portion: Callable[[], None]


def measure(*, quick: bool = False) -> list[Figure]:
    """Each step's CPU time, as a ratio to its calls'."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with world() as built:
        # Each round takes two portions, and one is for warming up.
        built.add_contacts((2 * rounds + 1) * ledger.PAGE_SIZE)
        sent = Campaign.start(built)
        sent.freeze()
        return [_figure(sent, step, rounds) for step in steps(sent)]


def steps(sent: Campaign) -> Iterator[Step]:
    """Release, worker, stream consumer, receipts: in this order, each needs what the one before has made."""
    yield Step(RELEASE, sent.release_page)
    due, worked = (entry for second in sent.due() for entry in second), list[Queued]()

    def work() -> None:
        for entry in islice(due, _BATCHES):
            sent.work(entry)
            worked.append(entry)

    yield Step(WORKER, work)
    _drop_creations(sent)
    yield Step(STREAM, lambda: _follow(sent))
    yield Step(RECEIPTS, lambda: sent.report(worked.pop()))


def _figure(sent: Campaign, step: Step, rounds: int) -> Figure:
    stage = sent.stages[step.stage]
    step.portion()
    times, references = [], []
    for _ in range(rounds):
        before = stage.cpu_seconds
        step.portion()
        times.append(stage.cpu_seconds - before)
        with recording(sent.world) as recorded:
            step.portion()
        decoding = _decoding(sent.followed) if step.stage == STREAM else 0.0
        references.append(replay(sent.world, recorded) + decoding)
    # What disturbs a measurement only adds to it.
    return Figure("CPU", step.stage, min(times) / min(references), "×", at_most=2)


def _decoding(changes: Sequence[Change]) -> float:
    """CPU seconds of bare decoding of what has changed."""
    deserialize, started = TypeDeserializer().deserialize, time.process_time()
    for change in changes:
        for image in (change.old, change.new):
            deserialize({"M": image or {}})
    return time.process_time() - started


def _follow(sent: Campaign) -> None:
    sent.follow_batch(_CHANGES)
    if len(sent.followed) < _CHANGES:
        raise RuntimeError("there are too few changes to follow")


def _drop_creations(sent: Campaign) -> None:
    """What the event source mapping's filter leaves out."""
    table = sent.world.aws.dynamodb.tables[settings().messages_table]
    table.changes = [change for change in table.take_changes() if change.old is not None]
