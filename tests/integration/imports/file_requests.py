"""Requests to the import and export endpoints."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import requests

from tests.integration.contacts import contact_requests
from tests.support.functions import Answer, call

IMPORT = "/contact/contacts:import"
COUNTS = ("createdCount", "updatedCount", "skippedCount", "failedCount")


def upload(
    content: bytes | str, option: str | None = None, name: str = "contacts.csv", media_type: str | None = None, **form: Any
) -> Answer:
    """Import a file with a multipart form, which has the properties of ``form`` too: texts as they are, others as JSON."""
    raw = content.encode() if isinstance(content, str) else content
    form = {key: value if isinstance(value, str) else json.dumps(value) for key, value in form.items()}
    form |= {"duplicateControlOption": option} if option else {}
    file = (name, raw, media_type) if media_type else (name, raw)
    prepared = requests.Request("POST", "http://x", files={"uploadFile": file}, data=form).prepare()
    assert isinstance(prepared.body, bytes)
    headers = {"content-type": prepared.headers["Content-Type"]}
    return call("contacts/import_contacts", "POST", IMPORT, prepared.body, headers=headers)


def counts(answer: Answer) -> tuple[int, ...]:
    """The numbers of created, updated, skipped and failed rows."""
    assert answer.status == 200, answer.body
    numbers = tuple(answer.body[name] for name in COUNTS)
    assert sum(numbers) == answer.body["totalRows"] == answer.body["processedRows"]
    return numbers


def record(import_id: str, site_id: str = "10000") -> Answer:
    return call("contacts/get_import_record", "GET", f"/contact/contactImportRecords/{import_id}", site_id=site_id)


def records(query: str = "", site_id: str = "10000") -> Answer:
    return call("contacts/list_import_records", "GET", f"/contact/contactImportRecords?{query}", site_id=site_id)


def failed_rows(import_id: str) -> str:
    """The file of an import's failed rows."""
    answer = call("contacts/list_failed_rows", "GET", f"/contact/contactImportRecords/{import_id}/failedRows")
    assert answer.status == 200, answer.body
    return str(answer.body)


def undo(import_id: str, site_id: str = "10000") -> Answer:
    url = f"/contact/contactImportRecords/{import_id}:undo"
    return call("contacts/act_on_import_record", "POST", url, site_id=site_id)


def export(**body: Any) -> Answer:
    return call("contacts/export_contacts", "POST", "/contact/contacts:export", {"timeZoneId": "UTC"} | body)


def exported_rows(**body: Any) -> list[dict[str, str]]:
    """The rows of an export."""
    answer = export(**body)
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.removeprefix("\ufeff"), newline="")))


def template(file_format: str = "xlsx") -> Answer:
    return call("contacts/get_import_template", "GET", f"/contact/importTemplate?format={file_format}")


def contact_with(value: str) -> dict[str, Any]:
    """The contact with an identity."""
    (identity,) = contact_requests.identify(value).body
    contact: dict[str, Any] = contact_requests.get(identity["contactId"]).body
    return contact
