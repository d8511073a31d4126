"""Releases a batch of recipients: decides about them, reserves quota and slots, and creates and queues their messages.

The order of the writes makes a repeated release safe; see :mod:`.release_loop`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar

from outreach import clock
from outreach.campaigns import campaign_records, ledger, missing_fields, snapshot_store
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Cell
from outreach.campaigns.models import MessageTemplate
from outreach.campaigns.release import account_capacity, deferred_recipients, eligibility, frequency_cap
from outreach.campaigns.release.account_capacity import horizon
from outreach.campaigns.release.deferred_recipients import DeferredRecipients
from outreach.campaigns.release.eligibility import BelowCap, Decision, Deferral, Rules
from outreach.campaigns.release.release_step import PauseReason, ReleaseProgress, ReleaseStep, pause, pause_for_missing_field
from outreach.campaigns.release.rendering import RenderedMessage
from outreach.contacts import field_store
from outreach.messages import message_store
from outreach.messages.models import Claim, ClaimState, Message, campaign_message_id
from outreach.messages.status import MessageStatus, SkipReason
from outreach.observability import count
from outreach.sending import pacing, quota, send_queue
from outreach.sending.pacing import Reservation
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount, Site

T = TypeVar("T")

# Contacts are read together, so at least this many are evaluated even if only one has a slot.
_MIN_EVALUATED = 100
# How often a record whose budget is used up looks whether its messages are sent.
_CAP_POLL_SECONDS = 30
# Why even a message that an earlier release has queued is not sent.
_LOST_RECIPIENT = frozenset({SkipReason.NO_RECIPIENT, SkipReason.INVALID_RECIPIENT, SkipReason.OPTED_OUT})


@dataclass(frozen=True)
class ReleaseBatch:
    """Places of one ledger page that are released together.

    Attributes:
        contact_ids: the contact at each place, in the order of the places.
        cells: the cells of the page before the release.
        decisions: the decision for each place that is unreleased, or that an earlier release has queued.
    """

    record: CampaignRecord
    account: ChannelAccount
    contact_ids: Mapping[int, str]
    cells: bytes
    decisions: Mapping[int, Decision]

    @property
    def page(self) -> int:
        return ledger.page_of(next(iter(self.contact_ids)))

    @property
    def messages(self) -> dict[int, RenderedMessage]:
        """The message for each place that gets one."""
        return {place: decision for place, decision in self.decisions.items() if isinstance(decision, RenderedMessage)}

    @property
    def segments_to_charge(self) -> list[int]:
        """The segments that each message takes from the budgets; a message that was released before takes none."""
        return [0 if self.is_queued(place) else message.segments for place, message in self.messages.items()]

    def is_queued(self, place: int) -> bool:
        """Return whether an earlier release queued the place."""
        return ledger.cell_at(place, self.cells) == Cell.QUEUED

    def first_messages(self, messages: int) -> ReleaseBatch:
        """Return the batch up to the message that exceeds the limit."""
        end = next(islice(self.messages, messages, None), None)
        return replace(self, contact_ids=_before(end, self.contact_ids), decisions=_before(end, self.decisions))


def _before(end: int | None, by_place: Mapping[int, T]) -> Mapping[int, T]:
    return by_place if end is None else {place: value for place, value in by_place.items() if place < end}


@dataclass(frozen=True)
class Released:
    """What :func:`release_places` has released.

    Attributes:
        places: how many places, from the first.
        next_step: how the release continues.
        last_slot: the last slot (Unix time) of their messages; ``None`` if there are none.
    """

    places: int
    next_step: ReleaseStep
    last_slot: float | None = None


def release_places(record: CampaignRecord, contact_ids: Mapping[int, str], now: datetime) -> Released:
    """Release as many places, from the first, as budgets and sending slots allow.

    Args:
        contact_ids: the contact at each place, in the order of the places, all of one ledger page.
    """
    site = site_store.get_site(record.site_id)
    account = site_store.get_account(record.site_id, record.channel_account_id)
    capacity = account_capacity.of_account(record, account, now)
    if capacity.messages == 0:
        return Released(0, capacity.next_step)
    template = MessageTemplate.of_snapshot(snapshot_store.get(record.site_id, record.id))
    site_fields = field_store.load(record.site_id)
    if missing := missing_fields.find(template.template, site_fields):
        return Released(0, pause_for_missing_field(record, missing))
    cells = _page_cells(record, contact_ids)
    if _waits_at_cap(record, site, contact_ids, cells):
        return Released(0, ReleaseStep(ReleaseProgress.WAIT, _CAP_POLL_SECONDS))
    rules = Rules(site, account, template, site_fields, _below_cap(record, site))
    evaluated = _evaluate(record, rules, contact_ids, cells, limit=max(capacity.messages, _MIN_EVALUATED))
    candidates = evaluated.first_messages(capacity.messages)
    affordable = candidates.first_messages(_reserve_quota(candidates, site))
    if not affordable.contact_ids:
        return Released(0, _step_at_cap(record))
    reservation = _reserve_slots(affordable, now)
    batch = affordable.first_messages(len(reservation.slots))
    quota.refund(record.site_id, sum(affordable.segments_to_charge) - sum(batch.segments_to_charge), site.daily_segments)
    if not batch.contact_ids:
        return Released(0, account_capacity.wait_for_slots(reservation.next_free, now))
    _write(batch, dict(zip(batch.messages, reservation.slots, strict=True)), is_throttled=reservation.is_throttled)
    return Released(len(batch.contact_ids), capacity.next_step, max(reservation.slots, default=None))


def _page_cells(record: CampaignRecord, contact_ids: Mapping[int, str]) -> bytes:
    """Return the cells of the page that has these places."""
    return ledger.cells(record.site_id, record.id, ledger.page_of(next(iter(contact_ids))), record.audience_size)


def _waits_at_cap(record: CampaignRecord, site: Site, places: Iterable[int], cells: bytes) -> bool:
    """Return whether a budget is used up and its messages are not sent yet. The places are then decided about later.

    Queued places are released again after a pause, which takes nothing from a budget.
    """
    is_spent = record.max_segments is not None and record.spent_segments >= record.max_segments
    if not is_spent and quota.remaining(site) != 0:
        return False
    return Cell.QUEUED not in {ledger.cell_at(place, cells) for place in places} and _has_waiting_messages(record)


def _step_at_cap(record: CampaignRecord) -> ReleaseStep:
    """Pause the record, but only after the messages within its budgets: a pause would keep them from being sent."""
    if _has_waiting_messages(record):
        return ReleaseStep(ReleaseProgress.WAIT, _CAP_POLL_SECONDS)
    return pause(record, PauseReason.CAP_REACHED)


def _has_waiting_messages(record: CampaignRecord) -> bool:
    return any(page.has_waiting_messages for page in ledger.read_pages(record.site_id, record.id))


def _evaluate(record: CampaignRecord, rules: Rules, contact_ids: Mapping[int, str], cells: bytes, *, limit: int) -> ReleaseBatch:
    """Decide about at most ``limit`` unreleased or queued places. Queued places are released again after a pause."""
    to_release = {
        place: contact_id
        for place, contact_id in contact_ids.items()
        if ledger.cell_at(place, cells) in (Cell.UNRELEASED, Cell.QUEUED)
    }
    end = next(islice(to_release, limit, None), None)
    decisions = eligibility.evaluate(rules, _before(end, to_release), horizon(clock.now()))
    return ReleaseBatch(record, rules.account, _before(end, contact_ids), cells, decisions)


def _below_cap(record: CampaignRecord, site: Site) -> BelowCap | None:
    return partial(frequency_cap.reserve, record, site.frequency_cap) if site.frequency_cap else None


def _reserve_quota(batch: ReleaseBatch, site: Site) -> int:
    """Take segments from the daily quota; return how many messages, from the first, it and the campaign's budget allow."""
    record, segments = batch.record, batch.segments_to_charge
    if record.max_segments is not None:
        segments = segments[: quota.count_affordable(segments, record.max_segments - record.spent_segments)]
    return quota.reserve(record.site_id, segments, site.daily_segments)


def _reserve_slots(batch: ReleaseBatch, now: datetime) -> Reservation:
    segments = [message.segments for message in batch.messages.values()]
    return pacing.reserve(batch.account, segments, now=now.timestamp(), horizon=horizon(now).timestamp())


def _write(batch: ReleaseBatch, slots: Mapping[int, float], *, is_throttled: bool) -> None:
    """Write the batch.

    Args:
        slots: the sending slot (Unix time) of each place that gets a message.
        is_throttled: whether the carrier throttles the account, which must not send in long bursts then.
    """
    if batch.record.max_segments is not None:
        # Counted before the release: a crash in between makes the budget smaller, never larger.
        campaign_records.count_segments(batch.record, sum(batch.segments_to_charge))
    rows = {place: _row(batch, place, message, slots[place]) for place, message in batch.messages.items()}
    overtaken = _overtaken(batch)
    cells = _enter_decisions(batch, rows, overtaken, min(slots.values(), default=None))
    confirmed = {place: row for place, row in rows.items() if ledger.cell_at(place, cells) == Cell.of(row)}
    _create_rows(confirmed, slots)
    _queue(confirmed, slots, is_throttled=is_throttled)
    _settle_overtaken(batch, overtaken)
    _defer(batch)


def _overtaken(batch: ReleaseBatch) -> dict[int, Message]:
    """Return the messages, by place, of contacts that an earlier release queued and that would now be skipped or fail."""
    record = batch.record
    changed = [
        place
        for place, decision in batch.decisions.items()
        if batch.is_queued(place) and not isinstance(decision, Deferral) and not _is_to_send(decision)
    ]
    places = {campaign_message_id(record.id, batch.contact_ids[place]): place for place in changed}
    messages = message_store.get_many(record.site_id, places, consistent=True, texts=False)
    return {places[id_]: message for id_, message in messages.items()}


def _is_to_send(decision: Decision) -> bool:
    return isinstance(decision, RenderedMessage) and not decision.failed_reason


def _enter_decisions(
    batch: ReleaseBatch, rows: Mapping[int, Message], overtaken: Collection[int], first_slot: float | None
) -> bytes:
    """Enter the decisions into the ledger. Decisions of an earlier release stay.

    Args:
        overtaken: the places whose decision has come too late.

    Returns:
        The cells of the page after the change.
    """
    record = batch.record
    cells = {
        place: Cell.of(rows[place]) if isinstance(decision, RenderedMessage) else Cell.of_skip(decision)
        for place, decision in batch.decisions.items()
        if not isinstance(decision, Deferral) and place not in overtaken
    }
    codes = ledger.failure_codes(rows)
    return ledger.record_decisions(
        record.site_id, record.id, batch.page, record.audience_size, cells, codes, first_slot=first_slot
    )


def _create_rows(rows: Mapping[int, Message], slots: Mapping[int, float]) -> None:
    """Create the rows that do not exist, and give the existing ones their new slots and the numbers that their contacts have now.

    A message that cannot be rendered is created as queued and then moved to failed, because callbacks and the ledger follow from
    changes of a status only.
    """
    existing = message_store.create_many([_before_failure(row) for row in rows.values()])
    new_slots = [slots[row.place] for row in existing if row.place is not None]
    message_store.postpone(existing, new_slots, readdress=True)
    for row in rows.values():
        if row.status is MessageStatus.FAILED:
            message_store.advance(row, MessageStatus.FAILED, failed_reason=row.failed_reason)


def _before_failure(row: Message) -> Message:
    if row.status is not MessageStatus.FAILED:
        return row
    return replace(row, status=MessageStatus.QUEUED, failed_reason="", claim=Claim(ClaimState.DONE))


def _queue(rows: Mapping[int, Message], slots: Mapping[int, float], *, is_throttled: bool) -> None:
    places = [place for place, row in rows.items() if row.status is MessageStatus.QUEUED]
    enqueue = send_queue.enqueue_by_second if is_throttled else send_queue.enqueue
    enqueue([rows[place] for place in places], [slots[place] for place in places])
    count("MessagesQueued", len(places))


def _settle_overtaken(batch: ReleaseBatch, overtaken: Mapping[int, Message]) -> None:
    """Skip the messages to contacts that must not be texted any more, such as deleted ones. The others are sent as they are."""
    to_send: list[Message] = []
    for place, message in overtaken.items():
        decision = batch.decisions[place]
        if isinstance(decision, SkipReason) and decision in _LOST_RECIPIENT:
            message_store.skip(message, decision)
        else:
            to_send.append(message)
    _queue_at_once(to_send)


def _queue_at_once(messages: Iterable[Message]) -> None:
    """Queue messages whose slots a pause has ended, as the sweep would do minutes later."""
    waiting = [message for message in messages if message.status is MessageStatus.QUEUED]
    slots = [clock.now().timestamp()] * len(waiting)
    message_store.postpone(waiting, slots)
    send_queue.enqueue(waiting, slots)


def _defer(batch: ReleaseBatch) -> None:
    by_time: dict[datetime, list[int]] = {}
    for place, decision in batch.decisions.items():
        if isinstance(decision, Deferral):
            by_time.setdefault(decision.until, []).append(place)
    for time, places in by_time.items():
        deferred_recipients.put(DeferredRecipients(batch.record.site_id, batch.record.id, time, places))


def _row(batch: ReleaseBatch, place: int, message: RenderedMessage, slot: float) -> Message:
    record = batch.record
    return Message(
        id=campaign_message_id(record.id, message.contact_id),
        site_id=record.site_id,
        contact_id=message.contact_id,
        account_id=batch.account.id,
        sender=batch.account.sender,
        recipient=message.number,
        body=message.body,
        slot=clock.timestamp(clock.from_epoch(slot)),
        segments=message.segments,
        time_zones=message.time_zones,
        record_id=record.id,
        place=place,
        callback=record.callback_url is not None,
        attach_when_sent=record.auto_attach.is_due_when_sent,
        status=MessageStatus.FAILED if message.failed_reason else MessageStatus.QUEUED,
        failed_reason=message.failed_reason,
    )
