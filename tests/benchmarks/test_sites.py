"""The simulation of many sites sends every message, and reads secrets as the product does."""

from __future__ import annotations

import pytest

from benchmarks import sites
from outreach import parameter_store

SITES, WORKERS = 3, 2


@pytest.fixture(scope="module")
def day() -> sites._Day:
    simulated = sites._Day(SITES, WORKERS)
    simulated.run()
    return simulated


def test_no_more_workers_run_than_may(day: sites._Day) -> None:
    assert (day.worker.most, day.worker.running, len(day.worker.waiting)) == (WORKERS, 0, 0)


def test_a_process_reads_a_secret_once_while_it_is_kept(day: sites._Day) -> None:
    processes = sum(function.most for function in (day.worker, day.webhook, day.callbacks))
    assert SITES <= day.parameter_reads.total() <= processes * SITES * (1 + day.now // sites._CACHE_SECONDS)
    assert sites._CACHE_SECONDS == parameter_store._CACHE_SECONDS
