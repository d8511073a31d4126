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
from outreach.campaigns import audience, ledger, personalise, records
from outreach.campaigns.ledger import Cell
from outreach.campaigns.personalise import Draft
from outreach.campaigns.records import Record, RecordStatus
from outreach.contacts import schema as contact_schema
from outreach.contacts import store as contacts
from outreach.messages import store as messages
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.status import SkipReason, Status
from outreach.sending import optouts, pacing, queue
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount

# SQS delays a message by 15 minutes at most; ten leave room, and are what a pause has to wait for nothing.
HORIZON_SECONDS = 600
# When to come back after a full horizon: early enough that the queue never runs dry.
_RETURN_SECONDS = 300


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
    """Consecutive places of one ledger page, and what each of their contacts is to get."""

    record: Record
    account: ChannelAccount
    start: int
    contact_ids: Sequence[str]
    decisions: Sequence[Draft | SkipReason]

    @property
    def stop(self) -> int:
        return self.start + len(self.decisions)

    @property
    def page(self) -> int:
        return ledger.page_of(self.start)

    @property
    def drafts(self) -> dict[int, Draft]:
        """The places whose contacts get a message."""
        return {place: decision for place, decision in enumerate(self.decisions, self.start) if isinstance(decision, Draft)}

    @property
    def skips(self) -> dict[int, SkipReason]:
        """The places whose contacts get none."""
        return {place: decision for place, decision in enumerate(self.decisions, self.start) if isinstance(decision, SkipReason)}

    def first(self, slots: int) -> _Stretch:
        """The stretch up to the first draft for which there is no slot."""
        without = next(islice(self.drafts, slots, None), self.stop)
        length = without - self.start
        return replace(self, contact_ids=self.contact_ids[:length], decisions=self.decisions[:length])


def step(site_id: str, record_id: str) -> Step:
    """Release the next stretch of a record: at most a page of its ledger, at most what has slots before the horizon."""
    record = records.get(site_id, record_id)
    if record.status is not RecordStatus.RUNNING or record.audience is None:
        return Step(Progress.STOPPED)
    if record.is_released:
        records.complete_if_done(site_id, record_id)
        return Step(Progress.RELEASED)
    stretch = _decide(record, sites.get_account(site_id, record.campaign["channelAccountId"]))
    now = clock.now().timestamp()
    segments = [draft.segments for draft in stretch.drafts.values()]
    reserved = pacing.reserve(stretch.account, segments, now=now, horizon=now + HORIZON_SECONDS)
    stretch = stretch.first(len(reserved.slots))
    if not stretch.decisions:
        return Step(Progress.WAIT, max(1, round(reserved.free - now) - HORIZON_SECONDS + _RETURN_SECONDS))
    _release(stretch, dict(zip(stretch.drafts, reserved.slots, strict=True)))
    records.move_cursor(record, stretch.stop)
    return Step(Progress.MORE)


def _decide(record: Record, account: ChannelAccount) -> _Stretch:
    start = record.released
    stop = min(record.audience or 0, (ledger.page_of(start) + 1) * ledger.PAGE_SIZE)
    ids = audience.contact_ids(record.site_id, record.id, start, stop)
    found = contacts.get_many(record.site_id, ids)
    schema = contact_schema.load(record.site_id)
    drafts = [personalise.draft(record, account, schema, found.get(contact_id)) for contact_id in ids]
    return _Stretch(record, account, start, ids, _without_opted_out(record.site_id, drafts))


def _without_opted_out(site_id: str, decisions: Sequence[Draft | SkipReason]) -> list[Draft | SkipReason]:
    gone = optouts.opted_out(site_id, (decision.number for decision in decisions if isinstance(decision, Draft)))
    return [
        SkipReason.OPTED_OUT if isinstance(decision, Draft) and decision.number in gone else decision for decision in decisions
    ]


def _release(stretch: _Stretch, slots: Mapping[int, float]) -> None:
    rows = {place: _row(stretch, place, draft, slots[place]) for place, draft in stretch.drafts.items()}
    cells = _enter(stretch, rows)
    decided = {place: row for place, row in rows.items() if cells[place % ledger.PAGE_SIZE] == Cell.of(row)}
    messages.create_many(list(decided.values()))
    queued = [place for place, row in decided.items() if row.status is Status.QUEUED]
    queue.enqueue([decided[place] for place in queued], [slots[place] for place in queued])


def _enter(stretch: _Stretch, rows: Mapping[int, Message]) -> bytes:
    """Enter the decisions into the ledger, where those of an earlier, broken try stand already, and return the page's cells."""
    record, number = stretch.record, stretch.page
    ledger.create_page(record.site_id, ledger.Page(record.id, number, bytes(ledger.page_length(record.audience or 0, number))))
    cells = {place: Cell.of(row) for place, row in rows.items()} | {
        place: Cell.skipped(reason) for place, reason in stretch.skips.items()
    }
    before = _cells(stretch)
    # A contact that was decided to get a message, and by now would get none: if its message exists, the message counts.
    revised = [place for place, cell in cells.items() if before[place % ledger.PAGE_SIZE] == Cell.QUEUED != cell]
    ids = {campaign_message_id(record.id, stretch.contact_ids[place - stretch.start]): place for place in revised}
    for message_id in messages.get_many(record.site_id, ids, consistent=True):
        del cells[ids[message_id]]
    ledger.apply(record.site_id, record.id, cells)
    return _cells(stretch)


def _cells(stretch: _Stretch) -> bytes:
    page = ledger.read_page(stretch.record.site_id, stretch.record.id, stretch.page)
    if page is None:
        raise RuntimeError(f"page {stretch.page} of record {stretch.record.id} is gone")
    return page.cells


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
        status=Status.FAILED if draft.failed_reason else Status.QUEUED,
        failed_reason=draft.failed_reason,
    )
