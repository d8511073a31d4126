"""A Google export is tried, mapped by its suggestions, imported, corrected, imported again, and undone."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.support.client import TIMEOUT_SECONDS, Client, until

HEADER = (
    "First Name,Middle Name,Last Name,Organization Name,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,"
    "Phone 1 - Label,Phone 1 - Value"
)
ROWS = """\
Ada,,Journeyer,Undo Ltd,,* myContacts,* Home,ada@undo.example,Mobile,+1 212-555-6001 ::: +1 212-555-6002
Grace,,Journeyer,Undo Ltd,first,* myContacts,* Home,grace.undo.example,Mobile,+1 212-555-6003
Linus,,Journeyer,Undo Ltd,,* myContacts,* Home,linus@undo.example,Mobile,n/a
"""
RECORDS = "/contact/contactImportRecords"


def _send(site: Client, text: str, status: int | None = None, **fields: Any) -> Any:
    form = {name: json.dumps(value) for name, value in fields.items()}
    file = {"uploadFile": ("contacts.csv", text.encode(), "text/csv")}
    return site.ask("POST", "/contact/contacts:import", status, files=file, data=form).json()


def _import(site: Client, text: str, **fields: Any) -> Any:
    record = f"{RECORDS}/{_send(site, text, **fields)['id']}"
    return until(lambda: site.get(record), lambda shown: shown["status"] == "completed", TIMEOUT_SECONDS)


def _undo(site: Client, import_id: str) -> Any:
    path = f"{RECORDS}/{import_id}:undo"
    return until(lambda: site.ask("POST", path), lambda answer: answer.status_code == 200, TIMEOUT_SECONDS).json()


def _expect_names(site: Client, *names: str) -> None:
    company = {"fieldName": "company", "operator": "is", "value": "undo ltd", "order": 1}
    query = {"filterConditions": [company], "sortBy": "name", "pageSize": 100}
    contacts = lambda: [contact["name"] for contact in site.post("/contact/contacts:query", query)["contacts"]]  # noqa: E731
    until(contacts, lambda shown: shown == list(names), 10)


def test_a_google_export_is_imported_corrected_and_undone(site: Client) -> None:
    export = f"{HEADER}\n{ROWS}"
    columns = _send(site, export, 400, dryRun=True)["suggestedColumns"]
    assert columns["Phone 1 - Value"] == "SMS"

    dry = _import(site, export, dryRun=True, columns=columns)
    assert (dry["createdCount"], dry["failedCount"], dry["warningCount"]) == (2, 1, 1), dry["failedRows"]
    assert (dry["rows"][0]["values"]["First Name"], dry["delimiter"]) == ("Ada", ",")
    _expect_names(site)

    first = _import(site, export, columns=columns)
    assert (first["createdCount"], first["failedRows"]) == (2, dry["failedRows"])
    _expect_names(site, "Ada Journeyer", "Linus Journeyer")

    failed = site.ask("GET", f"{RECORDS}/{first['id']}/failedRows").content.decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(failed)))[-1] == "importError"
    second = _import(site, failed.replace("grace.undo.example", "grace@undo.example", 1), columns=columns)
    assert (second["createdCount"], second["failedCount"]) == (1, 0)
    _expect_names(site, "Ada Journeyer", "Grace Journeyer", "Linus Journeyer")

    listed = [record["id"] for record in site.get(RECORDS)["contactImportRecords"]]
    assert [import_id for import_id in listed if import_id in (dry["id"], first["id"], second["id"])] == [
        second["id"],
        first["id"],
    ]
    assert _undo(site, first["id"]) == {"deleted": 2, "restored": 0, "kept": 0}
    _expect_names(site, "Grace Journeyer")
    _undo(site, second["id"])
    _expect_names(site)
