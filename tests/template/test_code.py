"""The code keeps rules that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.template import ROOT

PREDICATE = re.compile(r"_?(is|has|can|are|have|needs|must)_")
WRITE = re.compile(r"_?(set_|(record|put|update|fail|settle|advance|create|delete|remove|store|reserve|enqueue|postpone)(_|$))")


# A name that a docstring describes: the first line of an entry, one level below its heading.
ENTRY = re.compile(r"^    (\w[\w, ]*):", re.MULTILINE)


def definitions() -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    for folder in ("layers/outreach/outreach", "functions", "tools", "scripts", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    yield f"{path.relative_to(ROOT)}:{node.name}", node


def predicates() -> Iterator[tuple[str, ast.FunctionDef]]:
    for place, node in definitions():
        if isinstance(node, ast.FunctionDef) and PREDICATE.match(node.name):
            yield place, node


def described(node: ast.FunctionDef | ast.ClassDef, heading: str) -> set[str]:
    """The names under a heading of a docstring."""
    _, _, rest = (ast.get_docstring(node) or "").partition(f"{heading}:\n")
    entries = ENTRY.findall(re.split(r"\n(?=\S)", rest)[0])
    return {name.strip() for entry in entries for name in entry.split(",")}


def defined(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """The parameters of a function; the attributes that a class defines or sets."""
    if isinstance(node, ast.FunctionDef):
        return {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    stores = [part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute) and isinstance(part.ctx, ast.Store)]
    methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    return methods | {part.id if isinstance(part, ast.Name) else part.attr for part in stores}


def calls(function: ast.FunctionDef) -> set[str]:
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "") for name in called}


def test_a_predicate_changes_nothing() -> None:
    found = dict(predicates())
    assert found
    assert {name: writes for name, node in found.items() if (writes := set(filter(WRITE.match, calls(node))))} == {}


@pytest.mark.parametrize(("kind", "heading"), [(ast.FunctionDef, "Args"), (ast.ClassDef, "Attributes")])
def test_a_docstring_describes_only_what_exists(kind: type[ast.AST], heading: str) -> None:
    found = {place: described(node, heading) - defined(node) for place, node in definitions() if isinstance(node, kind)}
    assert {place: unknown for place, unknown in found.items() if unknown} == {}
