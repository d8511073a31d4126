"""Lists of messages and of replies: selected by keys first, and by rows only where keys are not enough (docs/api.md, "Lists").

The cost of a list, where n is the number of messages of the site (or of the contact, ticket or record in the query):

* The keys of n messages are read. 23 keys make half a read unit, so a million messages take 22,000 units, and 12 s of one CPU to
  parse.
* Keys decide the filters by campaign, record, contact and ticket.
* The filter by status reads the rows of up to 5,000 messages. Of more, those of campaign records are found in the ledgers, at a
  read unit for 3,200 places; then only the rows of the page and of single messages are read.
* Any other filter or order reads the rows of the remaining messages, at half a read unit each. Without one, a long list sorted by
  time reads only the rows of its page.

The timeline has partitions of its own for outreach messages and for replies, and skipped messages leave it
(:mod:`outreach.messages.message_store`), so its keys can be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple, TypeVar

from outreach import clock, dynamo
from outreach.campaigns import campaign_records, message_search
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.message_context import contact_ids, records_of
from outreach.errors import NotFound
from outreach.http import limits, paging
from outreach.message_api import keyword_search
from outreach.messages import message_index, message_rows, message_store
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus
from outreach.periods import Period
from outreach.settings import settings

R = TypeVar("R")
Show = Callable[[Message, CampaignRecord | None], R]

# The property that is the time of a message, by which its list is sorted unless the request says otherwise.
_TIME_PROPERTIES: Mapping[Kind, str] = {Kind.OUTREACH: "sentTime", Kind.INBOUND: "receivedTime"}

# Up to this many messages, all rows are read and sorted by the time that clients see. Longer lists are sorted by the slots in the
# keys, which differ from that time by moments.
EXACT_SORT_LIMIT = 5_000

_LOADING_THREADS = 16
_BATCH_SIZE = 100
_CHUNK_SIZE = _LOADING_THREADS * _BATCH_SIZE
# The filter by time finds a message that was sent at most this long after its slot. Messages are sent later only if their
# record was paused for longer, and the filter by record finds those.
_MAX_SEND_DELAY = timedelta(days=7)
_END_OF_TIME = "9999"


@dataclass(frozen=True)
class MessageQuery:
    """The filters of a list; ``None`` or empty filters match every message of the kind.

    Attributes:
        kind: outreach messages, or inbound ones, which are replies.
        sent: when messages were sent, or replies arrived.
        keywords: searched for as one text.
    """

    kind: Kind = Kind.OUTREACH
    account_id: str | None = None
    contact_id: str | None = None
    campaign_id: str | None = None
    record_id: str | None = None
    ticket_id: str | None = None
    sent: Period | None = None
    keywords: str = ""
    status: MessageStatus | None = None

    @property
    def is_decided_by_keys(self) -> bool:
        """Whether the keys of the timeline are enough to apply all filters but that by status."""
        return not (self.account_id or self.contact_id or self.ticket_id or self.sent or self.keywords)

    @property
    def time_property(self) -> str:
        """The property of the response that is the time of a message."""
        return _TIME_PROPERTIES[self.kind]


class _TimelineEntry(NamedTuple):
    """The parts of a timeline key.

    ``group`` is the record's id or, for a single message, the id of the campaign that it names, if any. Entries made from other
    indexes have the message's id only.
    """

    slot: str
    message_id: str
    group: str


def is_search(query: MessageQuery, sort_by: str) -> bool:
    """Return whether a list reads the rows of all messages of the site, and not only their keys."""
    is_narrow = query.contact_id or query.ticket_id
    return not is_narrow and (sort_by != query.time_property or query.status is not None or not query.is_decided_by_keys)


def page(
    site_id: str,
    query: MessageQuery,
    show: Show[R],
    sort_by: str,
    sort_order: str,
    page_slice: slice,
    deadline: float | None = None,
) -> tuple[list[R], int]:
    """Return one part of the messages that match a query, and the number of all matches.

    Args:
        show: makes the response of a message and its campaign record.
        sort_by: a property of the response, by its JSON name.
        page_slice: the part to return.
        deadline: see ``time.monotonic``; ``None`` for no limit.

    Raises:
        DeadlineExceeded: the response cannot be ready by the deadline.
        ValidationFailed: the part has more messages than a response may have.
    """
    groups, is_descending = _groups(site_id, query), sort_order == "desc"
    candidates = _candidates(site_id, query, groups, deadline)
    if query.status and len(candidates) > EXACT_SORT_LIMIT:
        candidates = _with_status(site_id, query.status, candidates, deadline)
    if len(candidates) > EXACT_SORT_LIMIT and sort_by == query.time_property and query.is_decided_by_keys:
        ids = [entry.message_id for entry in sorted(candidates, reverse=is_descending)]
        return _load_in_order(site_id, ids[page_slice], show, deadline, query.status), len(ids)
    matches = _matches(site_id, query, show, groups, candidates, deadline)
    if len(candidates) <= EXACT_SORT_LIMIT:
        responses = paging.sort(matches, sort_by, sort_order)
        return responses[page_slice], len(responses)
    ids = [message_id for *_, message_id in sorted(map(paging.sort_key(sort_by), matches), reverse=is_descending)]
    return _load_in_order(site_id, ids[page_slice], show, deadline), len(ids)


def _with_status(
    site_id: str, status: MessageStatus, candidates: Sequence[_TimelineEntry], deadline: float | None
) -> list[_TimelineEntry]:
    """Return the candidates with a status. Reads the ledgers of campaign records, and the rows of all other messages."""
    records = campaign_records.get_many(site_id, sorted({entry.group for entry in candidates if entry.group}))
    frozen = {record.id: record for record in records.values() if record.audience is not None}
    matching: set[str] = set()
    for record in frozen.values():
        limits.require_time_left(deadline)
        matching.update(message_search.ids_with_status(record, status))
    for chunk in dynamo.chunks([entry.message_id for entry in candidates if entry.group not in frozen], _CHUNK_SIZE):
        limits.require_time_left(deadline)
        matching.update(message.id for message in _load(site_id, chunk).values() if message.status is status)
    return [entry for entry in candidates if entry.message_id in matching]


def _matches(
    site_id: str,
    query: MessageQuery,
    show: Show[R],
    groups: Collection[str] | None,
    candidates: Sequence[_TimelineEntry],
    deadline: float | None,
) -> Iterator[R]:
    """Yield the candidates that match a query; loads one chunk of rows at a time, to limit memory."""
    for chunk in dynamo.chunks(candidates, _CHUNK_SIZE):
        limits.require_time_left(deadline)
        messages = _load(site_id, [entry.message_id for entry in chunk])
        matching = _matching(site_id, query, groups, messages.values())
        yield from _responses(site_id, matching, show).values()


def _load_in_order(
    site_id: str, message_ids: Sequence[str], show: Show[R], deadline: float | None, status: MessageStatus | None = None
) -> list[R]:
    """Return messages in the order of their ids, without those that no longer exist, or no longer have the status."""
    responses: dict[str, R] = {}
    for chunk in limits.chunks_within_limits(message_ids, _CHUNK_SIZE, deadline):
        messages = [message for message in _load(site_id, chunk).values() if status in (None, message.status)]
        responses |= _responses(site_id, messages, show)
    return [responses[message_id] for message_id in message_ids if message_id in responses]


def _load(site_id: str, message_ids: Sequence[str]) -> dict[str, Message]:
    """Return the messages that exist, by id, without separate texts, reading batches concurrently."""
    with ThreadPoolExecutor(_LOADING_THREADS) as pool:
        batches = pool.map(lambda ids: message_store.get_many(site_id, ids, texts=False), dynamo.chunks(message_ids, _BATCH_SIZE))
        return {message_id: message for batch in batches for message_id, message in batch.items()}


def _responses(site_id: str, messages: Sequence[Message], show: Show[R]) -> dict[str, R]:
    """Return the responses of messages, by id."""
    records = records_of(site_id, messages)
    complete = message_store.with_texts(site_id, messages)
    return {message.id: show(message, records.get(message.record_id or "")) for message in complete}


def _groups(site_id: str, query: MessageQuery) -> set[str] | None:
    """Return the groups (see :class:`_TimelineEntry`) that match a query; ``None`` for all groups."""
    if query.campaign_id is None:
        return {query.record_id} if query.record_id else None
    groups = {query.campaign_id, *campaign_records.ids_of_campaign(site_id, query.campaign_id)}
    return groups & {query.record_id} if query.record_id else groups


def _candidates(
    site_id: str, query: MessageQuery, groups: Collection[str] | None, deadline: float | None
) -> list[_TimelineEntry]:
    """Return all messages that may match, as far as keys tell them apart."""
    if query.ticket_id:
        ids = message_index.ids_of_ticket(site_id, query.ticket_id)
    elif query.contact_id:
        owners = contact_ids(site_id, query.contact_id)
        ids = [message_id for owner in owners for message_id in message_index.ids_of_contact(site_id, owner, query.kind)]
    else:
        return [entry for entry in _timeline(site_id, query, deadline) if groups is None or entry.group in groups]
    return [_TimelineEntry("", message_id, "") for message_id in ids]


def _matching(site_id: str, query: MessageQuery, groups: Collection[str] | None, messages: Iterable[Message]) -> list[Message]:
    owners = set(contact_ids(site_id, query.contact_id)) if query.contact_id else None
    matches = [
        message
        for message in messages
        if message.kind is query.kind
        and message.status is not MessageStatus.SKIPPED
        and query.status in (None, message.status)
        and query.account_id in (None, message.account_id)
        and query.ticket_id in (None, message.ticket_id)
        and (owners is None or message.contact_id in owners)
        and (groups is None or (message.record_id or message.campaign_id) in groups)
        and (query.sent is None or (message.sent_time or message.slot) in query.sent)
    ]
    if not query.keywords:
        return matches
    return keyword_search.filter_by_keywords(site_id, query.keywords, matches, records_of(site_id, matches))


def _timeline(site_id: str, query: MessageQuery, deadline: float | None) -> list[_TimelineEntry]:
    """Return the entries of the timeline in the range of slots that matches can have."""
    first, last = _slot_range(site_id, query)
    with ThreadPoolExecutor(message_rows.TIMELINE_SHARDS) as pool:
        partitions = [message_rows.timeline_pk(site_id, query.kind, shard) for shard in range(message_rows.TIMELINE_SHARDS)]
        entries = pool.map(lambda partition: list(_partition(partition, first, last, deadline)), partitions)
        return list(chain.from_iterable(entries))


def _slot_range(site_id: str, query: MessageQuery) -> tuple[str, str]:
    """Return the first and last slot that a match can have.

    A message's slot is not before its record's start, and a message is not sent before its slot.
    """
    first, last = ("0", _END_OF_TIME) if query.sent is None else _slot_range_of(query.sent)
    if query.record_id:
        try:
            return max(first, campaign_records.get(site_id, query.record_id).sent_time), last
        except NotFound:
            return _END_OF_TIME, _END_OF_TIME
    return first, last


def _slot_range_of(sent: Period) -> tuple[str, str]:
    earliest = max(sent.start, datetime.min.replace(tzinfo=sent.start.tzinfo) + _MAX_SEND_DELAY) - _MAX_SEND_DELAY
    return clock.timestamp(earliest), clock.timestamp(sent.end)


def _partition(timeline_pk: str, first: str, last: str, deadline: float | None) -> Iterator[_TimelineEntry]:
    pages = dynamo.query_raw(
        settings().messages_table,
        IndexName="timeline",
        KeyConditionExpression="timeline_pk = :pk AND timeline_sk BETWEEN :first AND :last",
        ExpressionAttributeValues={":pk": timeline_pk, ":first": first, ":last": last},
        ProjectionExpression="timeline_sk",
    )
    for items in pages:
        limits.require_time_left(deadline)
        for item in items:
            slot, group, message_id = item["timeline_sk"]["S"].split("#")
            yield _TimelineEntry(slot, message_id, group)
