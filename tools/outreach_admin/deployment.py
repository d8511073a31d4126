"""Finding a deployed stack: its functions' variables say what its tables and secrets are called."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import boto3

# Any function would do, for all have the same variables; this one can't be missing.
ANY_FUNCTION = "Authorize"


def function_environment(client: Callable[[Any], Any], stack_name: str) -> dict[str, str]:
    """The variables of a stack's functions.

    Parameters
    ----------
    client
        Makes a boto3 client of a service.

    Raises
    ------
    botocore.exceptions.ClientError
        There is no such stack, or it may not be read.
    """
    resource = client("cloudformation").describe_stack_resource(StackName=stack_name, LogicalResourceId=ANY_FUNCTION)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    return dict(client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"])


def enter(stack_name: str) -> None:
    """Let this process be part of a stack: the project's code finds the tables and secrets as it does in a function."""
    os.environ.update(function_environment(boto3.client, stack_name))
