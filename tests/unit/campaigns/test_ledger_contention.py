"""Every shard of the stream changes the pages of a ledger by itself. A table that has grown has hundreds of shards."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Semaphore, Thread
from typing import Any

import pytest

from outreach import dynamo
from outreach.campaigns import ledger
from outreach.campaigns.ledger import Cell

SHARDS = 600
CALL_SECONDS = 0.005
WINDOW_SECONDS = 1.0


@dataclass
class VirtualTime:
    """Runs threads one at a time, in the order of a clock that moves when all of them sleep."""

    now: float = 0.0
    _sleepers: list[tuple[float, int, Semaphore]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let the calling thread sleep."""
        turn = Semaphore(0)
        heapq.heappush(self._sleepers, (self.now + seconds, id(turn), turn))
        self._wake_next()
        turn.acquire()

    def _wake_next(self) -> None:
        if self._sleepers:
            self.now, _, turn = heapq.heappop(self._sleepers)
            turn.release()

    def run(self, work: list[Callable[[], None]], starts: list[float]) -> None:
        """Run each piece of work in a thread from its start on, until all are done."""

        def begin(piece: Callable[[], None], turn: Semaphore) -> None:
            turn.acquire()
            piece()
            self._wake_next()

        threads = []
        for piece, start in zip(work, starts, strict=True):
            turn = Semaphore(0)
            heapq.heappush(self._sleepers, (start, id(turn), turn))
            threads.append(Thread(target=begin, args=(piece, turn)))
            threads[-1].start()
        self._wake_next()
        for thread in threads:
            thread.join()


@dataclass
class StoredPage:
    """A page in a table whose calls take some milliseconds."""

    clock: VirtualTime
    item: dict[str, Any] = field(default_factory=lambda: {"sk": "000000", "cells": bytes([Cell.SENT] * SHARDS), "version": 1})
    refused: int = 0

    def get(self, *_: Any, **__: Any) -> dict[str, Any]:
        self.clock.sleep(CALL_SECONDS)
        return dict(self.item)

    def update_if(self, _: str, __: Any, change: dynamo.Update, values: dict[str, Any], **___: Any) -> bool:
        self.clock.sleep(CALL_SECONDS)
        if values[":version"] != self.item["version"]:
            self.refused += 1
            return False
        cells = next(value for value in change.values.values() if isinstance(value, bytes))
        self.item |= {"cells": cells, "version": self.item["version"] + 1}
        return True


def test_all_shards_change_one_page_within_a_batching_window(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualTime()
    page = StoredPage(clock)
    monkeypatch.setattr(dynamo, "get", page.get)
    monkeypatch.setattr(dynamo, "update_if", page.update_if)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    random.seed(1)
    failures: list[Exception] = []

    def change(shard: int) -> None:
        try:
            ledger.apply("10000", "record", {shard: Cell.DELIVERED})
        except RuntimeError as error:
            failures.append(error)

    clock.run([partial(change, shard) for shard in range(SHARDS)], [random.uniform(0, WINDOW_SECONDS) for _ in range(SHARDS)])
    assert failures == []
    assert page.item["cells"] == bytes([Cell.DELIVERED] * SHARDS)
    assert page.refused > SHARDS
    assert clock.now < 20
