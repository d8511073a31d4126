"""Step Functions executions by name. A name can be used only once, so an execution of that name starts only once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from outreach import aws


def start(machine_arn: str, name: str, payload: Mapping[str, Any]) -> bool:
    """Start an execution; ``False`` when an execution of that name was started within the last 90 days."""
    states = aws.stepfunctions()
    try:
        states.start_execution(stateMachineArn=machine_arn, name=name, input=orjson.dumps(payload).decode())
    except states.exceptions.ExecutionAlreadyExists:
        return False
    return True


def is_running(machine_arn: str, name: str) -> bool:
    """Return whether the execution of that name is running."""
    return outcome_of(machine_arn, name) is None


def names_of_running(machine_arn: str) -> frozenset[str]:
    """Return the names of all running executions of a state machine. The list lacks those that have started a moment ago."""
    pages = aws.stepfunctions().get_paginator("list_executions")
    request = pages.paginate(stateMachineArn=machine_arn, statusFilter="RUNNING", PaginationConfig={"PageSize": 1_000})
    return frozenset(execution["name"] for page in request for execution in page["executions"])


# The outcome of an execution that was never started.
NOT_STARTED = "NotStarted"


def outcome_of(machine_arn: str, name: str) -> str | None:
    """Return how the execution of that name ended.

    Returns:
        The error of an execution that failed, or else its status; :data:`NOT_STARTED` if there is none of that name; ``None``
        while it runs.
    """
    states = aws.stepfunctions()
    try:
        execution = states.describe_execution(executionArn=execution_arn(machine_arn, name))
    except states.exceptions.ExecutionDoesNotExist:
        return NOT_STARTED
    return None if execution["status"] == "RUNNING" else execution.get("error") or execution["status"]


def stop(machine_arn: str, name: str, cause: str) -> None:
    """Stop a running execution."""
    aws.stepfunctions().stop_execution(executionArn=execution_arn(machine_arn, name), cause=cause)


def execution_arn(machine_arn: str, name: str) -> str:
    """Return the ARN of an execution."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
