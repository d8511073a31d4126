"""Progress without a terminal, as in the log of a pipeline."""

from __future__ import annotations

import io
import threading

import pytest
from outreach_admin import progress
from outreach_admin.progress import ProgressDisplay
from rich.console import Console

WAIT_SECONDS = 10


class Lines(io.StringIO):
    """Notes when a text has been printed."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.is_printed = wanted, threading.Event()

    def write(self, text: str) -> int:
        if self.wanted in text:
            self.is_printed.set()
        return super().write(text)


@pytest.fixture(autouse=True)
def _reports_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0.01)


def test_a_wait_without_news_is_reported_again_and_again() -> None:
    lines = Lines("waiting … 0 s")
    with ProgressDisplay(Console(file=lines), "waiting", None):
        assert lines.is_printed.wait(WAIT_SECONDS)


def test_the_report_has_the_last_news() -> None:
    lines = Lines("rows: 3 of 5 running … 0 s")
    with ProgressDisplay(Console(file=lines), "rows", None) as display:
        display.show(3, 5, "running")
        assert lines.is_printed.wait(WAIT_SECONDS)


def test_a_terminal_has_a_bar_instead() -> None:
    lines = Lines("…")
    with ProgressDisplay(Console(file=lines, force_terminal=True), "rows", None):
        pass
    assert not lines.is_printed.is_set()
