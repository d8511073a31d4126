"""A run of tests that hangs, or loses a process, fails and says where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import session_limit


def test_a_run_that_does_not_end_fails_and_names_the_tests_that_are_running(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    printed: list[str] = []
    monkeypatch.setattr(session_limit, "_running", {})
    monkeypatch.setattr(session_limit, "_exit", ended.append)
    monkeypatch.setattr(session_limit, "_print", printed.append)
    for name in ("finished", "hanging"):
        session_limit.pytest_runtest_logstart(f"test_example.py::test_{name}")
    session_limit.pytest_runtest_logfinish("test_example.py::test_finished")
    session_limit.end()
    assert ended == [1]
    assert "test_example.py::test_hanging" in printed[0]
    assert "test_finished" not in printed[0]


def test_a_process_that_is_killed_fails_the_run_and_names_the_test(tmp_path: Path) -> None:
    file = tmp_path / "test_example.py"
    file.write_text("import os, signal\n\ndef test_bad():\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
        "-n",
        "1",
        "--max-worker-restart=0",
    ]
    result = subprocess.run([*command, file], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - pytest
    assert result.returncode == 1
    assert "crashed while running 'test_example.py::test_bad'" in result.stdout
