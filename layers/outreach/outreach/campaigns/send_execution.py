"""Executions of the state machine ``campaign_send``. One execution at a time works on a campaign record."""

from __future__ import annotations

from outreach import stepfunctions
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.settings import settings


def start(record: CampaignRecord) -> None:
    """Replace the record's execution with a new one. Of concurrent calls, one starts an execution; the others do nothing."""
    counted = campaign_records.count_execution(record)
    if counted is None:
        return
    _stop(record)
    event = {"site_id": record.site_id, "record_id": record.id, "release": {"steps": 0}}
    stepfunctions.start(settings().campaign_send_arn, name(counted.id, counted.executions), event)


def names_of_running() -> frozenset[str]:
    """Return the names of all running executions, by a list that lacks the last changes."""
    return stepfunctions.names_of_running(settings().campaign_send_arn)


def outcome_of(record: CampaignRecord) -> str | None:
    """Return how the record's newest execution ended, like :func:`stepfunctions.outcome_of`; ``None`` while it runs."""
    return stepfunctions.outcome_of(settings().campaign_send_arn, name(record.id, record.executions))


def _stop(record: CampaignRecord) -> None:
    if record.executions and outcome_of(record) is None:
        stepfunctions.stop(settings().campaign_send_arn, name(record.id, record.executions), cause="replaced by a new execution")


def name(record_id: str, executions: int | None) -> str:
    """Return the name of the newest of a record's executions.

    Args:
        executions: how many have been started.
    """
    return f"{record_id}-{executions}"
