"""Contacts as CSV: UTF-8 with a byte order mark, RFC 4180; its columns are the template's, and some that can only be read.

The request for an export is an object, whose arrival starts the writing; the export is there when its own object is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from tempfile import TemporaryFile
from typing import Any

import orjson

from outreach import aws, clock, dynamo
from outreach.contacts import schema, search, store
from outreach.contacts.documents import Document, document_of
from outreach.contacts.fields import Field, Schema
from outreach.contacts.files import cells, objects, zones
from outreach.contacts.files.columns import READ_ONLY, headings
from outreach.contacts.files.status import Status
from outreach.contacts.files.waiting import progress, wait_for
from outreach.contacts.models import IdentityType
from outreach.contacts.values import FieldType
from outreach.errors import NotFound
from outreach.settings import settings

CONTENT_TYPE = "text/csv; charset=utf-8"
DISPOSITION = 'attachment; filename="contacts.csv"'

_CONTACTS_AT_ONCE = 100


def request(site_id: str, export_id: str, selected: Sequence[str], zone: str) -> None:
    """Ask for an export; asked for a second time, nothing happens.

    Args:
        selected: ids of contacts; empty for all.
        zone: see ``zones``.
    """
    objects.put_new(objects.export_request_key(site_id, export_id), orjson.dumps({"selected": selected, "zone": zone}))


def status(site_id: str, export_id: str) -> Status:
    """How far an export is.

    Raises:
        NotFound: the site has no such export, or no longer.
    """
    found = progress(objects.export_request_key(site_id, export_id), objects.export_key(site_id, export_id))
    if found is None:
        raise NotFound("There is no such export.")
    return found


def wait(site_id: str, export_id: str, seconds: float) -> Status:
    """Whether an export is there, at the latest after so many seconds."""
    return wait_for(lambda: status(site_id, export_id), lambda found: found is not Status.RUNNING, seconds)


def size(site_id: str, export_id: str) -> int:
    """Bytes of an export that is there."""
    return int((objects.head(objects.export_key(site_id, export_id)) or {})["ContentLength"])


def url(site_id: str, export_id: str) -> str:
    """Where an export can be fetched, for a short while."""
    return objects.url(objects.export_key(site_id, export_id))


def write(site_id: str, export_id: str) -> int:
    """Write what was asked for, with flat memory; how many contacts are in it."""
    fields = schema.load(site_id)
    wanted = orjson.loads(objects.get(objects.export_request_key(site_id, export_id)))
    zone = zones.read(wanted["zone"])
    documents = _selected(site_id, wanted["selected"]) if wanted["selected"] else _all(site_id)
    with TemporaryFile() as file:
        text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
        table = csv.writer(text)
        table.writerow([*headings(fields), *READ_ONLY])
        count = 0
        for document in documents:
            table.writerow([cells.guarded(cell) for cell in _row(document, fields, zone)])
            count += 1
        text.flush()
        file.seek(0)
        _upload(objects.export_key(site_id, export_id), file)
    return count


def _upload(key: str, file: Any) -> None:
    about = {"ContentType": CONTENT_TYPE, "ContentDisposition": DISPOSITION}
    aws.s3().upload_fileobj(file, settings().files_bucket, key, ExtraArgs=about)


def _all(site_id: str) -> Iterator[Document]:
    """All live contacts, shard after shard."""
    for shard in range(settings().contact_shards):
        yield from search.matching(site_id, shard, lambda _: True)


def _selected(site_id: str, contact_ids: Sequence[str]) -> Iterator[Document]:
    for part in dynamo.chunks(list(dict.fromkeys(contact_ids)), _CONTACTS_AT_ONCE):
        found = store.get_many(site_id, part)
        yield from (document_of(found[contact_id]) for contact_id in part if contact_id in found)


def _row(document: Document, fields: Schema, zone: tzinfo) -> Iterator[str]:
    yield document["name"]
    for field in fields.ordered:
        yield _identities(document, field.identity_type) if field.identity_type else _cell(field, document.get(field.key), zone)
    yield document["id"]
    yield _local(document["createTime"], zone)
    yield _local(document["lastUpdatedTime"], zone)


def _identities(document: Document, type_: IdentityType) -> str:
    live = (identity for identity in document["identities"] if "isDeleted" not in identity)
    return cells.joined(identity["value"] for identity in live if identity["type"] == type_)


def _cell(field: Field, value: Any, zone: tzinfo) -> str:
    if value is None:
        return ""
    if field.type is FieldType.DATE_TIME:
        return _local(value, zone)
    if field.type is FieldType.CHECKBOX_LIST:
        return cells.joined(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _local(timestamp: str, zone: tzinfo) -> str:
    """A time in the zone, with its offset, so that it is the same moment for whoever reads it."""
    try:
        return clock.from_timestamp(timestamp).astimezone(zone).isoformat(timespec="milliseconds")
    except OverflowError:  # the first and last hours of the calendar
        return timestamp
