import fcntl
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from local_stack.processes import LocalStackError
from local_stack.settings import Settings
from local_stack.stack import LocalStack


@pytest.fixture
def used_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("variable", "field"), [("PORT", "port"), ("AWS_LOCAL_PORT", "aws_port"), ("CARRIER_PORT", "carrier_port")]
)
def test_a_port_in_use_is_reported_with_its_variable(tmp_path: Path, used_port: int, variable: str, field: str) -> None:
    # Nothing listens on port 9 (discard).
    free = Settings(state_dir=tmp_path, port=9, aws_port=9, carrier_port=9)
    stack = LocalStack(replace(free, **{field: used_port}))  # type: ignore[arg-type]
    with pytest.raises(LocalStackError, match=f"{used_port} is in use by process {os.getpid()} .*set {variable} to another port"):
        stack.start()
    stack.stop()


def test_a_state_directory_serves_one_stack_at_a_time(tmp_path: Path, used_port: int) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LocalStackError, match=r"in use.*set STATE_DIR"):
            LocalStack(Settings(state_dir=tmp_path)).start()
    # The lock is released; the next error is about the port.
    with pytest.raises(LocalStackError, match="Port"), LocalStack(Settings(state_dir=tmp_path, port=used_port)):
        pass


def test_a_state_directory_that_cannot_be_made_is_reported_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalStackError, match=r"STATE_DIR cannot be used: .*file"):
        LocalStack(Settings(state_dir=tmp_path / "file" / "state")).start()
