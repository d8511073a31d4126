"""What the README shows can be done as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from local_stack import LocalStack

from tests.support.template import ROOT

BASE_URL = "http://127.0.0.1:3000"
BASH = ["bash", "-euo", "pipefail", "-c"]
PYTHON = [sys.executable, "-c"]


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    assert BASE_URL in found[1]
    return found[1]


@pytest.mark.parametrize(("language", "command", "said"), [("bash", BASH, '"messages"'), ("python", PYTHON, "completed")])
def test_an_example_works(stack: LocalStack, language: str, command: list[str], said: str) -> None:
    text = example(language).replace(BASE_URL, stack.base_url)
    done = subprocess.run([*command, text], capture_output=True, text=True, timeout=120)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout
