"""Lists of messages: made from the keys of an index first, and from rows only where keys don't tell.

What a list costs, n being the messages of the site (or of the contact, the ticket, or the record that is asked for):

* the keys of n messages: 23 make a read of half a unit, so a million takes 22,000 units, and 12 s of one processor to parse;
* filters by campaign, record, contact and ticket are decided by keys;
* for everything else the rows of those that are left, half a read unit each; a long list without such a filter in the order of
  ``sentTime`` needs the rows of its page only.

Only outreach messages are in the timeline, and skipped ones leave it (:mod:`outreach.messages.store`), so keys can be counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from outreach import aws, bounds, clock, dynamo
from outreach.campaigns import records
from outreach.campaigns.joined import contact_ids, records_of
from outreach.correspondence import keyword_search
from outreach.correspondence.bodies import MessageResponse
from outreach.errors import NotFound
from outreach.http import paging
from outreach.messages import rows, store
from outreach.messages.models import Kind, Message, Period
from outreach.messages.status import Status
from outreach.settings import settings

# So many rows are always read: their order is that of the times shown, and not that of the slots, which differs by moments.
EXACT = 5_000

_LOADING_THREADS = 16
_BATCH = 100
_LOADED_AT_ONCE = _LOADING_THREADS * _BATCH
# How long after its slot a message may be sent and still be found by its ``sentTime``. Only a record that was paused for longer
# sends later; its messages are found by the record.
_LATEST = timedelta(days=7)
_EVER = "9999"
_ATTRIBUTES = {"from": "sender", "to": "recipient"}


@dataclass(frozen=True)
class Wanted:
    """Which messages; what is left out doesn't matter. ``keywords`` are looked for as one text."""

    account_id: str | None = None
    contact_id: str | None = None
    campaign_id: str | None = None
    record_id: str | None = None
    ticket_id: str | None = None
    sent: Period | None = None
    keywords: str = ""

    @property
    def is_decided_by_keys(self) -> bool:
        """Whether an entry of the timeline tells all that is asked."""
        return not (self.account_id or self.contact_id or self.ticket_id or self.sent or self.keywords)


class _Entry(NamedTuple):
    """What a key of the timeline tells; ``group`` is the record, or for a single message its campaign, if any.

    Other indexes tell the id only.
    """

    slot: str
    message_id: str
    group: str


def page(
    site_id: str, wanted: Wanted, sort_by: str, sort_order: str, window: slice, deadline: float | None = None
) -> tuple[list[MessageResponse], int]:
    """A part of the site's messages that are wanted, and how many there are in all.

    Args:
        sort_by: a property of :class:`MessageResponse`, as on the wire.
        deadline: until when (see ``time.monotonic``).

    Raises:
        TooSlow: the deadline has come, or will before the answer is written.
        ValidationFailed: the part is more than an answer can have.
    """
    groups, attribute, descending = _groups(site_id, wanted), _ATTRIBUTES.get(sort_by, sort_by), sort_order == "desc"
    candidates = _candidates(site_id, wanted, groups, deadline)
    if len(candidates) > EXACT and sort_by == "sentTime" and wanted.is_decided_by_keys:
        ids = [entry.message_id for entry in sorted(candidates, reverse=descending)]
        return _in_order(site_id, ids[window], deadline), len(ids)
    found = _found(site_id, wanted, groups, candidates, deadline)
    if len(candidates) <= EXACT:
        shown = paging.ordered(found, attribute, sort_order)
        return shown[window], len(shown)
    ids = [message_id for *_, message_id in sorted(map(paging.rank(attribute), found), reverse=descending)]
    return _in_order(site_id, ids[window], deadline), len(ids)


def _found(
    site_id: str, wanted: Wanted, groups: Collection[str] | None, candidates: Sequence[_Entry], deadline: float | None
) -> Iterator[MessageResponse]:
    """Those of the candidates that are wanted, without ever having the rows of all in memory."""
    for part in dynamo.chunks(candidates, _LOADED_AT_ONCE):
        bounds.require_time(deadline)
        messages = _load(site_id, [entry.message_id for entry in part])
        yield from _shown(site_id, _matching(site_id, wanted, groups, messages.values()))


def _in_order(site_id: str, message_ids: Sequence[str], deadline: float | None) -> list[MessageResponse]:
    """The messages in the order of their ids; one that vanished meanwhile is left out."""
    shown: dict[str, MessageResponse] = {}
    for part in bounds.portions(message_ids, _LOADED_AT_ONCE, deadline):
        shown |= {message.id: message for message in _shown(site_id, list(_load(site_id, part).values()))}
    return [shown[message_id] for message_id in message_ids if message_id in shown]


def _load(site_id: str, message_ids: Sequence[str]) -> dict[str, Message]:
    """The messages that exist, by id, many at a time."""
    with ThreadPoolExecutor(_LOADING_THREADS) as pool:
        parts = pool.map(lambda ids: store.get_many(site_id, ids), dynamo.chunks(message_ids, _BATCH))
        return {message_id: message for part in parts for message_id, message in part.items()}


def _shown(site_id: str, messages: Sequence[Message]) -> list[MessageResponse]:
    its_record = records_of(site_id, messages)
    return [MessageResponse.of(message, its_record.get(message.record_id or "")) for message in messages]


def _groups(site_id: str, wanted: Wanted) -> set[str] | None:
    """The records whose messages are wanted, with the campaign that single ones may name; ``None`` for all."""
    if wanted.campaign_id is None:
        return {wanted.record_id} if wanted.record_id else None
    of_campaign = {wanted.campaign_id, *(record.id for record in records.list_of_campaign(site_id, wanted.campaign_id))}
    return of_campaign & {wanted.record_id} if wanted.record_id else of_campaign


def _candidates(site_id: str, wanted: Wanted, groups: Collection[str] | None, deadline: float | None) -> list[_Entry]:
    """The fewest messages that keys tell of, with all that are wanted among them."""
    if wanted.ticket_id:
        ids = store.ids_of_ticket(site_id, wanted.ticket_id)
    elif wanted.contact_id:
        owners = contact_ids(site_id, wanted.contact_id)
        ids = [message_id for owner in owners for message_id in store.ids_of_contact(site_id, owner)]
    else:
        return [entry for entry in _timeline(site_id, wanted, deadline) if groups is None or entry.group in groups]
    return [_Entry("", message_id, "") for message_id in ids]


def _matching(site_id: str, wanted: Wanted, groups: Collection[str] | None, messages: Iterable[Message]) -> list[Message]:
    owners = set(contact_ids(site_id, wanted.contact_id)) if wanted.contact_id else None
    found = [
        message
        for message in messages
        if message.kind is Kind.OUTREACH
        and message.status is not Status.SKIPPED
        and wanted.account_id in (None, message.account_id)
        and wanted.ticket_id in (None, message.ticket_id)
        and (owners is None or message.contact_id in owners)
        and (groups is None or (message.record_id or message.campaign_id) in groups)
        and (wanted.sent is None or (message.sent_time or message.slot) in wanted.sent)
    ]
    if not wanted.keywords:
        return found
    return keyword_search.containing(site_id, wanted.keywords, found, records_of(site_id, found))


def _timeline(site_id: str, wanted: Wanted, deadline: float | None) -> list[_Entry]:
    """The entries of the timeline at which wanted messages may be."""
    since, until = _bounds(site_id, wanted)
    with ThreadPoolExecutor(rows.TIMELINE_SHARDS) as pool:
        shards = pool.map(lambda shard: list(_shard(site_id, shard, since, until, deadline)), range(rows.TIMELINE_SHARDS))
        return [entry for shard in shards for entry in shard]


def _bounds(site_id: str, wanted: Wanted) -> tuple[str, str]:
    """No message of a record has a slot before the record's start, and none is sent before its slot."""
    since, until = ("0", _EVER) if wanted.sent is None else _slots_of(wanted.sent)
    if wanted.record_id:
        try:
            return max(since, records.get(site_id, wanted.record_id).sent_time), until
        except NotFound:
            return _EVER, _EVER
    return since, until


def _slots_of(sent: Period) -> tuple[str, str]:
    earliest = max(sent.start, datetime.min.replace(tzinfo=sent.start.tzinfo) + _LATEST) - _LATEST
    return clock.timestamp(earliest), clock.timestamp(sent.end)


def _shard(site_id: str, shard: int, since: str, until: str, deadline: float | None) -> Iterator[_Entry]:
    # The client's own pages: turning a million keys into plain dicts would take longer than reading them.
    pages = (
        aws.dynamodb()
        .get_paginator("query")
        .paginate(
            TableName=settings().messages_table,
            IndexName="timeline",
            KeyConditionExpression="timeline_pk = :pk AND timeline_sk BETWEEN :since AND :until",
            ExpressionAttributeValues=dynamo.to_item({":pk": f"SITE#{site_id}#{shard:02}", ":since": since, ":until": until}),
            ProjectionExpression="timeline_sk",
        )
    )
    for found in pages:
        bounds.require_time(deadline)
        for item in found["Items"]:
            slot, group, message_id = item["timeline_sk"]["S"].split("#")
            yield _Entry(slot, message_id, group)
