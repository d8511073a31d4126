"""Results for people (tables) or for programs (JSON), on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table


@dataclass(frozen=True)
class Output:
    """How results are printed."""

    as_json: bool

    def one(self, values: Mapping[str, Any]) -> None:
        """Print a thing; lists of things in it become tables of their own."""
        if self.as_json:
            _print_json(values)
            return
        console = Console()
        parts = {name: value for name, value in values.items() if _is_table(value)}
        table = Table(show_header=False)
        for name, value in values.items():
            if name not in parts:
                table.add_row(name, _text(value))
        console.print(table)
        for name, rows in parts.items():
            console.print(_table(rows, name))

    def many(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print things of one kind."""
        if self.as_json:
            _print_json(rows)
        else:
            Console().print(_table(rows))


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _table(rows: Sequence[Mapping[str, Any]], title: str | None = None) -> Table:
    # Folded, not cut: an id must be there as a whole.
    columns = [Column(name, overflow="fold") for name in (rows[0] if rows else ["nothing"])]
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*map(_text, row.values()))
    return table


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
