"""Where the contacts of a shard are in the order of their creation, without reading their keys: how many there are in each block.

A block is a stretch of the order (``<createTime>#<id>``), from its own start to that of the next. A page in the middle of a list
is found by them: read from the starts of the blocks around it, all that was passed over is counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import orjson

# Small blocks make long counters, which every list reads; large ones make dear pages in the middle (docs/decisions.md).
SIZE = 500
# Enough of a key to tell it from most others: the time, and some of the id.
_START_CHARS = 30


@dataclass
class Blocks:
    """The blocks of one shard.

    Attributes:
        starts: where each begins; the first at the beginning of everything.
        counts: how many contacts each has.
        high: the greatest key that was ever added.
    """

    starts: list[str] = field(default_factory=lambda: [""])
    counts: list[int] = field(default_factory=lambda: [0])
    high: str = ""

    @classmethod
    def from_json(cls, text: str) -> Blocks:
        """The inverse of :meth:`to_json`."""
        return cls(*orjson.loads(text))

    def to_json(self) -> str:
        return orjson.dumps([self.starts, self.counts, self.high]).decode()

    @property
    def total(self) -> int:
        return sum(self.counts)

    def add(self, key: str) -> None:
        """A contact has come; one that is younger than all others begins a new block when the last is full."""
        start = key[:_START_CHARS]
        if self.counts[-1] >= SIZE and start > self.high:
            self.starts.append(start)
            self.counts.append(0)
        self.counts[bisect_right(self.starts, key) - 1] += 1
        self.high = max(self.high, key)

    def remove(self, key: str) -> None:
        """A contact has gone; an empty block is joined to the one before."""
        block = bisect_right(self.starts, key) - 1
        self.counts[block] -= 1
        if block and not self.counts[block]:
            del self.starts[block], self.counts[block]


@dataclass(frozen=True)
class Beginning:
    """Where to begin to read the shards.

    Attributes:
        edges: by shard: the key where a block begins (upwards), or ends (downwards: without that key); ``""`` is the shard's end.
        passed: how many contacts are before all the edges together.
    """

    edges: list[str]
    passed: int


def beginning(shards: Sequence[Blocks], skip: int, *, down: bool) -> Beginning:
    """The beginning that is nearest to the place ``skip`` of the whole order, and surely not behind it.

    Args:
        down: from the greatest key on.
    """
    starts = sorted({start for blocks in shards for start in blocks.starts[1:]}, reverse=down)
    views = [_downwards(blocks) if down else _upwards(blocks) for blocks in shards]
    fitting = bisect_right(starts, skip, key=lambda start: sum(view(start)[2] for view in views))
    if not fitting:
        return Beginning([""] * len(shards), 0)
    found = [view(starts[fitting - 1]) for view in views]
    return Beginning([edge for edge, _, _ in found], sum(before for _, before, _ in found))


# For a start of some block: the edge of the block that is there, and how many contacts are before that block, and with it.
_View = Callable[[str], tuple[str, int, int]]


def _upwards(blocks: Blocks) -> _View:
    sums = [0, *accumulate(blocks.counts)]

    def view(start: str) -> tuple[str, int, int]:
        block = bisect_right(blocks.starts, start) - 1
        return blocks.starts[block], sums[block], sums[block + 1]

    return view


def _downwards(blocks: Blocks) -> _View:
    sums = [0, *accumulate(blocks.counts)]
    ends = [*blocks.starts[1:], ""]

    def view(start: str) -> tuple[str, int, int]:
        block = bisect_left(blocks.starts, start) - 1
        return ends[block], sums[-1] - sums[block + 1], sums[-1] - sums[block]

    return view
