"""Repairing what isn't over: whatever broke, the sweep finds it from the tables and lets it go on.

Of campaign records it restarts executions that broke, queues messages again whose copies were lost, looks for calls whose worker
died, makes the ledger anew from the rows, and closes what is done. Schedules, imports, single messages and callbacks have repairs
of their own. All of it by the same functions as the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from outreach import clock
from outreach.callbacks import executions as callbacks
from outreach.campaigns import audience, executions, held, ledger, records, schedules
from outreach.campaigns.ledger import Cell, Page
from outreach.campaigns.records import Record, RecordStatus
from outreach.contacts.files import executions as imports
from outreach.contacts.files import records as import_records
from outreach.delivery import forgotten, lost_answers, singles
from outreach.messages import store as messages
from outreach.messages.models import Message, campaign_message_id
from outreach.observability import count, logger
from outreach.sending import accounts, queue


def repair(site_id: str, record_id: str) -> None:
    """Look at one record that isn't over, and mend it."""
    record = records.get(site_id, record_id)
    if record.status is RecordStatus.PAUSED:
        return
    if record.status is RecordStatus.CANCELLED and record.audience is None:
        records.settle_if_done(site_id, record_id)
        return
    has_more = not record.is_released or held.first(site_id, record_id) is not None
    if has_more and not executions.is_running(record):
        logger().warning("restarting a campaign record", record_id=record_id, site_id=site_id)
        executions.start(record)
    for page in ledger.read_pages(site_id, record_id):
        if page.has_open_cells:
            _repair_page(record, page)
    records.complete_if_done(site_id, record_id)
    records.settle_if_done(site_id, record_id)


def _repair_page(record: Record, page: Page) -> None:
    rows = list(_rows(record, page.places(Cell.QUEUED, Cell.SENDING)))
    ledger.apply(record.site_id, record.id, {row.place: Cell.of(row) for row in rows if row.place is not None})
    now = clock.now().timestamp()
    late = sorted((row for row in rows if forgotten.is_overdue(row, now)), key=lambda row: row.slot)
    is_held_up = late and accounts.pause_of(record.site_id, late[0].account_id)
    if late and record.status is RecordStatus.RUNNING and not is_held_up:
        logger().warning("queueing overdue messages again", record_id=record.id, site_id=record.site_id, count=len(late))
        messages.postpone(late, [now] * len(late))
        queue.enqueue(late, [now] * len(late))
    for row in rows:
        if forgotten.is_lost(row, now):
            due = queue.Due(row.site_id, row.account_id, row.record_id, ())
            lost_answers.begin(due, queue.Recipient(row.id, row.recipient), row)


def _rows(record: Record, places: list[int]) -> Iterator[Message]:
    """The rows of some places of one page; a place whose row was never created has none."""
    if not places:
        return
    ids = audience.contact_ids(record.site_id, record.id, places[0], places[-1] + 1)
    wanted = [campaign_message_id(record.id, ids[place - places[0]]) for place in places]
    yield from messages.get_many(record.site_id, wanted, consistent=True).values()


def repair_all() -> dict[str, int]:
    """Repair all that isn't over; what can't be repaired does not keep the rest from it.

    Returns:
        How many things were looked at, and how many could not be repaired.
    """
    jobs: list[Callable[[], object]] = [
        *(partial(repair, site_id, record_id) for site_id, record_id in records.unfinished()),
        *(partial(schedules.repair, site_id, campaign_id) for site_id, campaign_id in records.unfinished("CAMPAIGN#")),
        *(partial(imports.repair, site_id, import_id) for site_id, import_id in import_records.unfinished()),
        singles.repair,
        partial(callbacks.repair, clock.now()),
    ]
    failed = 0
    for job in jobs:
        try:
            job()
        except Exception:
            logger().exception("something could not be repaired")
            failed += 1
    count("RepairsFailed", failed)
    return {"looked_at": len(jobs), "failed": failed}
