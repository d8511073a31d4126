"""``python -m benchmarks [--quick] [names…]``: run benchmarks, show their figures, and keep those of a full run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import cold_start, concurrency, contacts, cost, cpu, docs, end_to_end, figures, growth
from benchmarks.figures import Figure

BENCHMARKS: dict[str, Callable[..., list[Figure]]] = {
    "cost": cost.measure,
    "cpu": cpu.measure,
    "concurrency": concurrency.measure,
    "cold-start": cold_start.measure,
    "contacts": contacts.measure,
    "growth": growth.measure,
}
# Only when it is asked for.
ON_REQUEST: dict[str, Callable[..., list[Figure]]] = {"end-to-end": end_to_end.measure}

app = typer.Typer(add_completion=False)
_console = Console()


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all but end-to-end when left out")] = None,
    quick: Annotated[bool, typer.Option(help="Small runs in less than a minute; their figures are shown, not kept")] = False,
) -> None:
    """Run benchmarks."""
    for name in names or BENCHMARKS:
        started = time.monotonic()
        found = (BENCHMARKS | ON_REQUEST)[name](quick=quick)
        _console.print(_table(f"{name} ({time.monotonic() - started:.0f} s)", found))
        if not quick:
            figures.write({name: found})
            docs.update()


def _table(title: str, found: Iterable[Figure]) -> Table:
    table = Table("", "figure", "value", "unit", "target", "", title=title, title_justify="left")
    group = ""
    for figure in found:
        mark = "" if not figure.target else "[green]reached" if figure.is_reached else "[red]missed"
        table.add_row(
            figure.group if figure.group != group else "",
            figure.name,
            figures.number(figure.value),
            figure.unit,
            figure.target,
            mark,
        )
        group = figure.group
    return table


if __name__ == "__main__":
    app()
