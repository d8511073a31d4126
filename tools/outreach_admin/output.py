"""Prints results to standard output: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table

_ANY_WIDTH = 10_000


@dataclass(frozen=True)
class Output:
    """Prints results as tables or as JSON."""

    as_json: bool

    def one(self, values: Mapping[str, Any]) -> None:
        """Print one record. Lists of records inside it become tables of their own."""
        if self.as_json:
            _print_json(values)
            return
        console = Console()
        lists = {name: value for name, value in values.items() if _is_list_of_records(value)}
        console.print(_record_table({name: value for name, value in values.items() if name not in lists}))
        for name, rows in lists.items():
            _print_rows(_console(), rows, name)

    def many(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print records of one kind."""
        if self.as_json:
            _print_json(rows)
        else:
            _print_rows(_console(), rows)


def _console() -> Console:
    """Return the console of rows. Without a terminal, each is one line: `sending status | grep stopped` must name the account."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=_ANY_WIDTH)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _is_list_of_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _print_rows(console: Console, rows: Sequence[Mapping[str, Any]], title: str | None = None) -> None:
    """Print one table if it fits the terminal, otherwise one per row, because a wrapped id cannot be copied."""
    table = Table(*(rows[0] if rows else ["nothing found"]), title=title)
    for row in rows:
        table.add_row(*map(_text, row.values()))
    if console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum <= console.width:
        console.print(table)
        return
    for row in rows:
        console.print(_record_table(row, title))


def _record_table(values: Mapping[str, Any], title: str | None = None) -> Table:
    table = Table("name", Column("value", overflow="fold"), show_header=False, title=title)
    for name, value in values.items():
        table.add_row(name, _text(value))
    return table


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return _text([f"{name}: {entry}" for name, entry in value.items()])
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
