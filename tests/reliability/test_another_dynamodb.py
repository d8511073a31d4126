"""The tests of stores against another implementation of DynamoDB, because the mocked one may err as we do.

dynalite was written after DynamoDB's answers. It has no transactions, streams and PartiQL, and does not return the item that
refused a write, so the tests of these are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.ports import free_port
from tests.support.template import ROOT

SERVER = ROOT / ".dynalite/node_modules/dynalite/cli.js"
STORES = ("tests/unit/test_dynamo.py", "tests/integration/messages/test_message_store.py")
BEYOND_IT = (
    "test_a_refused_update_returns_the_existing_item",
    "test_a_refused_transaction_names_the_actions_and_writes_nothing",
    "test_only_one_worker_may_claim_a_message",
    "test_a_claim_whose_response_was_lost_is_still_the_workers",
    "test_creating_many_rows",
    "test_put_new_many",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a running dynalite."""
    port = free_port()
    quick = [f"--{change}TableMs=0" for change in ("create", "delete", "update")]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(["node", SERVER, "--host", "127.0.0.1", "--port", str(port), *quick], stdout=log, stderr=log)  # noqa: S603, S607
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            assert process.poll() is None, "dynalite has ended"
            assert time.monotonic() < deadline, "dynalite does not answer"
        else:
            return


@pytest.mark.reliability
@pytest.mark.skipif(not SERVER.exists(), reason="needs Node.js: make .dynalite/installed")
def test_stores_work_with_another_implementation_of_dynamodb(server: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:xdist",
        *STORES,
        "-k",
        " and ".join(f"not {name}" for name in BEYOND_IT),
    ]
    environment = {name: value for name, value in os.environ.items() if name not in ("FIGURES", "RECORD_PERMISSIONS")}
    environment |= {"ANOTHER_DYNAMODB": server}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert process.returncode == 0, process.stdout[-4_000:]
