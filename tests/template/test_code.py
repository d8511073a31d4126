"""The code keeps rules that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.template import ROOT

PREDICATE = re.compile(r"_?(is|has|can|are|have|needs|must)_")
WRITE = re.compile(r"_?(set_|(record|put|update|fail|settle|advance|create|delete|remove|store|reserve|enqueue|postpone)(_|$))")


def predicates() -> Iterator[tuple[str, ast.FunctionDef]]:
    for folder in ("layers/outreach/outreach", "functions", "tools", "scripts", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and PREDICATE.match(node.name):
                    yield f"{path.relative_to(ROOT)}:{node.name}", node


def calls(function: ast.FunctionDef) -> set[str]:
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "") for name in called}


def test_a_predicate_changes_nothing() -> None:
    found = dict(predicates())
    assert found
    assert {name: writes for name, node in found.items() if (writes := set(filter(WRITE.match, calls(node))))} == {}
