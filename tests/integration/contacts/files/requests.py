"""The endpoints of import and export as the tests call them."""

from __future__ import annotations

import csv
import io
from typing import Any

import requests

from tests.integration.contacts import requests as api
from tests.support.functions import Answer, call

IMPORT = "/contact/contacts:import"
COUNTS = ("createdCount", "updatedCount", "skippedCount", "failedCount")


def upload(content: bytes | str, option: str | None = None, name: str = "contacts.csv") -> Answer:
    """Import a file by a form, as HTTP clients write one."""
    raw = content.encode() if isinstance(content, str) else content
    form = {"duplicateControlOption": option} if option else None
    prepared = requests.Request("POST", "http://x", files={"uploadFile": (name, raw)}, data=form).prepare()
    assert isinstance(prepared.body, bytes)
    headers = {"content-type": prepared.headers["Content-Type"]}
    return call("contacts/import_contacts", "POST", IMPORT, prepared.body, headers=headers)


def counts(answer: Answer) -> tuple[int, ...]:
    """Created, updated, skipped, failed."""
    assert answer.status == 200, answer.body
    found = tuple(answer.body[name] for name in COUNTS)
    assert sum(found) == answer.body["totalRows"] == answer.body["processedRows"]
    return found


def record(import_id: str, site_id: str = "10000") -> Answer:
    return call("contacts/get_import_record", "GET", f"/contact/contactImportRecords/{import_id}", site_id=site_id)


def export(**wanted: Any) -> Answer:
    return call("contacts/export_contacts", "POST", "/contact/contacts:export", wanted)


def exported(**wanted: Any) -> list[dict[str, str]]:
    """The rows of an export."""
    answer = export(**wanted)
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.removeprefix("\ufeff"), newline="")))


def template(file_format: str = "xlsx") -> Answer:
    return call("contacts/get_import_template", "GET", f"/contact/importTemplate?format={file_format}")


def found(value: str) -> dict[str, Any]:
    """The one contact with that identity."""
    (identity,) = api.identify(value).body
    contact: dict[str, Any] = api.get(identity["contactId"]).body
    return contact
