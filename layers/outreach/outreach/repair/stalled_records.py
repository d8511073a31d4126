"""Repairs campaign records that are not finished, and distinguishes broken ones from those that seem healthy.

A repair restarts an execution that failed, queues overdue messages again, reconciles messages whose worker crashed, updates the
ledger from the message rows, and completes or cancels a record that is done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from outreach import aws_errors, clock, dynamo
from outreach.campaigns import audience, campaign_records, ledger, record_completion, record_counts, send_execution, stalled_sends
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.ledger import Cell, LedgerPage
from outreach.campaigns.release import deferred_recipients
from outreach.campaigns.unfinished_work import UnfinishedRecord
from outreach.messages import message_store
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.status import MessageStatus
from outreach.observability import logger
from outreach.repair import stalled_messages

# Queued places whose rows are read together, in the order of their slots.
_PLACES_PER_READ = 20
# A page of the ledger has less than a quarter of the bytes of a read unit; a row takes one.
_PAGES_PER_UNIT = 4
_CONCURRENT_READS = 8


def split_by_health(
    records: Collection[UnfinishedRecord], running: Container[str]
) -> tuple[list[UnfinishedRecord], list[UnfinishedRecord]]:
    """Split records into broken ones and those that seem healthy: they are being sent, or wait.

    A record is broken if it needs an execution and has none, or if its last message is overdue. A paused record waits.

    Args:
        running: the names of running executions. An execution that is missing may have started since.

    Returns:
        The broken records, and the others without those whose audience is being scanned: they have no messages to check.
    """
    attended = {record for record in records if _name(record) in running or record.status == RecordStatus.PAUSED}
    unattended = [record for record in records if record not in attended]
    released = {record for record in unattended if record.status == RecordStatus.RUNNING and record.last_slot is not None}
    being_sent = released - _late(released)
    broken = [record for record in unattended if record not in being_sent]
    return broken, [*(record for record in attended if record.status != RecordStatus.PENDING), *being_sent]


def _late(records: Iterable[UnfinishedRecord]) -> set[UnfinishedRecord]:
    """Return the records whose last message is overdue, and does not wait in a backlog or for its account."""
    latest = clock.now().timestamp() - stalled_messages.overdue_seconds()
    late = [record for record in records if record.last_slot is not None and record.last_slot < latest]
    accounts = list({(record.site_id, record.channel_account_id) for record in late})
    with ThreadPoolExecutor(_CONCURRENT_READS) as pool:
        are_waiting = list(pool.map(lambda account: stalled_messages.account_waits(*account), accounts))
    waiting_accounts = {account for account, is_waiting in zip(accounts, are_waiting, strict=True) if is_waiting}
    return {record for record in late if (record.site_id, record.channel_account_id) not in waiting_accounts}


def _name(record: UnfinishedRecord) -> str:
    return send_execution.name(record.id, record.executions)


def repair(
    site_id: str,
    record_id: str,
    running: Container[str] = frozenset(),
    may_read: Callable[[float], bool] = lambda units: True,
) -> float:
    """Repair one campaign record that is not finished. A repair that keeps failing stops the record.

    Args:
        running: names of executions that are known to run.
        may_read: returns whether the repair may read the rows of another page, after so many read units.

    Returns:
        How many read units it took for the ledger and the rows, about.
    """
    try:
        return _repair(site_id, record_id, running, may_read)
    except Exception as error:
        stalled_sends.record_failure(campaign_records.get(site_id, record_id), aws_errors.name_of(error))
        raise


def _repair(site_id: str, record_id: str, running: Container[str], may_read: Callable[[float], bool]) -> float:
    record = campaign_records.get(site_id, record_id)
    if record.status is RecordStatus.CANCELLED and record.audience is None:
        record_completion.try_finish_cancellation(site_id, record_id)
        return 0
    if record.status is not RecordStatus.PAUSED and not _restart_if_stopped(record, running):
        return 0
    units, may_have_more = _repair_pages(record, may_read)
    if record.send_failures.reasons and not _has_more(record):
        # Clears failures of repairs; failures of executions are cleared by progress.
        campaign_records.clear_failures(record)
    if record.is_released and not may_have_more:
        record_completion.try_complete(site_id, record_id)
        record_completion.try_finish_cancellation(site_id, record_id)
    return units


def _repair_pages(record: CampaignRecord, may_read: Callable[[float], bool]) -> tuple[float, bool]:
    """Repair the pages that may have overdue messages, in random order.

    Returns:
        How many read units it took, and whether messages of other pages may still be sent, because their slots have not come or
        their pages were not reached.
    """
    now = clock.now().timestamp()
    pages = list(ledger.read_pages(record.site_id, record.id))
    units = 1 + len(pages) / _PAGES_PER_UNIT
    open_pages = [page for page in pages if page.has_open_cells]
    due = [page for page in open_pages if stalled_messages.may_be_overdue(page.first_slot, now)]
    # The next sweep begins with another page if this one does not reach all.
    for number, page in enumerate(random.sample(due, len(due))):
        if number and not may_read(units):
            return units, True
        units += _repair_page(record, page, now, partial(_may_read_more, may_read, units))
    return units, len(due) < len(open_pages)


def _may_read_more(may_read: Callable[[float], bool], units: float, rows: int) -> bool:
    return may_read(units + rows)


def _has_more(record: CampaignRecord) -> bool:
    """Return whether an execution must release more of the record."""
    return not record.is_released or deferred_recipients.first(record.site_id, record.id) is not None


def _restart_if_stopped(record: CampaignRecord, running: Container[str]) -> bool:
    """Start the next execution of a record whose execution ended early; ``False`` when too many failed and the record stopped."""
    if send_execution.name(record.id, record.executions) in running or not _has_more(record):
        return True
    outcome = send_execution.outcome_of(record)
    if outcome is None:
        return True
    if stalled_sends.record_failure(record, outcome):
        return False
    logger().warning("restarting the execution of a campaign record", record_id=record.id, site_id=record.site_id)
    send_execution.start(record)
    return True


def _repair_page(record: CampaignRecord, page: LedgerPage, now: float, may_read: Callable[[int], bool]) -> int:
    """Repair one page; return the number of rows read."""
    queues = record.status is RecordStatus.RUNNING

    def is_waiting(row: Message) -> bool:
        return row.status is MessageStatus.QUEUED and not (queues and stalled_messages.is_overdue(row, now))

    rows = list(_rows(record, page.places(Cell.SENDING)))
    for places in dynamo.chunks(page.places(Cell.QUEUED), _PLACES_PER_READ):
        chunk = list(_rows(record, places))
        rows += chunk
        # Slots follow the order of places: if no message of this chunk is overdue, those of later places are not either.
        if (chunk and all(map(is_waiting, chunk))) or not may_read(len(rows)):
            break
    if not rows:
        return 0
    record_counts.sample(record.site_id, record.id)
    ledger.apply_messages(record.site_id, record.id, {row.place: row for row in rows if row.place is not None})
    stalled_messages.repair(rows, now, queues=queues)
    return len(rows)


def _rows(record: CampaignRecord, places: Sequence[int]) -> Iterator[Message]:
    """Yield the rows at some places of one page; some rows may not have been created."""
    if not places:
        return
    ids = audience.contact_ids(record.site_id, record.id, places[0], places[-1] + 1)
    message_ids = [campaign_message_id(record.id, ids[place - places[0]]) for place in places]
    yield from message_store.get_many(record.site_id, message_ids, consistent=True, texts=False).values()
