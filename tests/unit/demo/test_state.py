"""The stored progress of a demo."""

from __future__ import annotations

from pathlib import Path

from demo.state import State


def test_a_saved_state_is_loaded(tmp_path: Path) -> None:
    state = State(sample=100, import_id="i", campaign_id="c", record_id="r")
    state.save(tmp_path / "demo")
    assert State.load(tmp_path / "demo") == state


def test_an_empty_folder_has_no_state(tmp_path: Path) -> None:
    assert State.load(tmp_path) is None
