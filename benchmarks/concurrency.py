"""Measures the worker with a slow carrier: an invocation waits for the carrier's latency once per batch, not once per message."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

from benchmarks.campaign import Campaign
from benchmarks.environment import new_system
from benchmarks.figures import Figure

LATENCY = 0.2
RUNS = 7
QUICK_RUNS = 3


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure the time for ten messages and the memory for a hundred messages in one invocation."""
    runs = QUICK_RUNS if quick else RUNS
    with new_system() as system:
        system.add_contacts(10 * (runs + 11))
        campaign = Campaign.start(system)
        campaign.freeze()
        campaign.release_page()
        entries = [entry for second in campaign.take_due() for entry in second]
        campaign.send(entries.pop())
        system.carrier.latency = LATENCY
        best = min(_seconds(lambda: campaign.send(entries.pop())) for _ in range(runs))
        system.carrier.latency = 0
        tracemalloc.start()
        campaign.send(*entries[:10])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return [
        Figure("worker", "time for 10 messages, relative to the carrier's latency", best / LATENCY, "×", at_most=1.3),
        Figure("worker", "memory for 100 messages in one invocation", peak / 1e6, "MB", at_most=128),
    ]


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
