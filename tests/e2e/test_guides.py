"""The commands of the deployment guide run as they are written, with nothing but what the guide names."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from local_stack import LocalStack
from local_stack.settings import REGION

from tests.support.client import Client
from tests.support.template import ROOT

NEW_SITE, NEW_NUMBER = "30000", "+15005550016"
KEY = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def block(heading: str, number: int = 0) -> str:
    """A block of commands in a section of docs/deploy.md; its site is a new one."""
    section = (ROOT / "docs/deploy.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(?:bash)?\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[number].replace("10000", NEW_SITE)


@pytest.fixture
def environment(stack: LocalStack) -> dict[str, str]:
    """What the guide asks for: credentials, and the region as ``AWS_REGION`` alone. The endpoint stands for AWS."""
    given = {name: value for name, value in stack.settings.aws_environment().items() if name != "AWS_DEFAULT_REGION"}
    return given | {"AWS_REGION": REGION, "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def run(commands: str, environment: dict[str, str], secret: str = "") -> str:
    """Run commands in a shell, after those that define ``outreach-admin``; return what they print."""
    script = "\n".join(("set -e", "shopt -s expand_aliases", block("2. A site and its key"), commands))
    process = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", script],
        cwd=ROOT,
        env=environment,
        input=secret,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_the_commands_of_the_guide_make_a_site_with_a_key_an_account_and_a_secret(
    stack: LocalStack, environment: dict[str, str]
) -> None:
    (key,) = KEY.findall(run(block("2. A site and its key", 1), environment))
    account = block("3. A carrier").replace("+15005550006", NEW_NUMBER).replace("AC…", "AC" + "b" * 32)
    (account_id, *_) = GUID.findall(run(account, environment, secret="local-twilio-token-2"))
    assert "whsec_" in run(block("4. Callbacks"), environment)
    (listed,) = Client(stack.base_url, key).get("/outreach/channelAccounts")["channelAccounts"]
    assert (listed["id"], listed["number"]) == (account_id, NEW_NUMBER)


def test_the_smoke_test_tries_the_stack(stack: LocalStack, environment: dict[str, str]) -> None:
    commands = f"PYTHONPATH={ROOT}/tools:{ROOT}/layers/outreach {ROOT}/.venv/bin/python -m scripts.smoke outreach"
    assert "outreach works at" in run(commands, environment)
