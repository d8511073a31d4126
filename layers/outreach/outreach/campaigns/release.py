"""Releasing a record's audience to the send queue, stretch by stretch, as its account has slots to give.

Each step is written so that it can be repeated at any point of a crash:

1. the ledger's cells are the decision about each place, made once;
2. rows are created on condition that they don't exist;
3. what is queued again is a copy, which the worker recognises;
4. the cursor moves last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from outreach import clock
from outreach.campaigns import audience, cancelling, deciding, held, ledger, records
from outreach.campaigns.deciding import Decision, Hold
from outreach.campaigns.held import Held
from outreach.campaigns.ledger import Cell
from outreach.campaigns.personalise import Draft
from outreach.campaigns.records import Record, RecordStatus
from outreach.messages import store as messages
from outreach.messages.auto_attach import AutoAttach
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.status import Status
from outreach.observability import count
from outreach.sending import pacing, queue, spending
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount, Site

# SQS delays a message by 15 minutes at most; ten leave room, and are what a pause has to wait for nothing.
HORIZON_SECONDS = 600
# When to come back after a full horizon: early enough that the queue never runs dry.
_RETURN_SECONDS = 300

# Why a record pauses by itself: its budget of segments, or its site's for the day, is used up.
CAP_REACHED = "cap_reached"

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
    """Places of one ledger page that are released together.

    Attributes:
        contact_ids: by place, in order.
        cells: what the page's ledger says before.
        decisions: by place, for those that are still to be released; the rest is under way or done.
    """

    record: Record
    account: ChannelAccount
    contact_ids: Mapping[int, str]
    cells: bytes
    decisions: Mapping[int, Decision]

    @property
    def page(self) -> int:
        return ledger.page_of(next(iter(self.contact_ids)))

    @property
    def drafts(self) -> dict[int, Draft]:
        """The places whose contacts get a message."""
        return {place: decision for place, decision in self.decisions.items() if isinstance(decision, Draft)}

    @property
    def costs(self) -> list[int]:
        """The segments of the drafts that have not been paid for: what was released before has been."""
        paid = [place for place in self.drafts if self.cells[place % ledger.PAGE_SIZE] == Cell.QUEUED]
        return [0 if place in paid else draft.segments for place, draft in self.drafts.items()]

    def first(self, drafts: int) -> _Stretch:
        """The stretch up to that many drafts: to the first one for which there is no slot or no budget."""
        end = next(islice(self.drafts, drafts, None), None)
        if end is None:
            return self
        return replace(
            self,
            contact_ids={place: contact_id for place, contact_id in self.contact_ids.items() if place < end},
            decisions={place: decision for place, decision in self.decisions.items() if place < end},
        )


def step(site_id: str, record_id: str) -> Step:
    """Release the next stretch of a record: at most a page of its ledger, at most what has slots before the horizon."""
    record = records.get(site_id, record_id)
    if record.audience is None:
        return Step(Progress.STOPPED)
    if record.status is RecordStatus.CANCELLED:
        return Step(Progress.MORE) if cancelling.step(record) else Step(Progress.STOPPED)
    if record.status is not RecordStatus.RUNNING:
        return Step(Progress.STOPPED)
    now = clock.now()
    waiting = held.first(site_id, record_id)
    if waiting and waiting.moment <= now:
        return _release_held(record, waiting, now)
    if not record.is_released:
        return _release_range(record, now)
    if waiting:
        return Step(Progress.WAIT, math.ceil((waiting.moment - now).total_seconds()))
    records.complete_if_done(site_id, record_id)
    return Step(Progress.RELEASED)


def _release_range(record: Record, now: datetime) -> Step:
    """Release from the cursor on."""
    start = record.released
    stop = min(record.audience or 0, (ledger.page_of(start) + 1) * ledger.PAGE_SIZE)
    ids = audience.contact_ids(record.site_id, record.id, start, stop)
    released, step = _release_places(record, dict(enumerate(ids, start)), now)
    if released:
        records.move_cursor(record, start + released)
    return step


def _release_held(record: Record, waiting: Held, now: datetime) -> Step:
    """Release what has waited for the end of quiet hours."""
    first, last = waiting.places[0], waiting.places[-1]
    ids = audience.contact_ids(record.site_id, record.id, first, last + 1)
    released, step = _release_places(record, {place: ids[place - first] for place in waiting.places}, now)
    held.keep(waiting, waiting.places[released:])
    return step


def _release_places(record: Record, contact_ids: Mapping[int, str], now: datetime) -> tuple[int, Step]:
    """Release as many places, from the first, as there are budget and slots for. Says how many, and how to go on."""
    site = sites.get_site(record.site_id)
    wanted = _decide(record, site, contact_ids, now)
    paid = wanted.first(_pay(record, site, wanted.costs))
    if not paid.contact_ids:
        records.change_status(record, RecordStatus.PAUSED, reason=CAP_REACHED)
        return 0, Step(Progress.STOPPED)
    start = now.timestamp()
    segments = [draft.segments for draft in paid.drafts.values()]
    reserved = pacing.reserve(paid.account, segments, now=start, horizon=start + HORIZON_SECONDS)
    stretch = paid.first(len(reserved.slots))
    spending.give_back(record.site_id, sum(paid.costs) - sum(stretch.costs), site.daily_segments)
    if not stretch.contact_ids:
        return 0, Step(Progress.WAIT, max(1, round(reserved.free - start) - HORIZON_SECONDS + _RETURN_SECONDS))
    if record.max_segments is not None:
        # Before they are released: a crash in between makes the budget smaller, never larger.
        records.spend(record, sum(stretch.costs))
    _release(stretch, dict(zip(stretch.drafts, reserved.slots, strict=True)))
    return len(stretch.contact_ids), Step(Progress.MORE)


def _pay(record: Record, site: Site, costs: Sequence[int]) -> int:
    """For how many drafts, from the first, the campaign's and the site's budgets have room; takes it from the site's."""
    fitting = (
        len(costs) if record.max_segments is None else spending.affordable(costs, record.max_segments - record.spent_segments)
    )
    return spending.take(record.site_id, costs[:fitting], site.daily_segments)


def _decide(record: Record, site: Site, contact_ids: Mapping[int, str], now: datetime) -> _Stretch:
    """Decide about what isn't released yet, or was and is still queued: resuming goes over those again."""
    account = sites.get_account(record.site_id, record.campaign["channelAccountId"])
    page = ledger.page_of(next(iter(contact_ids)))
    cells = ledger.cells(record.site_id, record.id, page, record.audience or 0)
    todo = {place: contact_id for place, contact_id in contact_ids.items() if cells[place % ledger.PAGE_SIZE] in _TO_RELEASE}
    decisions = deciding.decide(record, site, account, todo, now + timedelta(seconds=HORIZON_SECONDS))
    return _Stretch(record, account, contact_ids, cells, decisions)


def _release(stretch: _Stretch, slots: Mapping[int, float]) -> None:
    rows = {place: _row(stretch, place, draft, slots[place]) for place, draft in stretch.drafts.items()}
    cells = _enter(stretch, rows)
    decided = {place: row for place, row in rows.items() if cells[place % ledger.PAGE_SIZE] == Cell.of(row)}
    known = messages.create_many(list(decided.values()))
    messages.postpone(known, [slots[place] for row in known if (place := row.place) is not None])
    queued = [place for place, row in decided.items() if row.status is Status.QUEUED]
    queue.enqueue([decided[place] for place in queued], [slots[place] for place in queued])
    count("MessagesQueued", len(queued))
    _hold(stretch)


def _hold(stretch: _Stretch) -> None:
    by_moment: dict[datetime, list[int]] = {}
    for place, decision in stretch.decisions.items():
        if isinstance(decision, Hold):
            by_moment.setdefault(decision.until, []).append(place)
    for moment, places in by_moment.items():
        held.put(Held(stretch.record.site_id, stretch.record.id, moment, places))


def _enter(stretch: _Stretch, rows: Mapping[int, Message]) -> bytes:
    """Enter the decisions into the ledger, where those of an earlier, broken try may stand, and return the page's cells."""
    record = stretch.record
    cells = {
        place: Cell.of(rows[place]) if isinstance(decision, Draft) else Cell.skipped(decision)
        for place, decision in stretch.decisions.items()
        if not isinstance(decision, Hold)
    }
    # A contact that was decided to get a message, and by now would get none: if its message exists, the message counts.
    revised = [place for place, cell in cells.items() if stretch.cells[place % ledger.PAGE_SIZE] == Cell.QUEUED != cell]
    ids = {campaign_message_id(record.id, stretch.contact_ids[place]): place for place in revised}
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
        time_zones=draft.time_zones,
        record_id=record.id,
        place=place,
        callback=record.callback_url is not None,
        attach_when_sent=AutoAttach.of_campaign(record.campaign).when_sent,
        status=Status.FAILED if draft.failed_reason else Status.QUEUED,
        failed_reason=draft.failed_reason,
    )
