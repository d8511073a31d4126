"""Blocks of a shard's contacts: counts that follow what comes and goes, and where a page begins."""

from __future__ import annotations

from heapq import merge

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.contacts import blocks
from outreach.contacts.blocks import Blocks, beginning

Changes = list[tuple[int, int, bool]]

# Shard, key and whether the place of the change is at the end of everything: most contacts are.
changes = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 99), st.booleans()), max_size=120)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SIZE", 3)


def made(changes: Changes) -> tuple[list[Blocks], list[set[str]]]:
    """What the changes make of three shards: blocks, and the keys themselves. A key that is there already goes."""
    shards, keys = [Blocks() for _ in range(3)], [set[str]() for _ in range(3)]
    for number, (shard, place, is_new) in enumerate(changes):
        key = f"2026-01-01T00:00:00.{(100 + number if is_new else place):03}Z#0000000-{shard}"
        if key in keys[shard]:
            shards[shard].remove(key)
            keys[shard].remove(key)
        else:
            shards[shard].add(key)
            keys[shard].add(key)
    return shards, keys


@given(changes)
@settings(max_examples=60)
def test_each_block_has_what_is_between_its_start_and_the_next(changes: Changes) -> None:
    for shard, keys in zip(*made(changes), strict=True):
        ends = [*shard.starts[1:], "~"]
        expected = [sum(start <= key < end for key in keys) for start, end in zip(shard.starts, ends, strict=True)]
        assert shard.counts == expected
        assert shard.starts == sorted(set(shard.starts))
        assert Blocks.from_json(shard.to_json()) == shard


@given(changes, st.integers(0, 150), st.booleans())
@settings(max_examples=200)
def test_what_is_passed_over_is_before_the_place_and_counted(changes: Changes, skip: int, down: bool) -> None:
    shards, keys = made(changes)
    begin = beginning(shards, skip, down=down)
    order = list(merge(*map(sorted, keys)))[:: -1 if down else 1]
    rest = {
        key
        for edge, shard in zip(begin.edges, keys, strict=True)
        for key in shard
        if not edge or (key < edge if down else key >= edge)
    }
    assert begin.passed == len(order) - len(rest) <= skip
    assert [key for key in order if key in rest][max(0, skip - begin.passed) :] == order[skip:]


def test_a_page_in_the_middle_passes_over_nearly_all_before_it() -> None:
    shards, _ = made([(number % 3, 0, True) for number in range(300)])
    for down in (False, True):
        assert 150 - beginning(shards, 150, down=down).passed <= 4 * 3 * blocks.SIZE
