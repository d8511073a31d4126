"""Lists of messages: by the contact index, or by the timeline, narrowed to a record's time where one is named."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from outreach import dynamo
from outreach.campaigns import records
from outreach.campaigns.records import Record
from outreach.errors import NotFound
from outreach.messages import store
from outreach.messages.models import Message
from outreach.messages.status import Status
from outreach.settings import settings


@dataclass(frozen=True)
class Wanted:
    """Which messages; ``None`` means whichever."""

    account_id: str | None = None
    contact_id: str | None = None
    campaign_id: str | None = None
    record_id: str | None = None


def find(site_id: str, wanted: Wanted) -> list[Message]:
    """The site's messages that are wanted, in no particular order."""
    campaign_records = _record_ids(site_id, wanted)
    found = store.get_many(site_id, _candidates(site_id, wanted))
    return [
        message
        for message in found.values()
        if message.status is not Status.SKIPPED
        and wanted.account_id in (None, message.account_id)
        and wanted.contact_id in (None, message.contact_id)
        and (campaign_records is None or message.record_id in campaign_records)
    ]


def records_of(site_id: str, messages: list[Message]) -> dict[str, Record]:
    """The campaign records that messages belong to, by id."""
    return records.get_many(site_id, sorted({message.record_id for message in messages if message.record_id}))


def _record_ids(site_id: str, wanted: Wanted) -> set[str] | None:
    """The campaign records whose messages are wanted; ``None`` for all."""
    of_campaign = {record.id for record in records.list_of_campaign(site_id, wanted.campaign_id)} if wanted.campaign_id else None
    if wanted.record_id is None:
        return of_campaign
    return {wanted.record_id} if of_campaign is None else of_campaign & {wanted.record_id}


def _candidates(site_id: str, wanted: Wanted) -> list[str]:
    if wanted.contact_id:
        return store.ids_of_contact(site_id, wanted.contact_id)
    since = _start(site_id, wanted.record_id)
    with ThreadPoolExecutor(store.TIMELINE_SHARDS) as pool:
        shards = pool.map(lambda shard: list(_shard(site_id, shard, since)), range(store.TIMELINE_SHARDS))
    entries = (entry for entries in shards for entry in entries)
    return [message_id for record_id, message_id in entries if wanted.record_id in (None, record_id)]


def _start(site_id: str, record_id: str | None) -> str:
    """No message of a record has a slot before its start."""
    if record_id is None:
        return ""
    try:
        return records.get(site_id, record_id).sent_time
    except NotFound:
        return "9999"


def _shard(site_id: str, shard: int, since: str) -> Iterator[tuple[str, str]]:
    """Record and message ids of one shard of the timeline, from a moment on."""
    keys = dynamo.query(
        settings().messages_table,
        IndexName="timeline",
        KeyConditionExpression="timeline_pk = :pk AND timeline_sk >= :since",
        ExpressionAttributeValues={":pk": f"SITE#{site_id}#{shard:02}", ":since": since or "0"},
    )
    for key in keys:
        _, record_id, message_id = key["timeline_sk"].split("#")
        yield record_id, message_id
