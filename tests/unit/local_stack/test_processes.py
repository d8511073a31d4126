import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from local_stack.processes import Child, LocalStackError

START_SECONDS = 30


@pytest.fixture
def start(tmp_path: Path) -> Callable[[str], Child]:
    def start_python(code: str) -> Child:
        return Child("the test", [sys.executable, "-c", code], log=tmp_path / "logs" / "test.log", environment=dict(os.environ))

    return start_python


def test_a_crash_is_told_with_its_status_and_last_words(start: Callable[[str], Child]) -> None:
    child = start("import sys; print('no such bucket'); sys.exit(3)")
    with pytest.raises(LocalStackError, match=r"(?s)the test ended with status 3.*no such bucket"):
        child.wait_until(lambda: False, START_SECONDS)


def test_earlier_runs_are_not_quoted(start: Callable[[str], Child]) -> None:
    start("print('of the first run')").finish()
    with pytest.raises(LocalStackError) as failure:
        start("raise SystemExit(1)").finish()
    assert "of the first run" not in str(failure.value)


def test_waiting_ends_with_the_condition(start: Callable[[str], Child], tmp_path: Path) -> None:
    child = start(f"import pathlib, time; pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(60)")
    child.wait_until((tmp_path / "ready").exists, START_SECONDS)
    child.raise_if_ended()
    child.stop()
    with pytest.raises(LocalStackError):
        child.raise_if_ended()


def test_a_process_that_is_never_ready_is_stopped(start: Callable[[str], Child]) -> None:
    child = start("import time; time.sleep(60)")
    with pytest.raises(LocalStackError, match="not ready after 0 s"):
        child.wait_until(lambda: False, 0)
    with pytest.raises(LocalStackError, match="ended with status"):
        child.raise_if_ended()


def test_an_interrupted_wait_leaves_nothing_running(start: Callable[[str], Child]) -> None:
    def interrupt() -> bool:
        raise KeyboardInterrupt

    child = start("import time; time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        child.wait_until(interrupt, START_SECONDS)
    with pytest.raises(LocalStackError, match="ended"):
        child.raise_if_ended()


def test_stopping_ends_grandchildren_too(start: Callable[[str], Child], tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = start(
        "import pathlib, subprocess, sys, time\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"path = pathlib.Path({str(pid_file)!r})\n"
        "path.with_suffix('.new').write_text(str(grandchild.pid))\n"
        "path.with_suffix('.new').rename(path)\n"
        "time.sleep(60)"
    )
    child.wait_until(pid_file.exists, START_SECONDS)
    child.stop()
    assert _ends(int(pid_file.read_text()))


def _ends(pid: int) -> bool:
    """Whether the process goes within a moment; what is killed stays a zombie until somebody collects it."""
    deadline = time.monotonic() + START_SECONDS
    status = Path(f"/proc/{pid}/stat")
    while time.monotonic() < deadline:
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False
