"""The state machine ``campaign_send`` and its executions: one works on a record at a time, whoever starts it."""

from __future__ import annotations

from outreach import aws, dynamo, stepfunctions
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
    first = {"site_id": record.site_id, "record_id": record.id, "release": {"windows": 0}}
    stepfunctions.start(settings().campaign_send_arn, _name(counted), first)


def is_running(record: Record) -> bool:
    """Whether the record's newest execution is still at work."""
    return record.executions > 0 and stepfunctions.is_running(settings().campaign_send_arn, _name(record))


def _stop(record: Record) -> None:
    if is_running(record):
        arn = stepfunctions.execution_arn(settings().campaign_send_arn, _name(record))
        aws.stepfunctions().stop_execution(executionArn=arn, cause="another execution takes over")


def _name(record: Record) -> str:
    return f"{record.id}-{record.executions}"
