"""A release is deployed while the stack runs, serves at once, and is taken back by pointing the alias to the version before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from local_stack import LocalStack, Settings, sam
from local_stack.seeds import ACCOUNTS, API_KEYS
from local_stack.settings import STACK_NAME

from scripts import smoke
from tests.support.campaigns import completed, create_campaign, import_people, new_name, numbers, send
from tests.support.client import TIMEOUT_SECONDS, Client
from tests.support.ports import free_port
from tests.support.stack import ALIAS, live_functions
from tests.support.template import ROOT

# It has a stack of its own and deploys twice.
pytestmark = pytest.mark.reliability

LIVE = live_functions()
# What the changed release does differently.
OLD, NEW = '"Body": sms.body,', '"Body": sms.body + " (new)",'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own, because the test changes its functions."""
    ports: dict[str, Any] = {name: free_port() for name in ("port", "aws_port", "carrier_port")}
    with LocalStack(Settings(**ports, state_dir=tmp_path_factory.mktemp("versions"))) as running:
        yield running


def _changed_build(folder: Path) -> Path:
    """A build that differs from the project's in one line of the shared layer."""
    folder.mkdir()
    for part in sam.BUILD.iterdir():
        if part.is_dir() and part.name != "OutreachLayer":
            (folder / part.name).symlink_to(part)
    # Its paths are relative to the build.
    text = (sam.BUILD / "template.yaml").read_text().replace("../../../statemachines", str(ROOT / "statemachines"))
    (folder / "template.yaml").write_text(text)
    layer = folder / "OutreachLayer"
    shutil.copytree(sam.BUILD / "OutreachLayer", layer, ignore=shutil.ignore_patterns("__pycache__"))
    source = layer / "python/outreach/carriers/twilio.py"
    assert OLD in source.read_text()
    source.write_text(source.read_text().replace(OLD, NEW))
    return folder


def _physical_name(stack: LocalStack, function: str) -> str:
    described = stack.aws.client("cloudformation").describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=function)
    return str(described["StackResourceDetail"]["PhysicalResourceId"])


def _live_version(stack: LocalStack, function: str) -> str:
    alias = stack.aws.client("lambda").get_alias(FunctionName=_physical_name(stack, function), Name=ALIAS)
    return str(alias["FunctionVersion"])


def _sent_text(stack: LocalStack) -> str:
    """Send a campaign to one contact, wait for its receipt, and return the text that the carrier got."""
    site, company, (number,) = Client(stack.base_url, API_KEYS["10000"]), new_name("Versions"), numbers([1000])
    import_people(site, company, [("Ada", number)])
    completed(site, send(site, create_campaign(site, company, ACCOUNTS[0][0].id)))
    answer = requests.get(f"{stack.simulator_url}/_simulate/messages", params={"to": number}, timeout=TIMEOUT_SECONDS)
    (message,) = answer.json()["messages"]
    return str(message["body"])


def test_a_changed_layer_is_served_and_taken_back(stack: LocalStack, tmp_path: Path) -> None:
    assert _sent_text(stack) == "Hello Ada"
    before = {name: _live_version(stack, name) for name in LIVE}

    with sam.build_lock():
        sam.deploy(stack.settings, stack.aws, "changed", _changed_build(tmp_path / "build"))
    after = {name: _live_version(stack, name) for name in LIVE}
    assert {name for name in LIVE if before[name] == after[name]} == set()
    smoke.check_aliases(stack.aws.client, STACK_NAME)
    assert _sent_text(stack) == "Hello Ada (new)"

    lambdas: Any = stack.aws.client("lambda")
    for name in LIVE:
        lambdas.update_alias(FunctionName=_physical_name(stack, name), Name=ALIAS, FunctionVersion=before[name])
    assert _sent_text(stack) == "Hello Ada"
    with pytest.raises(RuntimeError, match="has changed since"):
        smoke.check_aliases(stack.aws.client, STACK_NAME)
