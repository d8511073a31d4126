"""Exports of a campaign record as CSV: one row for each contact of its audience (docs/api.md, "Campaigns").

A request is an S3 object; its creation invokes the endpoint's function again, which writes the file. Like a list result, the
export is read at ``/listResults/{id}``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import orjson

from outreach import s3
from outreach.campaigns import audience, campaign_records, engagement, ledger
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Cell, LedgerPage
from outreach.contacts import contact_store
from outreach.contacts.models import Contact
from outreach.exports import csv_file
from outreach.http import list_results
from outreach.http.job_status import JobStatus, status_of
from outreach.http.polling import wait_for
from outreach.messages import message_store
from outreach.messages.models import Message, campaign_message_id
from outreach.messages.recipient import recipient_of
from outreach.messages.status import MessageStatus, SkipReason

DISPOSITION = 'attachment; filename="results.csv"'
HEADINGS = ("contactId", "name", "number", "status", "reason", "skippedReason", "sentTime", "replied")

_FUNCTION = "act_on_campaign_record"


def request(site_id: str, record_id: str, export_id: str) -> None:
    """Request the export of a record; a repeated call changes nothing.

    Raises:
        NotFound: the site has no such record.
    """
    campaign_records.get(site_id, record_id)
    s3.files().put_new(list_results.request_key(_FUNCTION, site_id, export_id), orjson.dumps({"record_id": record_id}))


def wait_until_finished(site_id: str, export_id: str, seconds: float) -> JobStatus:
    """Wait until an export is finished, or the time is over; return its status."""
    keys = list_results.request_key(_FUNCTION, site_id, export_id), object_key(site_id, export_id)
    return wait_for(lambda: status_of(*keys) or JobStatus.RUNNING, lambda status: status is not JobStatus.RUNNING, seconds)


def object_key(site_id: str, export_id: str) -> str:
    """Return the key of a finished export in the files bucket."""
    return list_results.result_key(_FUNCTION, site_id, export_id)


def write(site_id: str, export_id: str) -> int:
    """Write a requested export; return the number of rows."""
    job = orjson.loads(s3.files().get(list_results.request_key(_FUNCTION, site_id, export_id)))
    record = campaign_records.get(site_id, job["record_id"])
    return csv_file.upload(object_key(site_id, export_id), DISPOSITION, HEADINGS, _rows(record))


def _rows(record: CampaignRecord) -> Iterator[tuple[str, ...]]:
    """Yield the rows in the order of the audience, page by page; no rows before the freeze."""
    repliers = _repliers(record)
    pages = math.ceil(record.audience_size / ledger.PAGE_SIZE)
    for number in range(pages):
        yield from _page_rows(record, _page(record, number), repliers)


def _page(record: CampaignRecord, number: int) -> LedgerPage:
    return LedgerPage(record.id, number, ledger.cells(record.site_id, record.id, number, record.audience_size))


def _page_rows(record: CampaignRecord, page: LedgerPage, repliers: set[str]) -> Iterator[tuple[str, ...]]:
    start = page.number * ledger.PAGE_SIZE
    ids = audience.contact_ids(record.site_id, record.id, start, start + len(page.cells))
    contacts = contact_store.get_many(record.site_id, ids)
    message_ids = {
        contact_id: campaign_message_id(record.id, contact_id)
        for contact_id, cell in zip(ids, page.cells, strict=True)
        if cell != Cell.UNRELEASED
    }
    messages = message_store.get_many(record.site_id, message_ids.values(), texts=False)
    skips = {place - start: reason for place, reason in ledger.skips(page)}
    for index, contact_id in enumerate(ids):
        message = messages.get(message_ids.get(contact_id, ""))
        contact = contacts.get(contact_id)
        if message is None:
            yield _row_of_cell(contact_id, contact, Cell(page.cells[index]), skips.get(index))
        else:
            yield _row(contact_id, contact, message, repliers)


def _row_of_cell(contact_id: str, contact: Contact | None, cell: Cell, skip: SkipReason | None) -> tuple[str, ...]:
    """Return the row of a contact without a message: it is skipped, not released yet, or its message has expired."""
    number = (contact and recipient_of(contact).number) or ""
    if skip:
        status, replied = MessageStatus.SKIPPED, "no"
    elif cell == Cell.UNRELEASED:
        status, replied = MessageStatus.QUEUED, "no"
    else:
        status, replied = MessageStatus[cell.name], ""  # nobody knows any more from which number a reply would come
    return contact_id, contact.name if contact else "", number, status, "", skip or "", "", replied


def _row(contact_id: str, contact: Contact | None, message: Message, repliers: set[str]) -> tuple[str, ...]:
    return (
        contact_id,
        contact.name if contact else "",
        message.recipient,
        message.status,
        message.failed_reason,
        message.skip_reason or "",
        message.sent_time or "",
        "yes" if message.recipient in repliers else "no",
    )


def _repliers(record: CampaignRecord) -> set[str]:
    """Return the numbers that replied to the record."""
    reply_ids = engagement.reply_ids(record.site_id, record.id)
    replies: Mapping[str, Message] = message_store.get_many(record.site_id, reply_ids, texts=False)
    return {reply.sender for reply in replies.values()}
