"""The blocks of a shard's contacts: their counts, and the seek points of pages."""

from __future__ import annotations

from heapq import merge

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.contacts.listing import order_index
from outreach.contacts.listing.order_index import OrderIndex, seek_point

Changes = list[tuple[int, int, bool]]

# Shard, key, and whether the key is greater than all others, as most new keys are.
changes = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 99), st.booleans()), max_size=120)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_index, "BLOCK_SIZE", 3)


def apply(changes: Changes) -> tuple[list[OrderIndex], list[set[str]]]:
    """Return the order indexes and the keys of three shards after changes. A key that exists already is removed."""
    shards, keys = [OrderIndex() for _ in range(3)], [set[str]() for _ in range(3)]
    for number, (shard, key_number, is_new) in enumerate(changes):
        key = f"2026-01-01T00:00:00.{(100 + number if is_new else key_number):03}Z#0000000-{shard}"
        if key in keys[shard]:
            shards[shard].remove(key)
            keys[shard].remove(key)
        else:
            shards[shard].add(key)
            keys[shard].add(key)
    return shards, keys


@given(changes)
@settings(max_examples=60)
def test_each_block_counts_the_keys_from_its_start_to_the_next_start(changes: Changes) -> None:
    for shard, keys in zip(*apply(changes), strict=True):
        ends = [*shard.starts[1:], "~"]
        expected = [sum(start <= key < end for key in keys) for start, end in zip(shard.starts, ends, strict=True)]
        assert shard.counts == expected
        assert shard.starts == sorted(set(shard.starts))
        assert OrderIndex.from_json(shard.to_json()) == shard


@given(changes, st.integers(0, 150), st.booleans())
@settings(max_examples=200)
def test_a_seek_point_skips_only_keys_before_the_position(changes: Changes, position: int, descending: bool) -> None:
    shards, keys = apply(changes)
    seek = seek_point(shards, position, descending=descending)
    order = list(merge(*map(sorted, keys)))[:: -1 if descending else 1]
    rest = {
        key
        for bound, shard in zip(seek.bounds, keys, strict=True)
        for key in shard
        if not bound or (key < bound if descending else key >= bound)
    }
    assert seek.skipped == len(order) - len(rest) <= position
    assert [key for key in order if key in rest][max(0, position - seek.skipped) :] == order[position:]


def test_a_seek_point_in_the_middle_skips_nearly_all_keys_before_it() -> None:
    shards, _ = apply([(number % 3, 0, True) for number in range(300)])
    for descending in (False, True):
        assert 150 - seek_point(shards, 150, descending=descending).skipped <= 4 * 3 * order_index.BLOCK_SIZE
