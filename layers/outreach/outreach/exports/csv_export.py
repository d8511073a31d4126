"""Exports of contacts as CSV: the template's columns, the opt-out, then the read-only ones (:mod:`.csv_file`).

A request is an S3 object; its creation invokes the function that writes the export. The export is complete when its own object
exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import Any

import orjson

from outreach import clock, dynamo, s3
from outreach.contacts import contact_store, field_store
from outreach.contacts.contact_documents import Document, document_of
from outreach.contacts.field_values import FieldType
from outreach.contacts.fields import Field, SiteFields
from outreach.contacts.filters import compiler
from outreach.contacts.filters.combination import all_of
from outreach.contacts.filters.models import Filter
from outreach.contacts.listing import search
from outreach.contacts.models import IdentityType
from outreach.contacts.opt_out_status import OptedOutNumbers
from outreach.errors import NotFound
from outreach.exports import csv_file, export_time_zone
from outreach.http.job_status import JobStatus, status_of
from outreach.http.polling import wait_for
from outreach.imports import cells
from outreach.imports.columns import IS_OPTED_OUT, READ_ONLY, template_headings

DISPOSITION = 'attachment; filename="contacts.csv"'

_CONTACTS_PER_READ = 100


def request(
    site_id: str, export_id: str, contact_ids: Sequence[str], contact_filter: Filter, zone: str, keywords: str = ""
) -> None:
    """Request an export; a repeated call changes nothing.

    Args:
        contact_ids: the contacts to export; empty for all.
        contact_filter: an additional filter for the contacts.
        zone: the time zone of datetimes; see :func:`outreach.exports.export_time_zone.normalise`.
        keywords: see :func:`outreach.contacts.listing.search.has_keyword`; blank for all contacts.

    Raises:
        ValidationFailed: the filter is wrong.
    """
    if contact_filter.conditions or contact_filter.expression:
        compiler.compile_filter(contact_filter, field_store.load(site_id))
    job = {"selected": contact_ids, "filter": asdict(contact_filter), "zone": zone, "keywords": keywords}
    s3.files().put_new(request_key(site_id, export_id), orjson.dumps(job))


def status(site_id: str, export_id: str) -> JobStatus:
    """Return the status of an export.

    Raises:
        NotFound: the site has no such export, or it has expired.
    """
    job_status = status_of(request_key(site_id, export_id), object_key(site_id, export_id))
    if job_status is None:
        raise NotFound("The site has no export with this id, or the export has expired. Request it again.")
    return job_status


def wait_until_finished(site_id: str, export_id: str, seconds: float) -> JobStatus:
    """Wait until an export is finished, or the time is over; return its status."""
    return wait_for(lambda: status(site_id, export_id), lambda job_status: job_status is not JobStatus.RUNNING, seconds)


def download_url(site_id: str, export_id: str) -> str:
    """Return a presigned URL of a completed export."""
    return s3.files().download_url(object_key(site_id, export_id))


def write(site_id: str, export_id: str) -> int:
    """Write the requested export; return the number of contacts. Memory does not grow with that number."""
    site_fields = field_store.load(site_id)
    job = orjson.loads(s3.files().get(request_key(site_id, export_id)))
    zone = export_time_zone.parse(job["zone"])
    opted_out = OptedOutNumbers(site_id)
    predicate = all_of(
        [
            compiler.compile_filter(_filter(job), site_fields, opted_out=opted_out),
            *search.keyword_predicates(job.get("keywords", ""), site_fields.region),
        ]
    )
    selected = filter(predicate, _selected_contacts(site_id, job["selected"]))
    documents = selected if job["selected"] else search.all_matching_documents(site_id, predicate)
    headings = [*template_headings(site_fields), IS_OPTED_OUT, *READ_ONLY]
    rows = (_row(document, site_fields, zone, is_opted_out=opted_out.is_opted_out(document)) for document in documents)
    return csv_file.upload(object_key(site_id, export_id), DISPOSITION, headings, rows)


def object_key(site_id: str, export_id: str) -> str:
    """Return the key of an export in the files bucket."""
    return f"exports/{site_id}/{export_id}"


def request_key(site_id: str, export_id: str) -> str:
    """Return the key of an export request in the files bucket; the object's creation starts the export."""
    return f"export-requests/{site_id}/{export_id}"


def _filter(job: Mapping[str, Any]) -> Filter:
    """Return the filter of a request. A request from before exports had filters selects all contacts."""
    stored = job.get("filter")
    return Filter.of_stored(stored) if stored else Filter()


def _selected_contacts(site_id: str, contact_ids: Sequence[str]) -> Iterator[Document]:
    for chunk in dynamo.chunks(list(dict.fromkeys(contact_ids)), _CONTACTS_PER_READ):
        contacts = contact_store.get_many(site_id, chunk)
        yield from (document_of(contacts[contact_id]) for contact_id in chunk if contact_id in contacts)


def _row(document: Document, site_fields: SiteFields, zone: tzinfo, *, is_opted_out: bool) -> Iterator[str]:
    yield document["name"]
    for field in site_fields.ordered:
        if field.identity_type:
            yield _identities_cell(document, field.identity_type)
        else:
            yield _value_cell(field, field.value_in(document), zone)
    yield "yes" if is_opted_out else "no"
    yield document["id"]
    yield _local_time(document["createTime"], zone)
    yield _local_time(document["lastUpdatedTime"], zone)


def _identities_cell(document: Document, type_: IdentityType) -> str:
    live = (identity for identity in document["identities"] if "isDeleted" not in identity)
    return cells.join(identity["value"] for identity in live if identity["type"] == type_)


def _value_cell(field: Field, value: Any, zone: tzinfo) -> str:
    if value is None:
        return ""
    if field.type is FieldType.DATE_TIME:
        return _local_time(value, zone)
    if field.type is FieldType.CHECKBOX_LIST:
        return cells.join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _local_time(timestamp: str, zone: tzinfo) -> str:
    """Convert a timestamp to the zone. The result has the zone's offset, so it denotes the same moment."""
    try:
        return clock.from_timestamp(timestamp).astimezone(zone).isoformat(timespec="milliseconds")
    except OverflowError:  # in the first or last hours of the calendar
        return timestamp
