"""Settling a cancelled record: what was not sent becomes a skip, page by page, with the same cursor as the release."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from outreach.campaigns import audience, held, ledger, records
from outreach.campaigns.ledger import Cell
from outreach.campaigns.records import Record
from outreach.messages import store as messages
from outreach.messages.models import campaign_message_id
from outreach.messages.status import SkipReason

_CONCURRENT_WRITES = 16


def step(record: Record) -> bool:
    """Settle the next page of a cancelled record; ``False`` when there is none left.

    A message that a worker has in its hands is not overtaken: it ends as its carrier says.
    """
    if record.audience is None or record.is_released:
        held.clear(record.site_id, record.id)
        records.settle_if_done(record.site_id, record.id)
        return False
    page = ledger.page_of(record.released)
    _settle(record, page)
    records.move_cursor(record, min(record.audience, (page + 1) * ledger.PAGE_SIZE))
    return True


def _settle(record: Record, number: int) -> None:
    audience_size = record.audience or 0
    start = number * ledger.PAGE_SIZE
    cells = ledger.cells(record.site_id, record.id, number, audience_size)
    unreleased = {start + index: Cell.CANCELLED for index, cell in enumerate(cells) if cell == Cell.UNRELEASED}
    if unreleased:
        ledger.enter(record.site_id, record.id, number, audience_size, unreleased)
    waiting = [start + index for index, cell in enumerate(cells) if cell in (Cell.QUEUED, Cell.SENDING)]
    if not waiting:
        return
    ids = audience.contact_ids(record.site_id, record.id, start, waiting[-1] + 1)
    wanted = {campaign_message_id(record.id, ids[place - start]): place for place in waiting}
    rows = messages.get_many(record.site_id, wanted, consistent=True)
    with ThreadPoolExecutor(_CONCURRENT_WRITES) as pool:
        list(pool.map(lambda row: messages.skip(row, SkipReason.CANCELLED), rows.values()))
    # The stream tells the ledger of the rows; of a place whose row was never created only we know.
    rowless = {place: Cell.CANCELLED for message_id, place in wanted.items() if message_id not in rows}
    if rowless:
        ledger.apply(record.site_id, record.id, rowless)
