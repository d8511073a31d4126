"""Campaign records: one record for each send, with the cursor of the release.

The record has copies of the properties of its campaign that are needed often. The snapshot has the whole campaign
(:mod:`.snapshot_store`).

=================  =======================================  ===================================================
pk                 sk                                       item in the campaigns table
=================  =======================================  ===================================================
``SITE#<site>``    ``RECORD#<record>``                      the record
``SITE#<site>``    ``RECORDS#<campaign>#<time>#<record>``   the record's entry in the campaign's list of records
``SITE#<site>``    ``SNAPSHOT#<record>``                    the campaign at the time of the send
=================  =======================================  ===================================================

A record has the attribute ``unfinished`` until all its work is done (:mod:`.unfinished_work`). From the time at which all its
recipients are released, ``last_slot`` (Unix time) says when the last message is due. The index ``records`` has the site's records
in the order of their start, with the attributes by which lists filter and sort.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import orjson

from outreach import clock, dynamo
from outreach.campaigns import ledger, snapshot_store, timeline
from outreach.dynamo import Update
from outreach.errors import NotFound
from outreach.messages.auto_attach import AutoAttach
from outreach.repeated_failures import Failures
from outreach.settings import settings
from outreach.tolerant_reader import known

# The only value of the partition key of the sparse indexes of unfinished work.
UNFINISHED = "yes"


class RecordStatus(StrEnum):
    """The status of a send (docs/api.md, "Campaigns")."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class SendSource(StrEnum):
    """What started a send."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"


@dataclass(frozen=True)
class CampaignRecord:
    """One send of a campaign.

    Attributes:
        campaign_name, channel_account_id, auto_attach: those of the campaign at the time of the send.
        max_segments: the campaign's segment budget; ``None`` if it has none.
        audience: the size of the frozen audience; ``None`` before the freeze.
        released: the cursor of the release: every place before it has been released, deferred or skipped.
        executions: how many state machine executions have been started for the record.
        failed_of: the record whose failed and undelivered messages are sent again; ``None`` for a send to all that match.
        callback_url: where status changes of the messages are posted; ``None`` if nowhere.
        spent_segments: how many segments have been released; counted only if the campaign has a budget.
        status_reason: why Outreach itself paused the record, or could not cancel it; or ``None``.
        send_failures: the failures of the send since it last made progress.
        started_time: when the audience was frozen, or ``None``.
        ended_time: when the record was completed or cancelled, or ``None``.
        status_time: when the record was last paused, resumed, cancelled or completed, or ``None``.
    """

    id: str
    site_id: str
    campaign_id: str
    sent_time: str
    campaign_name: str
    channel_account_id: str
    auto_attach: AutoAttach = field(default_factory=AutoAttach)
    max_segments: int | None = None
    status: RecordStatus = RecordStatus.PENDING
    source: SendSource = SendSource.MANUAL
    audience: int | None = None
    released: int = 0
    executions: int = 0
    failed_of: str | None = None
    callback_url: str | None = None
    spent_segments: int = 0
    status_reason: str | None = None
    send_failures: Failures = field(default_factory=Failures)
    started_time: str | None = None
    ended_time: str | None = None
    status_time: str | None = None

    @property
    def audience_size(self) -> int:
        """The size of the audience; 0 before the freeze."""
        return self.audience or 0

    @property
    def is_frozen(self) -> bool:
        """Whether the audience is known."""
        return self.audience is not None

    @property
    def is_over(self) -> bool:
        """Whether the status is final."""
        return self.status in (RecordStatus.COMPLETED, RecordStatus.CANCELLED, RecordStatus.FAILED)

    @property
    def is_released(self) -> bool:
        """Whether the cursor has reached the end of the audience."""
        return self.audience is not None and self.released >= self.audience


@dataclass(frozen=True)
class RecordEntry:
    """A record in the list of its site's records; see :class:`CampaignRecord`."""

    id: str
    campaign_id: str
    sent_time: str
    status: RecordStatus
    source: SendSource
    status_reason: str | None = None
    started_time: str | None = None
    ended_time: str | None = None
    failed_of: str | None = None


def create(record: CampaignRecord, snapshot: Mapping[str, Any]) -> bool:
    """Store a new record and its snapshot.

    Args:
        snapshot: the campaign at the time of the send, in the JSON form of the API.

    Returns:
        ``False`` if it already exists, because the start of the send was repeated.
    """
    entry = {"pk": f"SITE#{record.site_id}", "sk": f"RECORDS#{record.campaign_id}#{record.sent_time}#{record.id}"}
    item = {**to_item(record), "unfinished": UNFINISHED}
    table = settings().campaigns_table
    puts = [
        {"Put": {"TableName": table, "Item": dynamo.to_item(item), **dynamo.if_version(0)}},
        {"Put": {"TableName": table, "Item": dynamo.to_item(entry)}},
        snapshot_store.put_request(record.site_id, record.id, snapshot),
    ]
    try:
        dynamo.transact(puts)
    except dynamo.TransactionRefused:
        return False
    return True


def get(site_id: str, record_id: str) -> CampaignRecord:
    """Return the record (strongly consistent read).

    Raises:
        NotFound: the site has no such record.
    """
    item = dynamo.get(settings().campaigns_table, _key(site_id, record_id), consistent=True)
    if item is None:
        raise NotFound("The site has no campaign record with this id.")
    return from_item(item)


def get_many(site_id: str, record_ids: list[str], *, consistent: bool = False) -> dict[str, CampaignRecord]:
    """Return the records that exist, by id."""
    keys = [_key(site_id, record_id) for record_id in record_ids]
    records = map(from_item, dynamo.batch_get(settings().campaigns_table, keys, consistent=consistent))
    return {record.id: record for record in records}


def ids_of_campaign(site_id: str, campaign_id: str, **request: Any) -> Iterator[str]:
    """Yield the ids of a campaign's records by ``sent_time``, oldest first (strongly consistent read).

    Args:
        request: further parameters of the client's Query.
    """
    entries = dynamo.query_by_prefix(
        settings().campaigns_table, f"SITE#{site_id}", f"RECORDS#{campaign_id}#", ConsistentRead=True, **request
    )
    return (entry["sk"].rsplit("#", 1)[1] for entry in entries)


def list_by_campaign(site_id: str, campaign_id: str) -> list[CampaignRecord]:
    """Return the records of a campaign by ``sent_time``, oldest first (strongly consistent read)."""
    ids = list(ids_of_campaign(site_id, campaign_id))
    records = get_many(site_id, ids, consistent=True)
    return [records[record_id] for record_id in ids if record_id in records]


def list_by_site(site_id: str) -> list[RecordEntry]:
    """Return the records of a site by ``sent_time``, oldest first. About 25 entries take one read unit."""
    items = dynamo.query(
        settings().campaigns_table,
        IndexName="records",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": f"SITE#{site_id}"},
    )
    return [
        RecordEntry(
            id=item["sk"].removeprefix("RECORD#"),
            campaign_id=item["campaign_id"],
            sent_time=item["sent_time"],
            status=RecordStatus(item["status"]),
            source=SendSource(item["source"]),
            status_reason=item.get("status_reason") or None,
            started_time=item.get("started_time"),
            ended_time=item.get("ended_time"),
            failed_of=item.get("failed_of"),
        )
        for item in items
    ]


def newest(site_id: str, campaign_id: str) -> CampaignRecord | None:
    """Return the record of the campaign's last send (strongly consistent read)."""
    record_id = next(ids_of_campaign(site_id, campaign_id, ScanIndexForward=False, Limit=1), None)
    return get(site_id, record_id) if record_id else None


def freeze(record: CampaignRecord, audience: int) -> CampaignRecord:
    """Set the size of the audience. A pending record starts running; a paused or cancelled one keeps its status. Idempotent.

    A record that is cancelled already has ended, and never starts.
    """
    now = clock.timestamp(clock.now())
    pending, cancelled = {":pending": RecordStatus.PENDING}, {":cancelled": RecordStatus.CANCELLED}
    # In the order in which concurrent requests may change the status: a cancellation is final, so it comes last.
    for condition, values, change in (
        ("#status = :pending", pending, Update().set("started_time", now).set("status", RecordStatus.RUNNING)),
        ("NOT #status IN (:pending, :cancelled)", pending | cancelled, Update().set("started_time", now)),
        ("#status = :cancelled", cancelled, Update()),
    ):
        if _update_if(record, change.set("audience", audience), values, f"attribute_not_exists(audience) AND {condition}"):
            break
    frozen = get(record.site_id, record.id)
    _put_entry(frozen, frozen.started_time or now, ledger.count(frozen.audience_size, ()))
    return frozen


def change_status(
    record: CampaignRecord, status: RecordStatus, *, released: int | None = None, reason: str | None = None
) -> CampaignRecord:
    """Pause, resume or cancel a record.

    Args:
        released: the new position of the cursor; ``None`` keeps the current one.
        reason: why the record is paused; ``None`` if a client asked for the change.

    Raises:
        ConditionFailed: the stored status is not the one of ``record``.
    """
    now = clock.timestamp(clock.now())
    change = Update().set("status", status).set("status_time", now).set("status_reason", reason or "").remove("send_failures")
    if released is not None:
        change.set("released", released).remove("last_slot")
    if status is RecordStatus.CANCELLED:
        change.set("ended_time", now)
    changed = _update(record, change, {":old": record.status}, "#status = :old")
    _put_entry(changed, now, None)
    return changed


def count_segments(record: CampaignRecord, segments: int) -> CampaignRecord:
    """Add released segments to those that the budget has already spent."""
    return _update(record, Update().add("spent_segments", segments), {}, "attribute_exists(pk)")


def move_cursor(record: CampaignRecord, released: int, last_slot: float | None = None) -> CampaignRecord:
    """Move the cursor of the release or the cancellation.

    Args:
        released: the new position.
        last_slot: the last slot (Unix time) of the messages that were released, if there are any. It is stored with the end of
            the audience.

    Raises:
        ConditionFailed: a concurrent release has moved it, or the record was cancelled, which moves it back to the start.
    """
    condition = "released = :old AND (#status = :status OR #status = :paused)"
    values = {":old": record.released, ":status": record.status, ":paused": RecordStatus.PAUSED}
    change = Update().set("released", released)
    if last_slot is not None and released >= record.audience_size:
        change.set("last_slot", math.ceil(last_slot))
    return _update(record, change, values, condition)


def set_last_slot(record: CampaignRecord, last_slot: float) -> None:
    """Store the last slot (Unix time) of messages to deferred recipients, whose release does not move the cursor."""
    _update_if(record, Update().set("last_slot", math.ceil(last_slot)), {}, "attribute_exists(pk)")


def count_execution(record: CampaignRecord) -> CampaignRecord | None:
    """Count an execution before it starts; its number makes its name unique. ``None`` if another call was faster."""
    is_counted = _update_if(record, Update().add("executions"), {":old": record.executions}, "executions = :old")
    return replace(record, executions=record.executions + 1) if is_counted else None


def set_failures(record: CampaignRecord, failures: Failures) -> None:
    """Store the failures of the send."""
    _update_if(record, Update().set("send_failures", failures.to_item()), {}, "attribute_exists(pk)")


def clear_failures(record: CampaignRecord) -> None:
    """Remove the failures of the send."""
    _update_if(record, Update().remove("send_failures"), {}, "attribute_exists(pk)")


def give_up_cancellation(record: CampaignRecord, reason: str) -> None:
    """Remove a cancelled record from the sweep's index, although messages may still be queued.

    Args:
        reason: why the cancellation cannot be completed.
    """
    change = Update().set("status_reason", reason).remove("unfinished", "send_failures")
    _update_if(record, change, {":cancelled": RecordStatus.CANCELLED}, "#status = :cancelled")


def finish_cancellation(record: CampaignRecord, final: ledger.Counts | None) -> None:
    """Remove a cancelled record from the sweep's index, because nothing of it is left to do.

    Args:
        final: the counts at the end; ``None`` if the audience was never frozen.
    """
    if final:
        _put_entry(record, clock.timestamp(clock.now()), final)
    _update_if(record, Update().remove("unfinished"), {":cancelled": RecordStatus.CANCELLED}, "#status = :cancelled")


def complete(record: CampaignRecord, final: ledger.Counts) -> None:
    """Complete a record if it still runs.

    Args:
        final: the counts at the end.
    """
    now = clock.timestamp(clock.now())
    completed = replace(record, status=RecordStatus.COMPLETED)
    _put_entry(completed, now, final)
    change = Update().set("status", completed.status).set("status_time", now).set("ended_time", now).remove("unfinished")
    _update_if(record, change, {":running": RecordStatus.RUNNING}, "#status = :running")


def _put_entry(record: CampaignRecord, time: str, current: ledger.Counts | None) -> None:
    """Add to the timeline: the start or the end with the counts, or a change of the status without them."""
    entry = timeline.TimelineEntry(time, current, record.status is RecordStatus.RUNNING)
    timeline.put(record.site_id, record.id, entry)


def _update(record: CampaignRecord, change: Update, values: Mapping[str, Any], condition: str) -> CampaignRecord:
    key = _key(record.site_id, record.id)
    return from_item(dynamo.update(settings().campaigns_table, key, change, values, condition=condition))


def _update_if(record: CampaignRecord, change: Update, values: Mapping[str, Any], condition: str) -> bool:
    key = _key(record.site_id, record.id)
    return dynamo.update_if(settings().campaigns_table, key, change, values, condition=condition)


def to_item(record: CampaignRecord) -> dict[str, Any]:
    """Return the item of a new record."""
    return {
        **_key(record.site_id, record.id),
        "campaign_id": record.campaign_id,
        "sent_time": record.sent_time,
        "campaign_name": record.campaign_name,
        "channel_account_id": record.channel_account_id,
        "auto_attach": asdict(record.auto_attach),
        "max_segments": record.max_segments,
        "status": record.status,
        "source": record.source,
        "audience": record.audience,
        "released": record.released,
        "executions": record.executions,
        "failed_of": record.failed_of,
        "callback_url": record.callback_url,
        "spent_segments": record.spent_segments,
    }


def from_item(item: Mapping[str, Any]) -> CampaignRecord:
    """Return the record of an item."""
    return CampaignRecord(
        id=item["sk"].removeprefix("RECORD#"),
        site_id=item["pk"].removeprefix("SITE#"),
        campaign_id=item["campaign_id"],
        sent_time=item["sent_time"],
        **_copied(item),
        status=RecordStatus(item["status"]),
        source=SendSource(item["source"]),
        audience=item.get("audience"),
        released=item["released"],
        executions=item["executions"],
        failed_of=item.get("failed_of"),
        callback_url=item.get("callback_url"),
        spent_segments=item["spent_segments"],
        status_reason=item.get("status_reason") or None,
        send_failures=Failures.from_item(item.get("send_failures")),
        started_time=item.get("started_time"),
        ended_time=item.get("ended_time"),
        status_time=item.get("status_time"),
    )


def _copied(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record copies from its campaign. An older record has the whole snapshot instead."""
    if "campaign" not in item:
        copied = {name: item.get(name) for name in ("campaign_name", "channel_account_id", "max_segments")}
        return copied | {"auto_attach": AutoAttach(**known(AutoAttach, item["auto_attach"]))}
    campaign = orjson.loads(item["campaign"])
    return {
        "campaign_name": campaign["name"],
        "channel_account_id": campaign["channelAccountId"],
        "max_segments": campaign["maxSegments"],
        "auto_attach": AutoAttach(
            campaign["isMessageAutoAttachedToTicket"],
            campaign["preferredTicketToAutoAttach"],
            campaign["timeToAutoAttachToTicket"],
        ),
    }


def _key(site_id: str, record_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"RECORD#{record_id}"}
