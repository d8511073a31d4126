"""Shows progress: a bar on a terminal, lines of text elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

REPORT_SECONDS = 4


@contextmanager
def reporting(console: Console, text: Callable[[], str]) -> Iterator[None]:
    """Print every few seconds that something is still running, unless a terminal shows it.

    Args:
        text: returns what is running.
    """
    is_done, started = threading.Event(), time.monotonic()

    def report() -> None:
        while not is_done.wait(REPORT_SECONDS):
            console.print(f"{text()} … {time.monotonic() - started:.0f} s", highlight=False, soft_wrap=True)

    reporter = threading.Thread(target=report, daemon=True)
    if console.is_terminal:
        is_done.set()
    reporter.start()
    try:
        yield
    finally:
        is_done.set()
        reporter.join()


class ProgressDisplay:
    """One progress bar. Without a terminal, prints a line whenever the text changes, and every few seconds."""

    def __init__(self, console: Console, title: str, total: int | None) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[text]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._title = title
        self._task = self._progress.add_task(title, total=total, text="")
        self._line = ""
        self._reporting = ExitStack()

    def show(self, completed: int, total: int | None, text: str = "") -> None:
        """Update the bar.

        Args:
            total: ``None`` while it is unknown.
            text: shown after the bar.
        """
        self._progress.update(self._task, completed=completed, total=total, text=text)
        line = f"{self._title}: {completed} of {'?' if total is None else total} {text}".rstrip()
        if line != self._line and not self._console.is_terminal:
            self._console.print(line, highlight=False, soft_wrap=True)
        self._line = line

    def __enter__(self) -> Self:
        self._progress.start()
        self._reporting.enter_context(reporting(self._console, lambda: self._line or self._title))
        return self

    def __exit__(self, *_: object) -> None:
        self._reporting.close()
        self._progress.stop()
