"""The environment of a stack is read from its own function."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from outreach_admin import deployment

from tests.unit.outreach_admin.conftest import Run


def _stubbed_client(service: str) -> tuple[Any, Stubber]:
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")  # type: ignore[call-overload]
    return client, Stubber(client)


def test_the_environment_is_that_of_the_stacks_own_function() -> None:
    cloudformation, stacks = _stubbed_client("cloudformation")
    functions, configurations = _stubbed_client("lambda")
    detail = {
        "PhysicalResourceId": "other-Authorize-1",
        "LogicalResourceId": "Authorize",
        "ResourceType": "AWS::Lambda::Function",
    }
    detail |= {"LastUpdatedTimestamp": "2026-01-01T00:00:00Z", "ResourceStatus": "CREATE_COMPLETE"}
    stacks.add_response(
        "describe_stack_resource", {"StackResourceDetail": detail}, {"StackName": "other", "LogicalResourceId": "Authorize"}
    )
    configurations.add_response(
        "get_function_configuration",
        {"Environment": {"Variables": {"SITES_TABLE": "other-sites"}}},
        {"FunctionName": "other-Authorize-1"},
    )
    clients = {"cloudformation": cloudformation, "lambda": functions}
    with stacks, configurations:
        assert deployment.function_environment(clients.__getitem__, "other") == {"SITES_TABLE": "other-sites"}


def test_a_missing_stack_is_an_error() -> None:
    cloudformation, stacks = _stubbed_client("cloudformation")
    stacks.add_client_error("describe_stack_resource", "ValidationError", "Stack 'none' does not exist")
    with stacks, pytest.raises(ClientError, match="does not exist"):
        deployment.function_environment(lambda _: cloudformation, "none")


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({"AWS_REGION": "eu-south-1"}, "eu-south-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-south-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
    ],
)
def test_the_region_of_the_environment_is_that_of_the_clients(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], region: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    deployment.choose_region()
    assert boto3.Session().client("cloudformation").meta.region_name == region


@pytest.mark.usefixtures("own_clients")
def test_every_command_chooses_the_region(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-south-1")
    run("site", "list")
    assert os.environ["AWS_DEFAULT_REGION"] == "eu-south-1"
