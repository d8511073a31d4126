"""The results of benchmarks: named numbers with units and targets, stored in docs/figures.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

FIGURES = Path(__file__).parents[1] / "docs/figures.json"


@dataclass(frozen=True)
class Figure:
    """A measured number.

    Attributes:
        group: the table that shows the figure in a document.
        unit: the unit; ``×`` for a ratio to a reference from the same run.
        at_most: the largest value that reaches the target, if there is one.
        at_least: the smallest value that reaches the target, if there is one.
    """

    group: str
    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def target(self) -> str:
        """The target as text; empty without a target."""
        if self.at_most is not None:
            return f"≤ {number(self.at_most)}"
        return f"≥ {number(self.at_least)}" if self.at_least is not None else ""

    @property
    def is_reached(self) -> bool:
        """Whether the value reaches its target; true without a target."""
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)


def number(value: float) -> str:
    """A number as text: three significant digits, or an integer with thousands separators."""
    if value == round(value) or abs(value) >= 100:
        return f"{round(value):,}"
    return f"{value:.3g}"


def read(path: Path = FIGURES) -> dict[str, list[Figure]]:
    """The stored figures by benchmark; empty before the first full run."""
    if not path.exists():
        return {}
    return {name: [Figure(**entry) for entry in entries] for name, entries in orjson.loads(path.read_bytes()).items()}


def _document(figure: Figure) -> dict[str, Any]:
    return {name: value for name, value in asdict(figure).items() if value is not None}


def write(figures: Mapping[str, Iterable[Figure]], path: Path = FIGURES) -> None:
    """Store the figures of benchmarks and keep those of all others."""
    stored: dict[str, Any] = {**read(path), **figures}
    documents = {name: list(map(_document, entries)) for name, entries in sorted(stored.items())}
    path.write_bytes(orjson.dumps(documents, option=orjson.OPT_INDENT_2) + b"\n")
