"""The examples in README.md work without changes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from local_stack import LocalStack

from tests.support.template import ROOT

BASE_URL = "http://127.0.0.1:3000"
SIMULATOR_URL = "http://127.0.0.1:3001"
BASH = ["bash", "-euo", "pipefail", "-c"]
PYTHON = [sys.executable, "-c"]


def examples(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert BASE_URL in found[0]
    return found


@pytest.mark.parametrize(
    ("language", "command", "expected"),
    [
        ("bash", BASH, ['"status": "completed"', '"to": "+12125551234"', "Yes, please"]),
        ("python", PYTHON, ["completed", "+12125551234 Hello yourself!"]),
    ],
)
def test_the_examples_work_one_after_the_other(stack: LocalStack, language: str, command: list[str], expected: list[str]) -> None:
    text = "\n".join(examples(language)).replace(BASE_URL, stack.base_url).replace(SIMULATOR_URL, stack.simulator_url)
    process = subprocess.run([*command, text], capture_output=True, text=True, timeout=120)  # noqa: S603
    assert process.returncode == 0, process.stdout + process.stderr
    assert [part for part in expected if part not in process.stdout] == [], process.stdout
