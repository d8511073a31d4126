"""Shows progress: a bar on a terminal, lines of text elsewhere."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class ProgressDisplay:
    """One progress bar. Without a terminal, prints a line whenever the text changes."""

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

    def show(self, completed: int, total: int | None, text: str = "") -> None:
        """Update the bar.

        Args:
            total: ``None`` while it is unknown.
            text: Shown after the bar.
        """
        self._progress.update(self._task, completed=completed, total=total, text=text)
        line = f"{self._title}: {completed} of {'?' if total is None else total} {text}".rstrip()
        if line != self._line and not self._console.is_terminal:
            self._console.print(line, highlight=False, soft_wrap=True)
        self._line = line

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
