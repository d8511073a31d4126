"""Releasing a record's audience to the send queue, stretch by stretch, as its account has slots to give.

Each step is written so that it can be repeated at any point of a crash:

1. the ledger's cells are the decision about each place, made once;
2. rows are created on condition that they don't exist;
3. what is queued again is a copy, which the worker recognises;
4. the cursor moves last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from outreach import clock
from outreach.campaigns import audience, cancelling, ledger, personalise, records
from outreach.campaigns.ledger import Cell
from outreach.campaigns.personalise import Draft
from outreach.campaigns.records import Record, RecordStatus
from outreach.contacts import schema as contact_schema
from outreach.contacts import store as contacts
from outreach.messages import store as messages
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.status import SkipReason, Status
from outreach.sending import optouts, pacing, queue
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount

# SQS delays a message by 15 minutes at most; ten leave room, and are what a pause has to wait for nothing.
HORIZON_SECONDS = 600
# When to come back after a full horizon: early enough that the queue never runs dry.
_RETURN_SECONDS = 300

_TO_RELEASE = frozenset({Cell.UNRELEASED, Cell.QUEUED})


class Progress(StrEnum):
    """How a step ended: there is more to release now, or later, or nothing any more, or the record doesn't run."""

    MORE = "more"
    WAIT = "wait"
    RELEASED = "released"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Step:
    progress: Progress
    wait_seconds: int = 0


@dataclass(frozen=True)
class _Stretch:
    """Consecutive places of one ledger page.

    Attributes:
        contact_ids: of all its places.
        cells: what the page's ledger says before.
        decisions: by place, for those that are still to be released; the rest is under way or done.
    """

    record: Record
    account: ChannelAccount
    start: int
    stop: int
    contact_ids: Sequence[str]
    cells: bytes
    decisions: Mapping[int, Draft | SkipReason]

    @property
    def page(self) -> int:
        return ledger.page_of(self.start)

    @property
    def drafts(self) -> dict[int, Draft]:
        """The places whose contacts get a message."""
        return {place: decision for place, decision in self.decisions.items() if isinstance(decision, Draft)}

    def first(self, slots: int) -> _Stretch:
        """The stretch up to the first draft for which there is no slot."""
        stop = next(islice(self.drafts, slots, None), self.stop)
        kept = {place: decision for place, decision in self.decisions.items() if place < stop}
        return replace(self, stop=stop, contact_ids=self.contact_ids[: stop - self.start], decisions=kept)


def step(site_id: str, record_id: str) -> Step:
    """Release the next stretch of a record: at most a page of its ledger, at most what has slots before the horizon."""
    record = records.get(site_id, record_id)
    if record.audience is None:
        return Step(Progress.STOPPED)
    if record.status is RecordStatus.CANCELLED:
        return Step(Progress.MORE) if cancelling.step(record) else Step(Progress.STOPPED)
    if record.status is not RecordStatus.RUNNING:
        return Step(Progress.STOPPED)
    if record.is_released:
        records.complete_if_done(site_id, record_id)
        return Step(Progress.RELEASED)
    return _release_next(record)


def _release_next(record: Record) -> Step:
    stretch = _decide(record, sites.get_account(record.site_id, record.campaign["channelAccountId"]))
    now = clock.now().timestamp()
    segments = [draft.segments for draft in stretch.drafts.values()]
    reserved = pacing.reserve(stretch.account, segments, now=now, horizon=now + HORIZON_SECONDS)
    stretch = stretch.first(len(reserved.slots))
    if stretch.stop == stretch.start:
        return Step(Progress.WAIT, max(1, round(reserved.free - now) - HORIZON_SECONDS + _RETURN_SECONDS))
    _release(stretch, dict(zip(stretch.drafts, reserved.slots, strict=True)))
    records.move_cursor(record, stretch.stop)
    return Step(Progress.MORE)


def _decide(record: Record, account: ChannelAccount) -> _Stretch:
    """What each contact gets that is not released yet, or was released and is still queued: resuming goes over those again."""
    start, audience_size = record.released, record.audience or 0
    page = ledger.page_of(start)
    stop = min(audience_size, (page + 1) * ledger.PAGE_SIZE)
    cells = ledger.cells(record.site_id, record.id, page, audience_size)
    ids = audience.contact_ids(record.site_id, record.id, start, stop)
    todo = {place: ids[place - start] for place in range(start, stop) if cells[place % ledger.PAGE_SIZE] in _TO_RELEASE}
    found = contacts.get_many(record.site_id, todo.values())
    schema = contact_schema.load(record.site_id)
    decisions = {
        place: personalise.draft(record.campaign["message"], account, schema, found.get(contact_id))
        for place, contact_id in todo.items()
    }
    return _Stretch(record, account, start, stop, ids, cells, _without_opted_out(record.site_id, decisions))


def _without_opted_out(site_id: str, decisions: Mapping[int, Draft | SkipReason]) -> dict[int, Draft | SkipReason]:
    gone = optouts.opted_out(site_id, (decision.number for decision in decisions.values() if isinstance(decision, Draft)))
    return {
        place: SkipReason.OPTED_OUT if isinstance(decision, Draft) and decision.number in gone else decision
        for place, decision in decisions.items()
    }


def _release(stretch: _Stretch, slots: Mapping[int, float]) -> None:
    rows = {place: _row(stretch, place, draft, slots[place]) for place, draft in stretch.drafts.items()}
    cells = _enter(stretch, rows)
    decided = {place: row for place, row in rows.items() if cells[place % ledger.PAGE_SIZE] == Cell.of(row)}
    known = messages.create_many(list(decided.values()))
    messages.postpone(known, [slots[place] for row in known if (place := row.place) is not None])
    queued = [place for place, row in decided.items() if row.status is Status.QUEUED]
    queue.enqueue([decided[place] for place in queued], [slots[place] for place in queued])


def _enter(stretch: _Stretch, rows: Mapping[int, Message]) -> bytes:
    """Enter the decisions into the ledger, where those of an earlier, broken try may stand, and return the page's cells."""
    record = stretch.record
    cells = {
        place: Cell.of(rows[place]) if isinstance(decision, Draft) else Cell.skipped(decision)
        for place, decision in stretch.decisions.items()
    }
    # A contact that was decided to get a message, and by now would get none: if its message exists, the message counts.
    revised = [place for place, cell in cells.items() if stretch.cells[place % ledger.PAGE_SIZE] == Cell.QUEUED != cell]
    ids = {campaign_message_id(record.id, stretch.contact_ids[place - stretch.start]): place for place in revised}
    for message_id in messages.get_many(record.site_id, ids, consistent=True):
        del cells[ids[message_id]]
    return ledger.enter(record.site_id, record.id, stretch.page, record.audience or 0, cells)


def _row(stretch: _Stretch, place: int, draft: Draft, slot: float) -> Message:
    record = stretch.record
    return Message(
        id=campaign_message_id(record.id, draft.contact_id),
        site_id=record.site_id,
        contact_id=draft.contact_id,
        account_id=stretch.account.id,
        sender=stretch.account.number,
        recipient=draft.number,
        body=draft.body,
        slot=clock.timestamp(clock.from_epoch(slot)),
        segments=draft.segments,
        record_id=record.id,
        place=place,
        callback=record.callback_url is not None,
        attach_when_sent=AutoAttach.of_campaign(record.campaign).when_sent,
        status=Status.FAILED if draft.failed_reason else Status.QUEUED,
        failed_reason=draft.failed_reason,
    )
