import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from local_stack import processes
from local_stack.processes import Child, LocalStackError

START_SECONDS = 30
TOOLS = Path(processes.__file__).parents[1]


@pytest.fixture
def start(tmp_path: Path) -> Callable[[str], Child]:
    def start_python(code: str) -> Child:
        return Child("the test", [sys.executable, "-c", code], log=tmp_path / "logs" / "test.log", environment=dict(os.environ))

    return start_python


def test_a_crash_is_reported_with_its_status_and_the_end_of_its_log(start: Callable[[str], Child]) -> None:
    child = start("import sys; print('no such bucket'); sys.exit(3)")
    with pytest.raises(LocalStackError, match=r"(?s)the test ended with status 3.*no such bucket"):
        child.wait_until(lambda: False, START_SECONDS)


def test_the_log_of_earlier_runs_is_not_quoted(start: Callable[[str], Child]) -> None:
    start("print('of the first run')").finish()
    with pytest.raises(LocalStackError) as failure:
        start("raise SystemExit(1)").finish()
    assert "of the first run" not in str(failure.value)


def test_wait_until_returns_when_the_condition_holds(start: Callable[[str], Child], tmp_path: Path) -> None:
    child = start(f"import pathlib, time; pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(60)")
    child.wait_until((tmp_path / "ready").exists, START_SECONDS)
    child.raise_if_ended()
    child.stop()
    with pytest.raises(LocalStackError):
        child.raise_if_ended()


def test_a_process_that_is_not_ready_in_time_is_stopped(start: Callable[[str], Child]) -> None:
    child = start("import time; time.sleep(60)")
    with pytest.raises(LocalStackError, match="not ready after 0 s"):
        child.wait_until(lambda: False, 0)
    with pytest.raises(LocalStackError, match="ended with status"):
        child.raise_if_ended()


def test_an_interrupted_wait_stops_the_process(start: Callable[[str], Child]) -> None:
    def interrupt() -> bool:
        raise KeyboardInterrupt

    child = start("import time; time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        child.wait_until(interrupt, START_SECONDS)
    with pytest.raises(LocalStackError, match="ended"):
        child.raise_if_ended()


def test_stop_also_ends_grandchildren(start: Callable[[str], Child], tmp_path: Path) -> None:
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


def test_children_and_grandchildren_end_with_a_killed_launcher_and_are_asked_first(tmp_path: Path) -> None:
    """SIGKILL leaves the launcher no time to stop anything; the local AWS must save its state all the same."""
    child = (
        "import os, pathlib, signal, subprocess, sys, time\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "def save(*_):\n"
        "    (folder / 'saved').touch()\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\n"
        "(folder / 'new').write_text(f'{os.getpid()} {grandchild.pid}')\n"
        "(folder / 'new').rename(folder / 'pids')\n"
        "time.sleep(600)"
    )
    launcher = (
        "import os, pathlib, sys, time\n"
        "from local_stack.processes import Child\n"
        f"log = pathlib.Path({str(tmp_path / 'log')!r})\n"
        f"Child('x', [sys.executable, '-c', {child!r}], log=log, environment=dict(os.environ))\n"
        "time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    process = subprocess.Popen([sys.executable, "-c", launcher], env=environment)  # noqa: S603 - our own program
    _wait_for((tmp_path / "pids").exists)
    process.kill()
    process.wait()
    assert all(_ends(int(pid)) for pid in (tmp_path / "pids").read_text().split())
    assert (tmp_path / "saved").exists()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _ends(pid: int) -> bool:
    """Whether the process ends in time. A killed process stays a zombie until its parent reads its status."""
    deadline = time.monotonic() + START_SECONDS
    status = Path(f"/proc/{pid}/stat")
    while time.monotonic() < deadline:
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False
