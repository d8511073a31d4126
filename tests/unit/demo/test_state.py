"""What an interrupted demo goes on from."""

from __future__ import annotations

from pathlib import Path

from demo.state import State


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    state = State(sample=100, import_id="i", campaign_id="c", record_id="r")
    state.save(tmp_path / "demo")
    assert State.load(tmp_path / "demo") == state


def test_nothing_saved_is_no_state(tmp_path: Path) -> None:
    assert State.load(tmp_path) is None
