"""Where an import begins: with a file that is there, that lies somewhere, or that is still to come."""

from __future__ import annotations

from outreach import aws
from outreach.contacts.files import executions, objects, records
from outreach.contacts.files.records import Duplicates, ImportRecord
from outreach.settings import settings


def of_file(site_id: str, import_id: str, content: bytes, duplicates: Duplicates) -> ImportRecord:
    """Begin to import a file."""
    record = records.create(site_id, import_id, duplicates)
    objects.put(objects.upload_key(site_id, record.id), content)
    executions.start(site_id, record.id)
    return record


def of_url(site_id: str, import_id: str, url: str, duplicates: Duplicates) -> ImportRecord:
    """Begin to import what lies at a URL."""
    record = records.create(site_id, import_id, duplicates, url)
    executions.start(site_id, record.id)
    return record


def announced(site_id: str, import_id: str, size: int, duplicates: Duplicates) -> tuple[ImportRecord, str]:
    """An import that begins when its file is there, and the URL that the file of ``size`` bytes is to be PUT at."""
    record = records.create(site_id, import_id, duplicates)
    parameters = {"Bucket": settings().files_bucket, "Key": objects.upload_key(site_id, record.id), "ContentLength": size}
    url = aws.s3().generate_presigned_url("put_object", Params=parameters, ExpiresIn=objects.URL_SECONDS)
    return record, url
