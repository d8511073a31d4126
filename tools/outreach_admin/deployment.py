"""Finds a deployed stack: the environment of its functions names its tables, queues and secrets."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

# All functions have the same variables; every deployment has this function.
ANY_FUNCTION = "Authorize"


def choose_region() -> None:
    """Let boto3 read the region from ``AWS_REGION`` too, as the AWS CLI does, when ``AWS_DEFAULT_REGION`` does not name one."""
    if region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)


def function_environment(client: Callable[[Any], Any], stack_name: str) -> dict[str, str]:
    """Read the environment variables of a stack's functions.

    Args:
        client: makes a boto3 client from the name of a service.

    Raises:
        botocore.exceptions.ClientError: the stack does not exist or may not be read.
    """
    name = physical_id(client, stack_name, ANY_FUNCTION)
    return dict(client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"])


def physical_id(client: Callable[[Any], Any], stack_name: str, logical_id: str) -> str:
    """Return AWS's id of a resource of a stack: the name of a function, the URL of a queue. It may have been deleted since."""
    resource = client("cloudformation").describe_stack_resource(StackName=stack_name, LogicalResourceId=logical_id)
    return str(resource["StackResourceDetail"]["PhysicalResourceId"])


def is_missing(error: ClientError) -> bool:
    """Return whether CloudFormation says that there is no stack of this name, or that it is another one than Outreach."""
    answer = error.response["Error"]
    return answer["Code"] == "ValidationError" and "does not exist" in answer["Message"]


def enter(stack_name: str) -> None:
    """Give this process the environment of the stack's functions, so that `outreach` finds the stack's tables and secrets."""
    os.environ.update(function_environment(boto3.client, stack_name))
