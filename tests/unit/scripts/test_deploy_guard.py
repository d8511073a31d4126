"""A profile is deployed only where it belongs."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import boto3
import pytest

from scripts import deploy_guard
from scripts.deploy_guard import WrongTarget, check

ACCOUNT = "123456789012"  # moto's

pytestmark = pytest.mark.usefixtures("aws")


def deploy(stack: str, retention: str, region: str = "us-east-1") -> None:
    """Create a stack with nothing but a queue and the parameter."""
    template = {
        "Parameters": {"DataRetention": {"Type": "String"}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}},
    }
    parameters = [{"ParameterKey": "DataRetention", "ParameterValue": retention}]
    client = boto3.client("cloudformation", region_name=region)
    client.create_stack(StackName=stack, TemplateBody=json.dumps(template), Parameters=parameters)


def test_a_first_deployment_and_an_update_of_the_right_stack_go_on() -> None:
    assert check("prod", ACCOUNT) == f"{ACCOUNT}/outreach-prod"
    deploy("outreach-prod", "Retain")
    assert check("prod", ACCOUNT) == f"{ACCOUNT}/outreach-prod"
    assert check("staging", None) == f"{ACCOUNT}/outreach-staging"


@pytest.mark.parametrize(
    ("profile", "account", "reason"),
    [
        ("prod", None, "Set OUTREACH_ACCOUNT"),
        ("prod", "210987654321", "belongs to 210987654321"),
        ("staging", "210987654321", "belongs to 210987654321"),
        ("production", ACCOUNT, "no profile production"),
        ("", ACCOUNT, "Name a profile"),
    ],
)
def test_another_account_or_an_unknown_profile_is_refused(profile: str, account: str | None, reason: str) -> None:
    with pytest.raises(WrongTarget, match=reason):
        check(profile, account)


@pytest.mark.parametrize(("profile", "retention"), [("staging", "Retain"), ("prod", "Delete")])
def test_a_stack_of_another_kind_is_refused(profile: str, retention: str) -> None:
    deploy(f"outreach-{profile}", retention)
    with pytest.raises(WrongTarget, match=f"DataRetention={retention}"):
        check(profile, ACCOUNT)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A samconfig.toml of the test."""
    path = tmp_path / "samconfig.toml"
    monkeypatch.setattr(deploy_guard, "CONFIG", path)
    return path


@pytest.mark.parametrize(
    "overrides",
    [
        r'"AlarmEmail=\"a@example.com\" DataRetention=\"Retain\" LogRetentionDays=\"90\""',  # as `sam deploy --guided` saves it
        '["DataRetention=Retain", "Canary=true"]',
        '"ParameterKey=Canary,ParameterValue=true ParameterKey=DataRetention,ParameterValue=Retain"',
    ],
)
def test_a_production_profile_is_known_however_its_values_are_written(overrides: str, config: Path) -> None:
    config.write_text(f'[prod.deploy.parameters]\nstack_name = "outreach-prod"\nparameter_overrides = {overrides}\n')
    with pytest.raises(WrongTarget, match="Set OUTREACH_ACCOUNT"):
        check("prod", None)
    deploy("outreach-prod", "Retain")
    assert check("prod", ACCOUNT) == f"{ACCOUNT}/outreach-prod"


def test_a_value_that_only_begins_like_production_is_not_production(config: Path) -> None:
    config.write_text('[prod.deploy.parameters]\nstack_name = "s"\nparameter_overrides = "OldDataRetention=Retain"\n')
    assert check("prod", None) == f"{ACCOUNT}/s"


def test_the_stack_is_looked_for_in_the_region_of_the_profile(config: Path) -> None:
    """`sam deploy` goes there, whatever region the environment names."""
    config.write_text('[staging.deploy.parameters]\nstack_name = "outreach-staging"\nregion = "eu-west-1"\n')
    deploy("outreach-staging", "Retain", "eu-west-1")
    with pytest.raises(WrongTarget, match="DataRetention=Retain"):
        check("staging", None)


@pytest.mark.parametrize(
    ("stack", "is_allowed"),
    [("o" * 42, True), ("o" * 43, False), ("aws-outreach", False), ("SSM-outreach", False), ("my-aws-outreach", True)],
)
def test_a_stack_whose_name_is_no_prefix_of_all_names_is_refused(stack: str, is_allowed: bool, config: Path) -> None:
    config.write_text(f'[staging.deploy.parameters]\nstack_name = "{stack}"\n')
    with nullcontext() if is_allowed else pytest.raises(WrongTarget, match="at most 42 characters"):
        check("staging", None)


def test_the_command_prints_the_reason_and_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["deploy_guard", "prod"])
    monkeypatch.delenv("OUTREACH_ACCOUNT", raising=False)
    assert deploy_guard.main() == 1
    assert "OUTREACH_ACCOUNT" in capsys.readouterr().err
