"""Writes figures as tables into documents, between ``<!-- figures: cost/total -->`` and ``<!-- /figures -->``.

``<benchmark>/<group>`` is a table of one group. ``<benchmark>/<prefix> *`` is a table with a row for each group with that prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from benchmarks.figures import Figure, number, read

DOCUMENTS = tuple(Path(__file__).parents[1] / "docs" / name for name in ("cost.md", "performance.md", "reliability.md"))
RELIABILITY = Path(__file__).parents[1] / "docs/reliability.json"

_BLOCK = re.compile(r"(<!-- figures: (?P<benchmark>[\w-]+)/(?P<group>.+?) -->\n).*?(<!-- /figures -->)", re.DOTALL)


def update() -> None:
    """Write the stored figures into the documents."""
    for path in DOCUMENTS:
        path.write_text(render(path.read_text(), stored()))


def stored() -> dict[str, list[Figure]]:
    """All figures of the documents: those of the benchmarks and those of ``make reliability``."""
    return {**read(), "reliability": list(_reliability())}


def _reliability() -> Iterator[Figure]:
    counts = orjson.loads(RELIABILITY.read_bytes())
    yield from (Figure("tried", name, count, "") for name, count in counts["tried"].items())
    yield from (Figure("went wrong", name, count, "", at_most=0) for name, count in counts["went wrong"].items())


def render(text: str, figures: Mapping[str, Sequence[Figure]]) -> str:
    """The text of a document with its tables filled from the figures."""

    def filled(match: re.Match[str]) -> str:
        return f"{match[1]}{_table(figures.get(match['benchmark'], []), match['group'])}{match[4]}"

    return _BLOCK.sub(filled, text)


def _table(figures: Iterable[Figure], group: str) -> str:
    if group.endswith("*"):
        return _matrix([figure for figure in figures if figure.group.startswith(group[:-1])], group[:-1])
    rows = [
        [figure.name, f"{number(figure.value)} {figure.unit}".rstrip(), figure.target, _verdict(figure)]
        for figure in figures
        if figure.group == group
    ]
    return _markdown(["", "value", "target", ""], rows)


def _matrix(figures: Sequence[Figure], prefix: str) -> str:
    names = list(dict.fromkeys(figure.name for figure in figures))
    rows: dict[str, dict[str, str]] = {}
    for figure in figures:
        text = number(figure.value)
        rows.setdefault(figure.group.removeprefix(prefix), {})[figure.name] = text if figure.is_reached else f"**{text}**"
    return _markdown(["", *names], [[group, *(row.get(name, "") for name in names)] for group, row in rows.items()])


def _verdict(figure: Figure) -> str:
    if not figure.target:
        return ""
    return "reached" if figure.is_reached else "**missed**"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
