"""Figures are stored, and the documents show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.docs import DOCUMENTS, render, stored
from benchmarks.figures import Figure, read, write

FIGURES = [
    Figure("total", "calls", 1234.5, "calls", at_most=1000),
    Figure("stage a", "units", 0.12345, "units", at_most=1),
    Figure("stage b", "units", 2, "units", at_most=1),
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_shows_the_stored_figures(path: Path) -> None:
    assert render(path.read_text(), stored()) == path.read_text()


@pytest.mark.parametrize(
    ("group", "rows"),
    [
        ("total", ["|  | value | target |  |", "| --- | --- | --- | --- |", "| calls | 1,234 calls | ≤ 1,000 | **missed** |"]),
        ("stage *", ["|  | units |", "| --- | --- |", "| a | 0.123 |", "| b | **2** |"]),
    ],
)
def test_a_block_is_replaced_with_its_figures(group: str, rows: list[str]) -> None:
    text = f"before\n<!-- figures: cost/{group} -->\nold\n<!-- /figures -->\nafter\n"
    block = "\n".join(rows)
    assert render(text, {"cost": FIGURES}) == f"before\n<!-- figures: cost/{group} -->\n{block}\n<!-- /figures -->\nafter\n"


def test_figures_of_other_benchmarks_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write({"cost": FIGURES}, path)
    write({"cpu": FIGURES[:1]}, path)
    assert read(path) == {"cost": FIGURES, "cpu": FIGURES[:1]}
