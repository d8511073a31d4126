"""Finds the modules that a handler imports, directly and through the shared package, without importing them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.template import ROOT

_PACKAGES = ROOT / "layers" / "outreach"
_packages_distributions = cache(packages_distributions)


def closure(source: Path, *, deferred: bool = True) -> set[str]:
    """The full names of the modules that a file imports, except those that third-party modules import.

    Args:
        deferred: whether imports inside functions count too.
    """
    modules: set[str] = set()
    pending = [source]
    while pending:
        for name in _imported(pending.pop(), deferred):
            if name not in modules:
                modules.add(name)
                pending += [path] if (path := _shared_module(name)) else []
    return modules


def distributions(modules: set[str]) -> set[str]:
    """The normalised names of the third-party distributions that contain the modules."""
    by_package = _packages_distributions()
    third_party = {name for name in modules if name.partition(".")[0] not in {"outreach", "__future__", *sys.stdlib_module_names}}
    return {normalised(by_package[name.partition(".")[0]][0]) for name in third_party}


def normalised(distribution: str) -> str:
    """A distribution's name in the form that indexes compare (PyPA, "Names and normalization")."""
    return distribution.strip().lower().replace("_", "-").replace(".", "-")


@cache
def _imported(source: Path, deferred: bool) -> list[str]:
    return list(_imports_of(source, deferred))


def _imports_of(source: Path, deferred: bool) -> Iterator[str]:
    for node in _executed(ast.parse(source.read_text()), deferred):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (name for alias in node.names if _shared_module(name := f"{node.module}.{alias.name}"))


def _executed(node: ast.AST, deferred: bool) -> Iterator[ast.AST]:
    """All nodes except blocks for type checkers and, unless ``deferred``, the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.FunctionDef) and not deferred:
            continue
        yield child
        yield from _executed(child, deferred)


@cache
def _shared_module(module: str) -> Path | None:
    """The file of a module of the shared package; ``None`` for any other module."""
    base = _PACKAGES.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
