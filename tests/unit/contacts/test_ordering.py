"""Pages of the order: right wherever they lie, and cheap everywhere; over an index that counts what it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from outreach.contacts import blocks, ordering
from outreach.contacts.blocks import Blocks

SHARDS, COUNT, SIZE = 4, 4_000, 20


class Index:
    """Some shards of keys, and how many of them were read."""

    def __init__(self) -> None:
        # Several share a moment; the shards get different parts of them.
        self.keys = [f"2022-05-01T00:{number // 70:02}:00.000Z#{number * 7919 % COUNT:08}" for number in range(COUNT)]
        self.shards: list[list[str]] = [[] for _ in range(SHARDS)]
        for number, key in enumerate(sorted(self.keys)):
            self.shards[(number * number + number // 7) % SHARDS].append(key)
        self.read = 0

    @property
    def ids(self) -> list[str]:
        return [key.partition("#")[2] for key in sorted(self.keys)]

    @property
    def blocks(self) -> list[Blocks]:
        counted = [Blocks() for _ in range(SHARDS)]
        for shard, keys in zip(counted, self.shards, strict=True):
            for key in keys:
                shard.add(key)
        return counted

    def pages(self, _: str, shard: int, size: int, condition: str, edge: str, descending: bool) -> Iterator[list[str]]:
        wanted = [key for key in self.shards[shard] if not condition or (key < edge if "<" in condition else key >= edge)]
        ordered = wanted[::-1] if descending else wanted
        for start in range(0, len(ordered), size):
            self.read += len(ordered[start : start + size])
            yield ordered[start : start + size]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    made = Index()
    monkeypatch.setattr(blocks, "SIZE", SIZE)
    monkeypatch.setattr(ordering, "_pages", made.pages)
    monkeypatch.setattr(ordering, "settings", lambda: SimpleNamespace(contact_shards=SHARDS))
    return made


def ids(start: int, stop: int | None, shards: list[Blocks], descending: bool) -> list[Any]:
    return ordering.ids("10000", slice(start, stop), shards, descending=descending)


@pytest.mark.parametrize("descending", [False, True])
def test_every_page_is_the_slice_of_the_whole_and_reads_a_few_blocks(index: Index, descending: bool) -> None:
    whole, shards = index.ids[:: -1 if descending else 1], index.blocks
    for start in (0, 7, 800, 1_999, 2_000, 2_001, 3_333, 3_990, 3_999, 4_000, 9_000):
        index.read = 0
        assert ids(start, start + 10, shards, descending) == whole[start : start + 10]
        assert index.read <= 5 * SHARDS * SIZE


@pytest.mark.parametrize("descending", [False, True])
def test_counters_that_lag_hide_nothing_at_the_beginning(index: Index, descending: bool) -> None:
    whole = index.ids[:: -1 if descending else 1]
    assert ids(0, 10, [Blocks() for _ in range(SHARDS)], descending) == whole[:10]


@pytest.mark.parametrize("wrong", [-1, 0, 1])
def test_wrong_counters_truncate_no_whole_list(index: Index, wrong: int) -> None:
    shards = index.blocks
    shards[0].counts[0] += wrong
    assert ordering.ids("10000", slice(None), shards) == index.ids
