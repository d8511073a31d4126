"""Unfinished work of all sites: campaign records that have work left, and campaigns with a scheduled start.

The sparse index ``unfinished_by_site`` has what the sweep decides by, so that it reads only the records where something may be
wrong. An attribute in it costs a write unit whenever it changes, so no attribute of it changes with each step of a release.

While DynamoDB fills the index after an upgrade, the index ``unfinished`` takes its place: it has keys only, so nothing is known
of an item but that it is unfinished. The same is true for attributes that 0.2.0 did not write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from outreach import aws_errors, clock, dynamo
from outreach.campaigns.campaign_records import UNFINISHED
from outreach.settings import settings

_RECORD, _CAMPAIGN = "RECORD#", "CAMPAIGN#"
# An index that does not exist yet, or is being filled.
_NO_INDEX = frozenset({"ValidationException", "ResourceNotFoundException"})


@dataclass(frozen=True)
class UnfinishedRecord:
    """A record that has work left; ``None`` is unknown. The index is eventually consistent.

    Attributes:
        status: as in :class:`outreach.campaigns.campaign_records.RecordStatus`.
        executions: how many state machine executions have been started for the record.
        last_slot: the slot (Unix time) of its last message; unknown until all of them are released.
    """

    site_id: str
    id: str
    status: str | None = None
    executions: int | None = None
    channel_account_id: str | None = None
    last_slot: int | None = None


@dataclass(frozen=True)
class ScheduledStart:
    """A campaign whose scheduled start has not happened; ``None`` is an unknown time."""

    site_id: str
    campaign_id: str
    time: datetime | None = None


@dataclass(frozen=True)
class UnfinishedWork:
    records: list[UnfinishedRecord]
    starts: list[ScheduledStart]


def read(site_id: str | None = None) -> UnfinishedWork:
    """Return the unfinished work of a site, or of all sites. About 40 entries take half a read unit."""
    items = [item for item in _items(site_id) if site_id is None or item["pk"]["S"] == f"SITE#{site_id}"]
    return UnfinishedWork(
        [_record(item) for item in items if item["sk"]["S"].startswith(_RECORD)],
        [_start(item) for item in items if item["sk"]["S"].startswith(_CAMPAIGN)],
    )


def _items(site_id: str | None) -> Iterable[Mapping[str, Any]]:
    """Return index entries in DynamoDB's JSON."""
    condition, values = "unfinished = :unfinished", {":unfinished": UNFINISHED}
    of_site = (f"{condition} AND pk = :pk", values | {":pk": f"SITE#{site_id}"}) if site_id else (condition, values)
    try:
        return _query("unfinished_by_site", *of_site)
    except Exception as error:
        if aws_errors.name_of(error) not in _NO_INDEX:
            raise
        return _query("unfinished", condition, values)


def _query(index: str, condition: str, values: Mapping[str, str]) -> list[Mapping[str, Any]]:
    pages = dynamo.query_raw(
        settings().campaigns_table, IndexName=index, KeyConditionExpression=condition, ExpressionAttributeValues=values
    )
    return list(chain.from_iterable(pages))


def _record(item: Mapping[str, Any]) -> UnfinishedRecord:
    executions, last_slot = item.get("executions"), item.get("last_slot")
    return UnfinishedRecord(
        site_id=item["pk"]["S"].removeprefix("SITE#"),
        id=item["sk"]["S"].removeprefix(_RECORD),
        status=item["status"]["S"] if "status" in item else None,
        executions=int(executions["N"]) if executions else None,
        channel_account_id=item["channel_account_id"]["S"] if "channel_account_id" in item else None,
        last_slot=int(last_slot["N"]) if last_slot else None,
    )


def _start(item: Mapping[str, Any]) -> ScheduledStart:
    time = item.get("scheduled_start_time")
    return ScheduledStart(
        site_id=item["pk"]["S"].removeprefix("SITE#"),
        campaign_id=item["sk"]["S"].removeprefix(_CAMPAIGN),
        time=clock.from_timestamp(time["S"]) if time else None,
    )
