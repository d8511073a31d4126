"""``python -m benchmarks [--quick] [names…]``: runs benchmarks, shows their figures and stores those of a full run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import cold_start, concurrency, contacts, cost, cpu, docs, end_to_end, figures, growth, opt_outs, sites, sweep
from benchmarks.figures import Figure

BENCHMARKS: dict[str, Callable[..., list[Figure]]] = {
    "cost": cost.measure,
    "cpu": cpu.measure,
    "concurrency": concurrency.measure,
    "cold-start": cold_start.measure,
    "contacts": contacts.measure,
    "growth": growth.measure,
    "opt-outs": opt_outs.measure,
    "sweep": sweep.measure,
    "sites": sites.measure,
}
# Benchmarks that run only when they are named.
ON_REQUEST: dict[str, Callable[..., list[Figure]]] = {"end-to-end": end_to_end.measure}

app = typer.Typer(add_completion=False)
_console = Console()


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help="Benchmarks to run; by default, all except end-to-end")] = None,
    quick: Annotated[bool, typer.Option(help="Run small benchmarks (less than a minute) and do not store figures")] = False,
) -> None:
    """Run benchmarks and show their figures."""
    known = BENCHMARKS | ON_REQUEST
    if unknown := set(names or ()) - known.keys():
        raise typer.BadParameter(f"no benchmark is named {', '.join(sorted(unknown))}; choose from {', '.join(known)}")
    for name in names or BENCHMARKS:
        started = time.monotonic()
        results = known[name](quick=quick)
        if quick:  # the targets are for full sizes
            results = [replace(figure, at_most=None, at_least=None) for figure in results]
        _console.print(_table(f"{name} ({time.monotonic() - started:.0f} s)", results))
        if not quick:
            figures.write({name: results})
            docs.update()


def _table(title: str, results: Iterable[Figure]) -> Table:
    table = Table("group", "figure", "value", "unit", "target", "result", title=title, title_justify="left")
    group = ""
    for figure in results:
        verdict = "" if not figure.target else "[green]reached" if figure.is_reached else "[red]missed"
        table.add_row(
            figure.group if figure.group != group else "",
            figure.name,
            figures.number(figure.value),
            figure.unit,
            figure.target,
            verdict,
        )
        group = figure.group
    return table


if __name__ == "__main__":
    app()
