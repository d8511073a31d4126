"""Pages in creation order are correct and cheap anywhere in the list. A fake index counts the keys that are read."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from outreach.contacts.listing import creation_order, order_index
from outreach.contacts.listing.order_index import OrderIndex

SHARDS, COUNT, SIZE = 4, 4_000, 20


class FakeIndex:
    """Keys in shards, and the number of keys that were read."""

    def __init__(self) -> None:
        # Several keys have the same time, and the shards have different numbers of keys.
        self.keys = [f"2022-05-01T00:{number // 70:02}:00.000Z#{number * 7919 % COUNT:08}" for number in range(COUNT)]
        self.shards: list[list[str]] = [[] for _ in range(SHARDS)]
        for number, key in enumerate(sorted(self.keys)):
            self.shards[(number * number + number // 7) % SHARDS].append(key)
        self.read = 0

    @property
    def ids(self) -> list[str]:
        return [key.partition("#")[2] for key in sorted(self.keys)]

    @property
    def order_indexes(self) -> list[OrderIndex]:
        indexes = [OrderIndex() for _ in range(SHARDS)]
        for index, keys in zip(indexes, self.shards, strict=True):
            for key in keys:
                index.add(key)
        return indexes

    def key_pages(self, _: str, shard: int, size: int, condition: str, bound: str, descending: bool) -> Iterator[list[str]]:
        keys = [key for key in self.shards[shard] if not condition or (key < bound if "<" in condition else key >= bound)]
        ordered = keys[::-1] if descending else keys
        for start in range(0, len(ordered), size):
            self.read += len(ordered[start : start + size])
            yield ordered[start : start + size]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    fake = FakeIndex()
    monkeypatch.setattr(order_index, "BLOCK_SIZE", SIZE)
    monkeypatch.setattr(creation_order, "_key_pages", fake.key_pages)
    monkeypatch.setattr(creation_order, "settings", lambda: SimpleNamespace(contact_shards=SHARDS))
    return fake


def ids(start: int, stop: int | None, shards: list[OrderIndex], descending: bool) -> list[Any]:
    return creation_order.ids("10000", slice(start, stop), shards, descending=descending)


@pytest.mark.parametrize("descending", [False, True])
def test_every_page_is_the_matching_slice_of_the_list_and_reads_few_blocks(index: FakeIndex, descending: bool) -> None:
    whole, shards = index.ids[:: -1 if descending else 1], index.order_indexes
    for start in (0, 7, 800, 1_999, 2_000, 2_001, 3_333, 3_990, 3_999, 4_000, 9_000):
        index.read = 0
        assert ids(start, start + 10, shards, descending) == whole[start : start + 10]
        assert index.read <= 5 * SHARDS * SIZE


@pytest.mark.parametrize("descending", [False, True])
def test_the_first_page_is_correct_if_the_counters_lag(index: FakeIndex, descending: bool) -> None:
    whole = index.ids[:: -1 if descending else 1]
    assert ids(0, 10, [OrderIndex() for _ in range(SHARDS)], descending) == whole[:10]


@pytest.mark.parametrize("wrong", [-1, 0, 1])
def test_the_whole_list_is_complete_even_if_counters_are_wrong(index: FakeIndex, wrong: int) -> None:
    shards = index.order_indexes
    shards[0].counts[0] += wrong
    assert creation_order.ids("10000", slice(None), shards) == index.ids
