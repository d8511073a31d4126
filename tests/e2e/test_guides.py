"""The commands of the deployment guide run as they are written, with nothing but what the guide names."""

from __future__ import annotations

import json
import os
import re

import pytest
from local_stack import LocalStack
from local_stack.settings import REGION

from tests.support import guides
from tests.support.client import Client, until
from tests.support.guides import Place
from tests.support.template import ROOT

# The simulated carrier has every short code.
NEW_SITE, NEW_SENDER, TO = "30000", "30116", "+12125553418"
KEY = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def block(heading: str, number: int = 0) -> str:
    """A block of commands of docs/deploy.md; its site is a new one."""
    return guides.commands(Place("deploy", heading, number)).replace("10000", NEW_SITE)


@pytest.fixture
def environment(stack: LocalStack) -> dict[str, str]:
    """What the guide asks for: credentials, and the region as ``AWS_REGION`` alone. The endpoint stands for AWS."""
    given = {name: value for name, value in stack.settings.aws_environment().items() if name != "AWS_DEFAULT_REGION"}
    return given | {"AWS_REGION": REGION, "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def run(commands: str, environment: dict[str, str], secret: str = "") -> str:
    """Run commands after those that define ``outreach-admin``; return what they print."""
    return guides.run(f"{block('2. A site and its key')}\n{commands}", environment, given=secret)


def test_the_commands_of_the_guide_lead_from_a_site_to_the_first_message(stack: LocalStack, environment: dict[str, str]) -> None:
    (key,) = KEY.findall(run(block("2. A site and its key", 1), environment))
    account = block("3. A carrier").replace("+15005550006", NEW_SENDER).replace("AC…", "AC" + "b" * 32)
    (account_id, *_) = GUID.findall(run(account, environment, secret="local-twilio-token-2"))
    assert "whsec_" in run(block("4. Callbacks"), environment)
    client = Client(stack.base_url, key)
    (listed,) = client.get("/outreach/channelAccounts")["channelAccounts"]
    assert (listed["id"], listed["number"]) == (account_id, NEW_SENDER)
    message = block("5. The first message")
    for name, value in (("key", key), ("ApiUrl", stack.base_url), ("channel account id", account_id), ("your number", TO)):
        assert f"<{name}>" in message
        message = message.replace(f"<{name}>", value)
    # On a busy machine the carrier is asked too late for this answer, which then names the message in its `detail`.
    answer = json.loads(run(message, environment))
    message_id = answer.get("id") or GUID.findall(answer["detail"])[0]
    sent = until(lambda: client.get(f"/outboundunichannel/messages/{message_id}"), lambda found: found["status"] != "sending", 60)
    assert (sent["to"], sent["status"] in ("sent", "delivered")) == (TO, True), sent


def test_the_smoke_test_tries_the_stack(stack: LocalStack, environment: dict[str, str]) -> None:
    commands = f"PYTHONPATH={ROOT}/tools:{ROOT}/layers/outreach {ROOT}/.venv/bin/python -m scripts.smoke outreach"
    assert "outreach works at" in run(commands, environment)
