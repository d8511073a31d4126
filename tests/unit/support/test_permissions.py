"""The record of used permissions is complete when many processes write it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from tests.support import permissions, reliability_figures

WRITERS = [permissions.write_record, reliability_figures.write_figures]


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_process_that_ends_waits_for_another_one_that_writes(write: Callable[[Path], None], tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    with file.open("a+") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        writer = Thread(target=write, args=(file,))
        writer.start()
        writer.join(0.2)
        assert writer.is_alive()
    writer.join()
    assert file.read_text()
