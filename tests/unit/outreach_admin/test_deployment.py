"""The stack is asked for the names of its tables, and only it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from outreach_admin import deployment


def _stubbed(service: str) -> tuple[Any, Stubber]:
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")  # type: ignore[call-overload]
    return client, Stubber(client)


def test_the_variables_are_those_of_the_stacks_own_function() -> None:
    cloudformation, stacks = _stubbed("cloudformation")
    functions, configurations = _stubbed("lambda")
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


def test_a_stack_that_does_not_exist_is_an_error() -> None:
    cloudformation, stacks = _stubbed("cloudformation")
    stacks.add_client_error("describe_stack_resource", "ValidationError", "Stack 'none' does not exist")
    with stacks, pytest.raises(ClientError, match="does not exist"):
        deployment.function_environment(lambda _: cloudformation, "none")
