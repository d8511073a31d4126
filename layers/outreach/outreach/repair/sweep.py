"""The sweep: finds unfinished work in the tables and lets it continue after any failure.

For campaign records it restarts executions that failed, queues overdue messages again, reconciles messages whose worker crashed,
updates the ledger from the message rows, and completes records that are done. Schedules, imports, single messages and callbacks
have their own repair functions. Repairs use the same functions as normal processing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from outreach import clock, dynamo
from outreach.callbacks import endpoint_backlog, retry_execution
from outreach.campaigns import audience, campaign_records, ledger, schedules, send_execution, stalled_sends
from outreach.campaigns.campaign_records import CampaignRecord, RecordStatus
from outreach.campaigns.ledger import Cell, LedgerPage
from outreach.campaigns.release import deferred_recipients
from outreach.imports import import_execution, import_records
from outreach.messages import message_store
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.status import MessageStatus
from outreach.observability import count, logger
from outreach.repair import single_messages, stalled_messages

# Queued places whose rows are read together, in the order of their slots.
_PLACES_PER_READ = 20


def repair(site_id: str, record_id: str) -> None:
    """Repair one campaign record that is not finished. A repair that keeps failing stops the record."""
    try:
        _repair(site_id, record_id)
    except Exception as error:
        stalled_sends.record_failure(campaign_records.get(site_id, record_id), dynamo.error_name(error))
        raise


def _repair(site_id: str, record_id: str) -> None:
    record = campaign_records.get(site_id, record_id)
    if record.status is RecordStatus.CANCELLED and record.audience is None:
        campaign_records.try_finish_cancellation(site_id, record_id)
        return
    if record.status is not RecordStatus.PAUSED and not _restart_if_stopped(record):
        return
    are_on_their_way = _repair_pages(record)
    if record.send_failures.reasons and not _has_more(record):
        # Clears failures of repairs; failures of executions are cleared by progress.
        campaign_records.forget_failures(record)
    if not are_on_their_way:
        campaign_records.try_complete(site_id, record_id)
        campaign_records.try_finish_cancellation(site_id, record_id)


def _repair_pages(record: CampaignRecord) -> bool:
    """Repair the pages that may have overdue messages; return whether another page has messages on their way."""
    now, are_on_their_way = clock.now().timestamp(), False
    for page in ledger.read_pages(record.site_id, record.id):
        if page.has_open_cells and stalled_messages.may_be_overdue(page.first_slot, now):
            _repair_page(record, page, now)
        elif page.has_open_cells:
            are_on_their_way = True
    return are_on_their_way


def _has_more(record: CampaignRecord) -> bool:
    """Whether an execution must release more of the record."""
    return not record.is_released or deferred_recipients.first(record.site_id, record.id) is not None


def _restart_if_stopped(record: CampaignRecord) -> bool:
    """Start the next execution of a record whose execution ended early; ``False`` when too many failed and the record stopped."""
    if not _has_more(record) or send_execution.is_running(record):
        return True
    if stalled_sends.record_failure(record, send_execution.outcome_of(record)):
        return False
    logger().warning("restarting the execution of a campaign record", record_id=record.id, site_id=record.site_id)
    send_execution.start(record)
    return True


def _repair_page(record: CampaignRecord, page: LedgerPage, now: float) -> None:
    rows = list(_rows(record, page.places(Cell.SENDING)))
    for places in dynamo.chunks(page.places(Cell.QUEUED), _PLACES_PER_READ):
        chunk = list(_rows(record, places))
        rows += chunk
        # Slots follow the order of places: if nothing is amiss here, the places that follow wait for later slots.
        if chunk and all(row.status is MessageStatus.QUEUED and not stalled_messages.is_overdue(row, now) for row in chunk):
            break
    campaign_records.sample(record.site_id, record.id)
    ledger.apply_messages(record.site_id, record.id, {row.place: row for row in rows if row.place is not None})
    stalled_messages.repair(rows, now, queues=record.status is RecordStatus.RUNNING)


def _rows(record: CampaignRecord, places: Sequence[int]) -> Iterator[Message]:
    """Yield the rows at some places of one page; some rows may not have been created."""
    if not places:
        return
    ids = audience.contact_ids(record.site_id, record.id, places[0], places[-1] + 1)
    message_ids = [campaign_message_id(record.id, ids[place - places[0]]) for place in places]
    yield from message_store.get_many(record.site_id, message_ids, consistent=True, texts=False).values()


def repair_all() -> dict[str, int]:
    """Repair all unfinished work. A repair that fails does not prevent the others.

    Returns:
        The number of repairs ``attempted``, and how many of them ``failed``.
    """
    repairs: list[Callable[[], object]] = [
        *(partial(repair, site_id, record_id) for site_id, record_id in campaign_records.unfinished()),
        *(
            partial(schedules.start_if_overdue, site_id, campaign_id)
            for site_id, campaign_id in campaign_records.unfinished("CAMPAIGN#")
        ),
        *(partial(import_execution.repair, site_id, import_id) for site_id, import_id in import_records.list_unfinished()),
        single_messages.repair,
        *(partial(retry_execution.repair, endpoint, clock.now()) for endpoint in endpoint_backlog.endpoints_with_backlog()),
    ]
    failed = 0
    for repair_one in repairs:
        try:
            repair_one()
        except Exception:
            logger().exception("repair failed")
            failed += 1
    count("RepairsFailed", failed)
    return {"attempted": len(repairs), "failed": failed}
