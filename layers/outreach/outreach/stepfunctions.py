"""Executions of state machines by their names, which are given once: the way to start a thing only once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from outreach import aws


def start(machine_arn: str, name: str, payload: Mapping[str, Any]) -> bool:
    """Start an execution; ``False`` when there was one of that name (in the last 90 days)."""
    states = aws.stepfunctions()
    try:
        states.start_execution(stateMachineArn=machine_arn, name=name, input=orjson.dumps(payload).decode())
    except states.exceptions.ExecutionAlreadyExists:
        return False
    return True


def is_running(machine_arn: str, name: str) -> bool:
    """Whether the execution of that name is at work."""
    states = aws.stepfunctions()
    try:
        return states.describe_execution(executionArn=execution_arn(machine_arn, name))["status"] == "RUNNING"
    except states.exceptions.ExecutionDoesNotExist:
        return False


def execution_arn(machine_arn: str, name: str) -> str:
    """What names an execution to AWS."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
