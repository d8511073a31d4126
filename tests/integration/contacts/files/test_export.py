"""Export of contacts, and the way back (contract, Export)."""

from __future__ import annotations

import csv
import io
from typing import Any

import boto3
import pytest

from outreach.contacts.files import exporting
from outreach.http import large
from outreach.settings import settings
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import OTHER_SITE
from tests.integration.contacts.files import requests as files
from tests.integration.contacts.requests import email, sms
from tests.support import functions
from tests.support.functions import call

OPTIONS = [{"value": value} for value in ("red, dark", "red", "dark", "a;b", '"quoted"')]
TEXTS = ["=1+1", "'=1+1", "'+", "@x", "-", "\tx", "\rx", "'plain", 'say "hi", twice', "two\r\nlines", "Zoë", " kept "]
VALUES: dict[str, Any] = {
    "shoeSize": -42,
    "weight": -0.5,
    "member": False,
    "colours": ["red, dark", "a;b", '"quoted"'],
    "born": "1970-01-02",
    "seen": "2022-07-01T12:00:00.123Z",
    "timeZone": "Africa/Kigali",
}


@pytest.fixture
def fields() -> None:
    types = {"shoeSize": "integer", "weight": "float", "member": "checkbox", "born": "date", "seen": "date time"}
    for name, type_ in types.items():
        assert api.create_field(name=name, type=type_).status == 201
    assert api.create_field(name="colours", type="checkboxlist", fieldOptions=OPTIONS).status == 201


def test_an_export_is_csv_with_a_mark_and_the_templates_columns_first() -> None:
    contact = api.created("Tom", email("tom@b.co"), sms("2125550123"))
    answer = files.export(timeZoneId="UTC", utcOffset=0)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.body.startswith("\ufeffname,firstName,")
    header = next(csv.reader(io.StringIO(answer.body.removeprefix("\ufeff"))))
    template = next(csv.reader(io.StringIO(files.template("csv").body.decode("utf-8-sig"))))
    assert header == [*template, "id", "createTime", "lastUpdatedTime"]
    (row,) = files.exported()
    assert (row["id"], row["email"], row["SMS"]) == (contact["id"], "tom@b.co", "'+12125550123")


def test_selected_contacts_only_in_their_order() -> None:
    made = [api.created(name)["id"] for name in ("a", "b", "c")]
    assert [row["id"] for row in files.exported(selected=[made[2], made[0], made[2]])] == [made[2], made[0]]
    assert {row["id"] for row in files.exported()} == set(made)


def test_merged_contacts_and_those_of_other_sites_are_left_out() -> None:
    one, other = api.created("One")["id"], api.created("Other")["id"]
    api.create("Stranger", site_id=OTHER_SITE)
    api.merge(one, other)
    assert [row["id"] for row in files.exported()] == [one]
    assert [row["id"] for row in files.exported(selected=[other, one])] == [one]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "2022-07-01T12:00:00.123+00:00"),
        ({"timeZoneId": "Africa/Kigali"}, "2022-07-01T14:00:00.123+02:00"),
        ({"timeZoneId": "pacific standard time", "utcOffset": 5}, "2022-07-01T05:00:00.123-07:00"),
        ({"timeZoneId": "Nowhere/Land", "utcOffset": "-7"}, "2022-07-01T05:00:00.123-07:00"),
        ({"utcOffset": 330}, "2022-07-01T17:30:00.123+05:30"),
    ],
)
def test_datetimes_are_written_in_the_zone(fields: None, wanted: dict[str, Any], expected: str) -> None:
    api.created("Tom", customFields={"seen": "2022-07-01T12:00:00.123Z"})
    (row,) = files.exported(**wanted)
    assert row["seen"] == expected or row["seen"] == f"'{expected}"


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [({"timeZoneId": "Nowhere/Land"}, "/timeZoneId"), ({"utcOffset": 900}, "/utcOffset"), ({"selected": ["5"]}, "/selected/0")],
)
def test_a_wrong_request_is_400(wanted: dict[str, Any], pointer: str) -> None:
    assert api.pointers(files.export(**wanted)) == [pointer]


@pytest.mark.parametrize("option", ["merge", "replace"])
def test_importing_an_export_changes_nothing(fields: None, option: str) -> None:
    for number, text in enumerate(TEXTS):
        api.created(f"N{number}{text}", email(f"{number}@b.co"), customFields={"description": text, "company": text})
    api.created("All", email('"a;b"@c.co'), email("z@b.co"), sms("2125550123"), customFields=VALUES)
    before = {contact["id"]: contact for contact in api.listed("pageSize=0").body["contacts"]}
    content = files.export(timeZoneId="Asia/Kolkata").body
    assert files.counts(files.upload(content, option)) == (0, len(before), 0, 0)
    after = {contact["id"]: contact for contact in api.listed("pageSize=0").body["contacts"]}
    assert after == before


def test_contacts_that_are_gone_come_back_from_an_export(fields: None) -> None:
    contact = api.created("All", email("a@b.co"), sms("2125550123"), customFields=VALUES)
    content = files.export().body
    api.delete(contact["id"])
    assert files.counts(files.upload(content)) == (1, 0, 0, 0)
    again = files.found("a@b.co")
    assert (again["name"], again["customFields"]) == (contact["name"], contact["customFields"])


def test_a_large_export_lies_at_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    api.created("Tom")
    monkeypatch.setattr(large, "MAX_BYTES", 10)
    answer = files.export()
    assert (answer.status, answer.body) == (303, "")
    assert "/exports/10000/" in answer.headers["Location"]


def test_an_export_that_takes_longer_is_202_and_later_303(monkeypatch: pytest.MonkeyPatch) -> None:
    contact = api.created("Tom")
    monkeypatch.setattr(functions.load("contacts/export_contacts"), "WAIT_SECONDS", 0)
    monkeypatch.setattr(exporting, "write", lambda *_: 0)
    answer = files.export()
    export_id, place = answer.body["id"], answer.headers["Location"]
    assert (answer.status, answer.body["status"]) == (202, "running")
    assert call("contacts/get_export_record", "GET", place).body == {"id": export_id, "status": "running"}
    assert call("contacts/get_export_record", "GET", place, site_id=OTHER_SITE).status == 404
    monkeypatch.undo()
    exporting.write("10000", export_id)
    assert call("contacts/get_export_record", "GET", place).status == 303
    stored = boto3.client("s3").get_object(Bucket=settings().files_bucket, Key=f"exports/10000/{export_id}")["Body"].read()
    assert contact["id"] in stored.decode("utf-8-sig")
