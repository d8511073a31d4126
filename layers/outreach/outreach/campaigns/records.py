"""Campaign records: one a send, with a snapshot of the campaign and the cursor of its release.

=================  =======================================  ==========================================
pk                 sk                                       item
=================  =======================================  ==========================================
``SITE#<site>``    ``RECORD#<record>``                      the record
``SITE#<site>``    ``RECORDS#<campaign>#<time>#<record>``   its entry in the campaign's list of records
=================  =======================================  ==========================================

``unfinished`` is there as long as the record isn't over, and puts it into the sparse index that the sweep reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from outreach import dynamo
from outreach.campaigns import ledger
from outreach.errors import NotFound
from outreach.settings import settings

# The value of the sparse index's key.
UNFINISHED = "yes"


class RecordStatus(StrEnum):
    """How far a send has come (contract, Campaigns, records, messages)."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Source(StrEnum):
    """What started a send."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"


@dataclass(frozen=True)
class Record:
    """One send of a campaign.

    Attributes:
        campaign: the campaign as it was when it was sent, in the form of the API.
        audience: how many contacts it goes to; ``None`` until it is frozen, final from then on.
        released: how many places of the audience, from the first, have been released to the send queue (or skipped).
        executions: how many state machine executions were started for it.
        callback_url: who is told of its messages' statuses, or ``None``.
        spent_segments: how many segments have been released, where the campaign has a budget of them.
        status_reason: why it paused by itself, else ``None``.
    """

    id: str
    site_id: str
    campaign_id: str
    sent_time: str
    campaign: Mapping[str, Any]
    status: RecordStatus = RecordStatus.PENDING
    source: Source = Source.MANUAL
    audience: int | None = None
    released: int = 0
    executions: int = 0
    callback_url: str | None = None
    spent_segments: int = 0
    status_reason: str | None = None

    @property
    def max_segments(self) -> int | None:
        """The campaign's budget of segments."""
        limit: int | None = self.campaign.get("maxSegments")
        return limit

    @property
    def is_over(self) -> bool:
        return self.status in (RecordStatus.COMPLETED, RecordStatus.CANCELLED, RecordStatus.FAILED)

    @property
    def is_released(self) -> bool:
        """Whether every place of the audience has been released."""
        return self.audience is not None and self.released >= self.audience


def create(record: Record) -> bool:
    """Store a new record; ``False`` when it exists already, which is how a repeated start is recognised."""
    entry = {"pk": f"SITE#{record.site_id}", "sk": f"RECORDS#{record.campaign_id}#{record.sent_time}#{record.id}"}
    item = {**_to_item(record), "unfinished": UNFINISHED}
    table = settings().campaigns_table
    puts = [
        {"Put": {"TableName": table, "Item": dynamo.to_item(item), **dynamo.if_version(0)}},
        {"Put": {"TableName": table, "Item": dynamo.to_item(entry)}},
    ]
    try:
        dynamo.transact(puts)
    except dynamo.TransactionRefused:
        return False
    return True


def get(site_id: str, record_id: str) -> Record:
    """The record as it stands (a strongly consistent read).

    Raises:
        NotFound: the site has no such record.
    """
    item = dynamo.get(settings().campaigns_table, _key(site_id, record_id), consistent=True)
    if item is None:
        raise NotFound("There is no such campaign record.")
    return _from_item(item)


def get_many(site_id: str, record_ids: list[str]) -> dict[str, Record]:
    """The records that exist, by id."""
    keys = [_key(site_id, record_id) for record_id in record_ids]
    records = map(_from_item, dynamo.batch_get(settings().campaigns_table, keys))
    return {record.id: record for record in records}


def list_of_campaign(site_id: str, campaign_id: str, *, newest_first: bool = False) -> list[Record]:
    """The campaign's records in the order of their ``sent_time``."""
    entries = dynamo.query(
        settings().campaigns_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": f"SITE#{site_id}", ":sk": f"RECORDS#{campaign_id}#"},
        ScanIndexForward=not newest_first,
        ConsistentRead=True,
    )
    ids = [entry["sk"].rsplit("#", 1)[1] for entry in entries]
    found = get_many(site_id, ids)
    return [found[record_id] for record_id in ids if record_id in found]


def unfinished(prefix: str = "RECORD#") -> Iterator[tuple[str, str]]:
    """Site and id of every site's unfinished things: records that aren't over, or campaigns (``CAMPAIGN#``) to be started."""
    items = dynamo.query(
        settings().campaigns_table,
        IndexName="unfinished",
        KeyConditionExpression="unfinished = :unfinished AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":unfinished": UNFINISHED, ":prefix": prefix},
    )
    for item in items:
        yield item["pk"].removeprefix("SITE#"), item["sk"].removeprefix(prefix)


def freeze(record: Record, audience: int) -> Record:
    """Fix the audience and let the record run, unless it was paused or cancelled meanwhile; repeated, it changes nothing."""
    values: dict[str, Any] = {":audience": audience, ":pending": RecordStatus.PENDING}
    unfrozen = "attribute_not_exists(audience)"
    try:
        return _update(
            record,
            "SET audience = :audience, #status = :running",
            {**values, ":running": RecordStatus.RUNNING},
            f"{unfrozen} AND #status = :pending",
        )
    except dynamo.ConditionFailed:
        pass
    try:
        return _update(record, "SET audience = :audience", values, f"{unfrozen} AND #status <> :pending")
    except dynamo.ConditionFailed:
        return get(record.site_id, record.id)


def change_status(record: Record, status: RecordStatus, *, released: int | None = None, reason: str | None = None) -> Record:
    """Pause, resume or cancel.

    Args:
        released: where the cursor starts anew; ``None`` leaves it.
        reason: why, when nobody asked for it.

    Raises:
        ConditionFailed: the record's status is no longer what ``record`` says.
    """
    cursor, values = (", released = :released", {":released": released}) if released is not None else ("", {})
    return _update(
        record,
        f"SET #status = :new, status_reason = :reason{cursor}",
        {":new": status, ":old": record.status, ":reason": reason or "", **values},
        "#status = :old",
    )


def spend(record: Record, segments: int) -> Record:
    """Count released segments against the campaign's budget."""
    return _update(record, "SET spent_segments = spent_segments + :segments", {":segments": segments}, "attribute_exists(pk)")


def counts(record: Record) -> ledger.Counts | None:
    """Where the contacts of the record's audience are; ``None`` until it is frozen."""
    if record.audience is None:
        return None
    return ledger.count(record.audience, ledger.read_pages(record.site_id, record.id))


def move_cursor(record: Record, released: int) -> Record:
    """Note that the places before ``released`` have been released.

    Raises:
        ConditionFailed: somebody else has moved it: two releases of one record at once.
    """
    return _update(record, "SET released = :new", {":new": released, ":old": record.released}, "released = :old")


def count_execution(record: Record) -> Record:
    """Note that another execution is about to be started; its number names it, so that no two have one name.

    Raises:
        ConditionFailed: somebody else is about to do the same.
    """
    return _update(
        record, "SET executions = :new", {":new": record.executions + 1, ":old": record.executions}, "executions = :old"
    )


def settle_if_done(site_id: str, record_id: str) -> bool:
    """Let the sweep forget a cancelled record once nothing of it is queued or being sent any more."""
    record = get(site_id, record_id)
    if record.status is not RecordStatus.CANCELLED or _has_open_cells(record):
        return False
    _update(record, "REMOVE unfinished", {":cancelled": RecordStatus.CANCELLED}, "#status = :cancelled")
    return True


def complete_if_done(site_id: str, record_id: str) -> bool:
    """Close the record when everything is released and nothing is queued or being sent any more.

    Called by both who might see the end first: the release after it moved the cursor, and the follower of the messages
    after a page of the ledger had no open cell left. Each writes its own part before it reads the other's, so one sees both.
    """
    record = get(site_id, record_id)
    if record.status is not RecordStatus.RUNNING or not record.is_released:
        return False
    if _has_open_cells(record):
        return False
    try:
        _update(
            record,
            "SET #status = :completed REMOVE unfinished",
            {":completed": RecordStatus.COMPLETED, ":running": RecordStatus.RUNNING},
            "#status = :running",
        )
    except dynamo.ConditionFailed:
        return False
    return True


def _has_open_cells(record: Record) -> bool:
    """Whether something of what was released will still be sent."""
    return any(page.has_open_cells for page in ledger.read_pages(record.site_id, record.id))


def _update(record: Record, expression: str, values: Mapping[str, Any], condition: str) -> Record:
    names = {"#status": "status"} if "#status" in expression + condition else None
    return _from_item(
        dynamo.update(
            settings().campaigns_table, _key(record.site_id, record.id), expression, values, condition=condition, names=names
        )
    )


def _to_item(record: Record) -> dict[str, Any]:
    return {
        **_key(record.site_id, record.id),
        "campaign_id": record.campaign_id,
        "sent_time": record.sent_time,
        "campaign": orjson.dumps(record.campaign).decode(),
        "status": record.status,
        "source": record.source,
        "audience": record.audience,
        "released": record.released,
        "executions": record.executions,
        "callback_url": record.callback_url,
        "spent_segments": record.spent_segments,
    }


def _from_item(item: Mapping[str, Any]) -> Record:
    return Record(
        id=item["sk"].removeprefix("RECORD#"),
        site_id=item["pk"].removeprefix("SITE#"),
        campaign_id=item["campaign_id"],
        sent_time=item["sent_time"],
        campaign=orjson.loads(item["campaign"]),
        status=RecordStatus(item["status"]),
        source=Source(item["source"]),
        audience=item.get("audience"),
        released=item["released"],
        executions=item["executions"],
        callback_url=item.get("callback_url"),
        spent_segments=item["spent_segments"],
        status_reason=item.get("status_reason") or None,
    )


def _key(site_id: str, record_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": f"RECORD#{record_id}"}
