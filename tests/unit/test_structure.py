"""Imports point inward: each part of the package knows only the parts that are named before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "layers/outreach/outreach"

TOOLS = [
    "clock",
    "errors",
    "settings",
    "observability",
    "aws",
    "dynamo",
    "bounds",
    "sqs",
    "stepfunctions",
    "http_client",
    "guarded_http",
    "parsing",
    "wire",
]
DOMAINS = [
    "sites",
    "http",
    "contacts",
    "messages",
    "sending",
    "campaigns",
    "ticketing",
    "correspondence",
    "callbacks",
    "delivery",
    "unichannel",
]
ORDER = TOOLS + DOMAINS


def _parts() -> list[str]:
    return sorted(path.stem for path in PACKAGE.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py")


def _imports(part: str) -> Iterator[str]:
    """The other parts that the modules of a part import, at the top of a file or within a function."""
    folder = PACKAGE / part
    for file in folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "outreach":
                module = str(node.module).split(".")
                yield from [module[1]] if len(module) > 1 else [name.name for name in node.names]


def test_every_part_has_its_place() -> None:
    assert _parts() == sorted(["__init__", *ORDER])


@pytest.mark.parametrize("part", ORDER)
def test_a_part_knows_only_what_stands_before_it(part: str) -> None:
    assert set(_imports(part)) - {part} <= set(ORDER[: ORDER.index(part)])


def test_no_modules_import_one_another_in_a_circle() -> None:
    files = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    graph = {module: {name for name in _named(path) if name in files} for module, path in files.items()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError


def _named(file: Path) -> Iterator[str]:
    """The modules that a file imports, and whatever else could be one."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from [str(node.module), *(f"{node.module}.{name.name}" for name in node.names)]
