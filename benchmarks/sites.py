"""Simulates the busiest five minutes of a stack with a thousand sites, and counts what the quotas of a region limit.

The handlers do not run. A process of a function is a duration and a cache of secrets, as in ``outreach.parameter_store``. A job
takes any idle process, or starts one. The durations are those of docs/cost.md.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from benchmarks.campaign import RECEIPTS_OF_A_MESSAGE
from benchmarks.campaign import transitions as transitions_of
from benchmarks.cost import AWS_CALL_SECONDS
from benchmarks.environment import new_system
from benchmarks.figures import Figure
from outreach.contacts.listing import contact_counts
from tests.support.stack import functions
from tests.support.template import template

SITES, QUICK_SITES = 1_000, 20
_CAMPAIGNS_A_DAY = 10
_CONTACTS = 100
# People like full hours: a third of a day's campaigns start within these seconds.
_BUSY_SHARE = 1 / 3
_BUSY_SECONDS = 300
# What an account may send in a second.
_RATE = 5
_PER_JOB = 10
_STREAM_SHARDS = 4
_CACHE_SECONDS = 300
# From ``:send`` to the first slot.
_FREEZE_SECONDS = 3.0
_WORKER_SECONDS, _RECEIPT_SECONDS, _CALLBACK_SECONDS = 0.45, 0.06, 0.35
# When the carrier sends the receipts of a message, after it has accepted it.
_RECEIPT_DELAYS = ((0.2, 2.0), (2.0, 6.0))
_PARAMETER_STORE_QUOTA = 40
_SEED = 1


@dataclass
class _Function:
    """The processes of a function.

    Attributes:
        seconds: what a job takes.
        limit: how many may run at the same time; ``None`` for no limit.
        idle: the caches of idle processes: until when a site's secret is kept.
        most: how many ran at the same time.
    """

    seconds: float
    limit: int | None = None
    idle: list[dict[int, float]] = field(default_factory=list)
    waiting: deque[tuple[int, Callable[[], None]]] = field(default_factory=deque)
    running: int = 0
    most: int = 0


class _Day:
    """The simulation: events in the order of their times, in seconds."""

    def __init__(self, sites: int, workers: int) -> None:
        self._random, self._events, self._order = random.Random(_SEED), list[tuple[float, int, Callable[[], None]]](), count()
        self.now = 0.0
        self.parameter_reads: Counter[int] = Counter()
        self.starts: Counter[int] = Counter()
        self.last_sent = 0.0
        self.worker = _Function(_WORKER_SECONDS, workers)
        self.webhook = _Function(_RECEIPT_SECONDS)
        self.callbacks = _Function(_CALLBACK_SECONDS, workers)
        self._changes: Counter[tuple[int, int, int]] = Counter()
        for _ in range(round(sites * _CAMPAIGNS_A_DAY * _BUSY_SHARE)):
            self._at(self._random.uniform(0, _BUSY_SECONDS), partial(self._send, self._random.randrange(sites)))

    def run(self) -> None:
        """Run until the last callback is delivered."""
        while self._events:
            self.now, _, event = heapq.heappop(self._events)
            event()

    def _at(self, time: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._order), event))

    def _send(self, site: int) -> None:
        self.starts[int(self.now)] += 1
        for first in range(0, _CONTACTS, _PER_JOB):
            slot = self.now + _FREEZE_SECONDS + (first + _PER_JOB - 1) / _RATE
            self._at(slot, partial(self._invoke, self.worker, site, partial(self._sent, site)))

    def _sent(self, site: int) -> None:
        self.last_sent = self.now
        for message in range(_PER_JOB):
            self._changed(site, message % _STREAM_SHARDS)
            for number, delays in enumerate(_RECEIPT_DELAYS):
                is_last = number == len(RECEIPTS_OF_A_MESSAGE) - 1
                done = partial(self._changed, site, message % _STREAM_SHARDS) if is_last else _nothing
                self._at(self.now + self._random.uniform(*delays), partial(self._invoke, self.webhook, site, done))

    def _changed(self, site: int, shard: int) -> None:
        """Queue the callback of a changed message, together with those of its site in the same second and shard of the stream."""
        second = int(self.now) + 1
        batch = (site, shard, second)
        self._changes[batch] += 1
        if self._changes[batch] % _PER_JOB == 1:
            self._at(second, partial(self._invoke, self.callbacks, site, _nothing))

    def _invoke(self, function: _Function, site: int, done: Callable[[], None]) -> None:
        if function.limit is not None and function.running >= function.limit:
            function.waiting.append((site, done))
            return
        function.running += 1
        function.most = max(function.most, function.running)
        idle = function.idle
        process = idle.pop(self._random.randrange(len(idle))) if idle else {}
        if process.get(site, 0.0) <= self.now:
            self.parameter_reads[int(self.now)] += 1
            process[site] = self.now + _CACHE_SECONDS
        self._at(self.now + function.seconds, partial(self._end, function, process, done))

    def _end(self, function: _Function, process: dict[int, float], done: Callable[[], None]) -> None:
        function.running -= 1
        function.idle.append(process)
        done()
        if function.waiting:
            self._invoke(function, *function.waiting.popleft())


def _nothing() -> None:
    """Nothing follows."""


def measure(*, quick: bool = False) -> list[Figure]:
    """Simulate the default concurrency and four times as much, and measure the daily recount."""
    sites = QUICK_SITES if quick else SITES
    workers = int(template()["Parameters"]["WorkerConcurrency"]["Default"])
    return [*_busy_minutes(sites, workers), *_busy_minutes(sites, 4 * workers), *_recount(sites)]


def _busy_minutes(sites: int, workers: int) -> Iterator[Figure]:
    day = _Day(sites, workers)
    day.run()
    group = f"sites with WorkerConcurrency {workers}"
    reads = [day.parameter_reads[second] for second in range(_BUSY_SECONDS)]
    starts = max(day.starts.values())
    yield Figure(group, "sites", sites, "sites")
    yield Figure(group, "messages", round(sites * _CAMPAIGNS_A_DAY * _BUSY_SHARE) * _CONTACTS, "messages")
    yield Figure(group, "from the first start to the last message", day.last_sent / 60, "minutes")
    yield Figure(group, "sends started in the busiest second", starts, "sends")
    yield Figure(group, "state transitions in that second", starts * transitions_of(1, 1, 0), "transitions")
    yield Figure(group, "processes of a carrier's webhook at the same time", day.webhook.most, "processes")
    yield Figure(group, "reads of Parameter Store in the busiest second", max(day.parameter_reads.values()), "reads")
    yield Figure(group, "reads of Parameter Store a second, on average", sum(reads) / _BUSY_SECONDS, "reads")
    yield Figure(group, "seconds with more than 40 reads", sum(number > _PARAMETER_STORE_QUOTA for number in reads), "seconds")


def _recount(sites: int) -> Iterator[Figure]:
    with new_system() as system, system.aws.measured() as usage, system.measure_cpu() as cpu_time:
        for site in range(sites):
            contact_counts.recount(str(30_000 + site))
    seconds = cpu_time.seconds + usage.calls.total() * AWS_CALL_SECONDS
    yield Figure("sites recount", "AWS calls of the daily recount, per site", usage.calls.total() / sites, "calls")
    yield Figure("sites recount", "duration of a recount", seconds, "s", at_most=float(functions()["RecountContacts"]["Timeout"]))
