"""A fork runs a function's script as a new interpreter would, with layers that are imported once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from local_stack.function_forks import IS_SUPPORTED, Fork, ForkServer

pytestmark = pytest.mark.skipif(not IS_SUPPORTED, reason="only on Linux")

Start = Callable[[str], Fork]
SECONDS = 20

# A layer that counts its imports in a file, and has a part that needs a library of another layer.
LAYER = {
    "__init__": "from pathlib import Path\nwith (Path(__file__).parents[2] / 'imports').open('a') as f: f.write('.')",
    "part": "number = 1",
    "incomplete": "import no_such_library",
}


@pytest.fixture
def start(tmp_path: Path) -> Start:
    package = tmp_path / "python" / "outreach"
    package.mkdir(parents=True)
    for name, code in LAYER.items():
        (package / f"{name}.py").write_text(code)
    server = ForkServer(sys.executable, [str(tmp_path)])

    def start_script(code: str) -> Fork:
        script = tmp_path / "code" / "script.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text(code)
        return server.start(str(script), str(script.parent), {"ONLY": "this"})

    return start_script


def test_a_fork_has_the_environment_the_folder_and_the_streams_of_a_new_interpreter(start: Start, tmp_path: Path) -> None:
    code = """
import json, os, sys
print(sys.stdin.readline().strip(), file=sys.stderr)
print(json.dumps([dict(os.environ), os.getcwd(), sys.argv, sys.path[0], __name__]))
"""
    fork = start(code)
    fork.stdin.write("Grüße\n")
    folder = str(tmp_path / "code")
    expected = [{"ONLY": "this"}, folder, [f"{folder}/script.py"], folder, "__main__"]
    assert json.loads(fork.stdout.read()) == expected
    assert fork.stderr.read() == "Grüße\n"
    assert fork.wait(SECONDS) == 0


def test_layers_are_imported_once(start: Start, tmp_path: Path) -> None:
    code = "import sys; print(sorted(name for name in sys.modules if name.startswith('outreach')))"
    for _ in range(3):
        assert start(code).stdout.read() == "['outreach', 'outreach.part']\n"
    assert (tmp_path / "imports").read_text() == "."


def test_an_error_is_reported_and_the_next_fork_runs(start: Start) -> None:
    assert "ValueError: no" in start("raise ValueError('no')").stderr.read()
    assert start("print('yes')").stdout.read() == "yes\n"


@pytest.mark.parametrize("end", [Fork.terminate, Fork.kill])
def test_a_fork_can_be_ended(start: Start, end: Callable[[Fork], None]) -> None:
    fork = start("print('runs', flush=True)\nwhile True: input()")
    assert fork.stdout.readline() == "runs\n"
    assert fork.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(0.01)
    end(fork)
    assert fork.wait(SECONDS) == 0
    assert fork.poll() == 0
    end(fork)  # it has ended already


def test_a_fork_reads_the_end_of_its_input_when_its_starter_closes_it(start: Start) -> None:
    others = [start("input()") for _ in range(3)]  # which hold no end of the pipe
    fork = start("import sys; print(len(sys.stdin.read()))")
    fork.stdin.close()
    assert fork.stdout.read() == "0\n"
    for other in others:
        other.kill()
