"""An index of one shard's contacts in creation order: how many contacts each block has, without their keys.

A block is a contiguous range of the creation order (keys ``<createTime>#<id>``): it reaches from its start key to the start key
of the next block, and contains about ``BLOCK_SIZE`` contacts. To find a page in the middle of a list, reading starts at the
blocks around it, and the counts of the earlier blocks show how many contacts that skips.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import orjson

# Small blocks make large counter items, which every list reads. Large blocks make pages in the middle of a list expensive
# (docs/decisions.md).
BLOCK_SIZE = 500
# The length of a block's start: the time and enough of the id to differ from most other keys.
_START_CHARS = 30


@dataclass
class OrderIndex:
    """The blocks of one shard.

    Attributes:
        starts: the start key of each block; the first is ``""``, before all keys.
        counts: the number of contacts in each block.
        greatest_key: the greatest key that was ever added.
    """

    starts: list[str] = field(default_factory=lambda: [""])
    counts: list[int] = field(default_factory=lambda: [0])
    greatest_key: str = ""

    @classmethod
    def from_json(cls, text: str) -> OrderIndex:
        """Decode what :meth:`to_json` encoded."""
        return cls(*orjson.loads(text))

    def to_json(self) -> str:
        """Encode the index."""
        return orjson.dumps([self.starts, self.counts, self.greatest_key]).decode()

    @property
    def total(self) -> int:
        """The number of contacts in the shard."""
        return sum(self.counts)

    def add(self, key: str) -> None:
        """Count a new contact. If the last block is full and the key is the greatest so far, a new block starts with it."""
        start = key[:_START_CHARS]
        if self.counts[-1] >= BLOCK_SIZE and start > self.greatest_key:
            self.starts.append(start)
            self.counts.append(0)
        self.counts[bisect_right(self.starts, key) - 1] += 1
        self.greatest_key = max(self.greatest_key, key)

    def remove(self, key: str) -> None:
        """Subtract a deleted contact. A block that becomes empty joins the block before it."""
        block = bisect_right(self.starts, key) - 1
        self.counts[block] -= 1
        if block and not self.counts[block]:
            del self.starts[block], self.counts[block]


@dataclass(frozen=True)
class SeekPoint:
    """Where to start reading each shard.

    Attributes:
        bounds: for each shard, the key at which reading starts (ascending) or before which it starts (descending). ``""`` starts
            with the shard's first or last key.
        skipped: the total number of contacts before the bounds.
    """

    bounds: list[str]
    skipped: int


def seek_point(shards: Sequence[OrderIndex], position: int, *, descending: bool) -> SeekPoint:
    """Return where to start reading so that a position in the merged order of all shards is reached soonest.

    The result is at the last block start that is certainly not behind the position. A start is certain if each shard's blocks up
    to and including the one around the start contain at most ``position`` contacts together.

    Args:
        position: an index in the merged order, from 0.
        descending: whether the order starts with the greatest key.
    """
    starts = sorted({start for shard in shards for start in shard.starts[1:]}, reverse=descending)
    lookups = [_descending_lookup(shard) if descending else _ascending_lookup(shard) for shard in shards]

    def count_through(start: str) -> int:
        return sum(lookup(start).count_through for lookup in lookups)

    certain = bisect_right(starts, position, key=count_through)
    if not certain:
        return SeekPoint([""] * len(shards), 0)
    blocks = [lookup(starts[certain - 1]) for lookup in lookups]
    return SeekPoint([block.bound for block in blocks], sum(block.count_before for block in blocks))


class _Block(NamedTuple):
    """A block as seen in one direction: where it begins, and the number of contacts before it, and through its end."""

    bound: str
    count_before: int
    count_through: int


# Returns a shard's block at a block start of any shard.
_Lookup = Callable[[str], _Block]


def _ascending_lookup(index: OrderIndex) -> _Lookup:
    sums = [0, *accumulate(index.counts)]

    def lookup(start: str) -> _Block:
        block = bisect_right(index.starts, start) - 1
        return _Block(index.starts[block], sums[block], sums[block + 1])

    return lookup


def _descending_lookup(index: OrderIndex) -> _Lookup:
    sums = [0, *accumulate(index.counts)]
    ends = [*index.starts[1:], ""]

    def lookup(start: str) -> _Block:
        block = bisect_left(index.starts, start) - 1
        return _Block(ends[block], sums[-1] - sums[block + 1], sums[-1] - sums[block])

    return lookup
