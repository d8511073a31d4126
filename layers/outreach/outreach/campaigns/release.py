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
from typing import TypeVar

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
from outreach.sending import accounts, pacing, queue, spending
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount, Site

T = TypeVar("T")

# SQS delays a message by 15 minutes at most; ten leave room, and are what a pause has to wait for nothing.
HORIZON_SECONDS = 600
# When to come back after a full horizon: early enough that the queue never runs dry.
_RETURN_SECONDS = 300

# How many places are decided about at least, if only one has a slot: their contacts are read together.
_LEAST_DECIDED = 100

# Why a record pauses by itself: its budget of segments, or its site's for the day, is used up; its account has long been down.
CAP_REACHED = "cap_reached"
ACCOUNT_DOWN = "account_down"

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
        return replace(self, contact_ids=_before(end, self.contact_ids), decisions=_before(end, self.decisions))


def _before(end: int | None, by_place: Mapping[int, T]) -> Mapping[int, T]:
    return by_place if end is None else {place: value for place, value in by_place.items() if place < end}


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
    site, account = sites.get_site(record.site_id), sites.get_account(record.site_id, record.campaign["channelAccountId"])
    room, then = _room(record, account, now)
    if room == 0:
        return 0, then
    wanted = _decide(record, site, account, contact_ids, max(room, _LEAST_DECIDED)).first(room)
    paid = wanted.first(_pay(record, site, wanted.costs))
    if not paid.contact_ids:
        return 0, _pause(record, CAP_REACHED)
    segments = [draft.segments for draft in paid.drafts.values()]
    reserved = pacing.reserve(account, segments, now=now.timestamp(), horizon=_horizon(now).timestamp())
    stretch = paid.first(len(reserved.slots))
    spending.give_back(record.site_id, sum(paid.costs) - sum(stretch.costs), site.daily_segments)
    if not stretch.contact_ids:
        return 0, _when_free(reserved.free, now)
    if record.max_segments is not None:
        # Before they are released: a crash in between makes the budget smaller, never larger.
        records.spend(record, sum(stretch.costs))
    _release(stretch, dict(zip(stretch.drafts, reserved.slots, strict=True)))
    return len(stretch.contact_ids), then


def _room(record: Record, account: ChannelAccount, now: datetime) -> tuple[int, Step]:
    """For how many messages the account has slots before the horizon, and how to go on after those."""
    pause = accounts.pause_of(account.site_id, account.id)
    if pause and not pause.is_over:
        wait = Step(Progress.WAIT, min(_RETURN_SECONDS, math.ceil(pause.until - now.timestamp())))
        return 0, _pause(record, ACCOUNT_DOWN) if pause.has_lasted else wait
    free = pacing.next_slot(account, now=now.timestamp())
    seconds = _horizon(now).timestamp() - free
    if seconds < 0:
        return 0, _when_free(free, now)
    if pause:
        return 1, Step(Progress.WAIT, accounts.PROBE_SECONDS)  # one message has to prove that it works again
    return 1 + math.floor(seconds * account.messages_per_second), Step(Progress.MORE)


def _when_free(free: float, now: datetime) -> Step:
    """Wait for slots, the next of which is free (a Unix time) beyond the horizon."""
    return Step(Progress.WAIT, max(1, round(free - _horizon(now).timestamp()) + _RETURN_SECONDS))


def _horizon(now: datetime) -> datetime:
    return now + timedelta(seconds=HORIZON_SECONDS)


def _pause(record: Record, reason: str) -> Step:
    records.change_status(record, RecordStatus.PAUSED, reason=reason)
    return Step(Progress.STOPPED)


def _pay(record: Record, site: Site, costs: Sequence[int]) -> int:
    """For how many drafts, from the first, the campaign's and the site's budgets have room; takes it from the site's."""
    fitting = (
        len(costs) if record.max_segments is None else spending.affordable(costs, record.max_segments - record.spent_segments)
    )
    return spending.take(record.site_id, costs[:fitting], site.daily_segments)


def _decide(record: Record, site: Site, account: ChannelAccount, contact_ids: Mapping[int, str], most: int) -> _Stretch:
    """Decide about at most so many that aren't released yet, or were and are still queued: resuming goes over those again."""
    page = ledger.page_of(next(iter(contact_ids)))
    cells = ledger.cells(record.site_id, record.id, page, record.audience or 0)
    todo = {place: contact_id for place, contact_id in contact_ids.items() if cells[place % ledger.PAGE_SIZE] in _TO_RELEASE}
    end = next(islice(todo, most, None), None)
    decisions = deciding.decide(record, site, account, _before(end, todo), _horizon(clock.now()))
    return _Stretch(record, account, _before(end, contact_ids), cells, decisions)


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
