"""A worker's invocation with a slow carrier: the carrier's latency is paid once a batch, not once a message."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

from benchmarks.campaign import Campaign
from benchmarks.figures import Figure
from benchmarks.world import world

LATENCY = 0.2
RUNS = 7
QUICK_RUNS = 3


def measure(*, quick: bool = False) -> list[Figure]:
    """Ten messages at once, and what a hundred take of memory."""
    runs = QUICK_RUNS if quick else RUNS
    with world() as built:
        built.add_contacts(10 * (runs + 11))
        sent = Campaign.start(built)
        sent.freeze()
        sent.release_page()
        entries = [entry for second in sent.due() for entry in second]
        sent.work(entries.pop())
        built.carrier.latency = LATENCY
        best = min(_seconds(lambda: sent.work(entries.pop())) for _ in range(runs))
        built.carrier.latency = 0
        tracemalloc.start()
        sent.work(*entries[:10])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return [
        Figure("worker", "10 messages, by the carrier's latency", best / LATENCY, "×", at_most=1.3),
        Figure("worker", "memory that 100 messages in one invocation take", peak / 1e6, "MB", at_most=128),
    ]


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
