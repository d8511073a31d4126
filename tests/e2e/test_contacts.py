"""Contacts are imported from a file, found, merged and exported to a file that can be imported again."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client

IMPORTED = """\
name,email,SMS,company,city
Ada,ada@journey.example,+12125552001,Journey Ltd,Turku
Ada L.,lovelace@journey.example,+12125552002,Journey Ltd,Bergen
Grace,grace@journey.example,+12125552003,Journey Ltd,Turku
Edsger,edsger@journey.example,12,Journey Ltd,=Rotterdam
"""
IN_THE_COMPANY = {"fieldName": "company", "operator": "is", "value": "journey ltd", "order": 1}


def _counts(record: dict[str, Any]) -> tuple[int, ...]:
    return tuple(record[f"{outcome}Count"] for outcome in ("created", "updated", "skipped", "failed"))


def _find(site: Client, *conditions: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"filterConditions": [IN_THE_COMPANY, *conditions], "sortBy": "name", "pageSize": 100}
    return list(site.post("/contact/contacts:query", query)["contacts"])


def test_an_exported_file_can_be_imported_again(site: Client) -> None:
    assert _counts(site.import_contacts(IMPORTED)) == (4, 0, 0, 0)

    in_turku = {"fieldName": "city", "operator": "is", "value": "TURKU", "order": 2}
    assert [contact["name"] for contact in _find(site, in_turku)] == ["Ada", "Grace"]

    ada, other_ada, *_ = _find(site)
    site.ask("POST", f"/contact/contacts/{ada['id']}:merge", json={"contactId": other_ada["id"]})
    assert site.get(f"/contact/contacts/{other_ada['id']}")["mergeToContactId"] == ada["id"]
    remaining = _find(site)
    assert [contact["name"] for contact in remaining] == ["Ada", "Edsger", "Grace"]

    selected = [contact["id"] for contact in remaining]
    exported = site.ask("POST", "/contact/contacts:export", json={"selected": selected, "timeZoneId": "UTC"}).content.decode(
        "utf-8-sig"
    )
    assert "+12125552001;+12125552002" in exported
    assert _counts(site.import_contacts(exported)) == (0, 3, 0, 0)
    assert _find(site) == remaining
