"""What a benchmark finds: named numbers with their units and targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

FIGURES = Path(__file__).parents[1] / "docs/figures.json"


@dataclass(frozen=True)
class Figure:
    """One number.

    Attributes:
        group: the table of the documents that it stands in.
        unit: what it counts; ``×`` for a ratio to the reference of the same run.
        at_most: the target, if there is one.
        at_least: a target from below.
    """

    group: str
    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def target(self) -> str:
        """The target in words; empty without one."""
        if self.at_most is not None:
            return f"≤ {number(self.at_most)}"
        return f"≥ {number(self.at_least)}" if self.at_least is not None else ""

    @property
    def is_reached(self) -> bool:
        """Whether the target is reached; also without one."""
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)


def number(value: float) -> str:
    """A number with three significant digits, thousands apart."""
    if value == round(value) or abs(value) >= 100:
        return f"{round(value):,}"
    return f"{value:.3g}"


def read(path: Path = FIGURES) -> dict[str, list[Figure]]:
    """The figures of the last full run, by benchmark; nothing when there was none."""
    if not path.exists():
        return {}
    return {name: [Figure(**entry) for entry in entries] for name, entries in orjson.loads(path.read_bytes()).items()}


def write(figures: Mapping[str, Iterable[Figure]], path: Path = FIGURES) -> None:
    """Keep the figures of the benchmarks that ran; those of the others stay."""
    stored: dict[str, Any] = {**read(path), **figures}
    plain = {
        name: [{key: value for key, value in asdict(entry).items() if value is not None} for entry in entries]
        for name, entries in sorted(stored.items())
    }
    path.write_bytes(orjson.dumps(plain, option=orjson.OPT_INDENT_2) + b"\n")
