"""Values that all threads of a process share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import boto3
import pytest

from outreach import aws as clients
from outreach.carriers import carrier_http
from outreach.once import latest_only, once

THREADS = 10


def at_once(work: object) -> list[object]:
    """The results of ten threads that begin at the same moment."""
    start = Barrier(THREADS)

    def run(_: int) -> object:
        start.wait()
        return work()  # type: ignore[operator]

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_threads_that_start_together_share_one_client(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = boto3.client

    def counted(service: str, **options: object) -> object:
        made.append(service)
        return make(service, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(boto3, "client", counted)
    clients._client.cache_clear()
    assert len({id(client) for client in at_once(clients.s3)}) == 1
    assert made == ["s3"]


def test_threads_that_start_together_share_one_pool_of_connections() -> None:
    carrier_http._session.cache_clear()
    assert len({id(session) for session in at_once(lambda: carrier_http._session(1))}) == 1


def test_each_argument_has_its_own_value() -> None:
    made = once(lambda number: [number])
    assert made(1) is made(1) != made(2)
    made.cache_clear()
    assert made(1) == [1]


def test_only_the_newest_value_is_kept() -> None:
    made = latest_only(lambda number: [number])
    first = made(1)
    assert made(2) is made(2)
    assert made(1) is not first
