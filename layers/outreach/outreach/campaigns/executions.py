"""The state machine ``campaign_send`` and its executions: one works on a record at a time, whoever starts it."""

from __future__ import annotations

import orjson

from outreach import aws, dynamo
from outreach.campaigns import records
from outreach.campaigns.records import Record
from outreach.settings import settings


def start(record: Record) -> None:
    """Start the next execution for a record in place of the one before; when somebody else does so at the same time, theirs
    is the one.
    """
    try:
        counted = records.count_execution(record)
    except dynamo.ConditionFailed:
        return
    _stop(record)
    aws.stepfunctions().start_execution(
        stateMachineArn=settings().campaign_send_arn,
        name=_name(counted),
        input=orjson.dumps({"site_id": record.site_id, "record_id": record.id, "release": {"windows": 0}}).decode(),
    )


def is_running(record: Record) -> bool:
    """Whether the record's newest execution is still at work."""
    if record.executions == 0:
        return False
    states = aws.stepfunctions()
    try:
        return states.describe_execution(executionArn=_arn(record))["status"] == "RUNNING"
    except states.exceptions.ExecutionDoesNotExist:
        return False


def _stop(record: Record) -> None:
    if is_running(record):
        aws.stepfunctions().stop_execution(executionArn=_arn(record), cause="another execution takes over")


def _name(record: Record) -> str:
    return f"{record.id}-{record.executions}"


def _arn(record: Record) -> str:
    return f"{settings().campaign_send_arn.replace(':stateMachine:', ':execution:')}:{_name(record)}"
