"""What the demo prints at its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo.display import print_where_to_look
from rich.console import Console


def test_the_demo_says_how_to_see_its_send_in_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    print_where_to_look(Console(), Path("/state/demo"), 3000, "a-record")
    printed = capsys.readouterr().out
    assert "STATE_DIR=/state/demo make run" in printed
    assert "http://127.0.0.1:3000/console#/sends/a-record" in printed
