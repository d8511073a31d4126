"""Export of contacts, and import of the exported file (docs/api.md, "Export")."""

from __future__ import annotations

import csv
import io
import time
from threading import Barrier
from typing import Any

import boto3
import openpyxl
import pytest

from outreach import dynamo
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.contacts.listing import search
from outreach.exports import csv_export
from outreach.http import oversized
from outreach.settings import settings
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.contact_requests import email, sms
from tests.integration.imports import file_requests
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


MISSPELT = {
    "filterCondition": "filterConditions",
    "Conditions": "filterConditions",
    "filters": "filterConditions",
    "FILTER": "filterConditions",
    "conditionMetType": "filterConditionMetType",
    "logicalExpression": "filterLogicalExpresssion",
    "keyword": "keywords",
}


def test_a_misspelt_filter_is_400_and_never_returns_everybody() -> None:
    export = {"timeZoneId": "UTC"}
    for name, meant in MISSPELT.items():
        for answer in (contact_requests.query({name: []}), contact_requests.export({**export, name: []})):
            assert answer.body["errors"] == [
                {"pointer": f"/{name}", "message": f"is not a property of a filter; did you mean {meant}?"}
            ]
    assert contact_requests.pointers(contact_requests.export({**export, "select": []})) == ["/select"]


def test_too_many_unknown_properties_are_400_because_each_may_be_misspelt() -> None:
    start = time.process_time()
    answer = contact_requests.query({f"filter{number}": [] for number in range(100_000)})
    assert answer.body["errors"] == [{"pointer": "", "message": "must have at most 500 unknown properties"}]
    assert time.process_time() - start < 5


def test_other_unknown_properties_of_a_query_are_ignored() -> None:
    unknown = {"unknown": 1, "x": {}, "": "", "name": "x", "description": "", "siteId": 5, "id": "x", "fields": []}
    assert contact_requests.query(unknown).status == 200
    assert contact_requests.export({**unknown, "timeZoneId": "UTC"}).status == 200


@pytest.fixture
def fields() -> None:
    types = {"shoeSize": "integer", "weight": "float", "member": "checkbox", "born": "date", "seen": "date time"}
    for name, type_ in types.items():
        assert contact_requests.create_field(name=name, type=type_).status == 201
    assert contact_requests.create_field(name="colours", type="checkboxlist", fieldOptions=OPTIONS).status == 201


def test_an_export_is_csv_with_a_byte_order_mark_and_begins_with_the_columns_of_the_template() -> None:
    contact = contact_requests.new_contact("Tom", email("tom@b.co"), sms("2125550123"))
    answer = file_requests.export(timeZoneId="UTC", utcOffset=0)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.body.startswith("\ufeffname,firstName,")
    header = next(csv.reader(io.StringIO(answer.body.removeprefix("\ufeff"))))
    template = next(csv.reader(io.StringIO(file_requests.template("csv").body.decode("utf-8-sig"))))
    assert header == [*template, "isOptedOut", "id", "createTime", "lastUpdatedTime"]
    (row,) = file_requests.exported_rows()
    assert (row["id"], row["email"], row["SMS"]) == (contact["id"], "tom@b.co", "'+12125550123")


def test_an_export_has_only_the_selected_contacts_in_their_order() -> None:
    ids = [contact_requests.new_contact(name)["id"] for name in ("a", "b", "c")]
    assert [row["id"] for row in file_requests.exported_rows(selected=[ids[2], ids[0], ids[2]])] == [ids[2], ids[0]]
    assert {row["id"] for row in file_requests.exported_rows()} == set(ids)


def test_an_export_has_only_the_contacts_that_match_a_filter() -> None:
    ids = [contact_requests.new_contact(name, customFields={"city": "Oslo"})["id"] for name in ("a", "b", "c")]
    conditions = [
        {"fieldName": "name", "operator": "Is Not", "value": "b", "order": 1},
        {"fieldName": "city", "operator": "is", "value": "oslo", "order": 2},
    ]
    assert {row["id"] for row in file_requests.exported_rows(filterConditions=conditions)} == {ids[0], ids[2]}
    assert [row["id"] for row in file_requests.exported_rows(contactFilterConditions=conditions, selected=ids[1:])] == [ids[2]]
    by_expression = {"filterConditionMetType": "logicalExpression", "filterLogicalExpresssion": "not 1"}
    rows = file_requests.exported_rows(filterConditions=conditions[:1], **by_expression)
    assert [row["id"] for row in rows] == [ids[1]]


def test_a_wrong_filter_is_400_at_its_place() -> None:
    answer = file_requests.export(filterConditions=[{"fieldName": "shoe size", "operator": "Is", "value": "5", "order": 1}])
    assert contact_requests.pointers(answer) == ["/filterConditions/0/fieldName"]


def test_an_export_says_who_has_opted_out_and_imports_it_again() -> None:
    contact_requests.new_contact("Tom", sms("+12125550123"))
    contact_requests.new_contact("Tim", sms("+12125550124"))
    opt_outs.add(SITE, "+12125550123", Source.OPERATOR)
    exported = file_requests.export().body
    rows = {row["name"]: row["isOptedOut"] for row in file_requests.exported_rows()}
    assert rows == {"Tom": "yes", "Tim": "no"}
    opt_outs.remove(SITE, "+12125550123", Source.OPERATOR)
    assert file_requests.counts(file_requests.upload(exported)) == (0, 2, 0, 0)
    assert opt_outs.opted_out_among(SITE, ["+12125550123", "+12125550124"]) == {"+12125550123"}


def test_headings_are_guarded_like_cells_and_import_again() -> None:
    contact_requests.create_field(name="=SUM(1)", type="text")
    contact = contact_requests.new_contact("Tom", customFields={"=SUM(1)": "x"})
    exported = file_requests.export().body
    assert ",'=SUM(1)," in exported
    assert file_requests.counts(file_requests.upload(exported)) == (0, 1, 0, 0)
    sheet = openpyxl.load_workbook(io.BytesIO(file_requests.template().body)).worksheets[0]
    assert {cell.data_type for cell in sheet[1]} == {"s"}
    assert contact_requests.get(contact["id"]).body["customFields"] == {"=SUM(1)": "x"}


def test_merged_contacts_and_those_of_other_sites_are_left_out() -> None:
    one, other = contact_requests.new_contact("One")["id"], contact_requests.new_contact("Other")["id"]
    contact_requests.create("Stranger", site_id=OTHER_SITE)
    contact_requests.merge(one, other)
    assert [row["id"] for row in file_requests.exported_rows()] == [one]
    assert [row["id"] for row in file_requests.exported_rows(selected=[other, one])] == [one]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "2022-07-01T12:00:00.123+00:00"),
        ({"timeZoneId": "Africa/Kigali"}, "2022-07-01T14:00:00.123+02:00"),
        ({"timeZoneId": "pacific standard time", "utcOffset": 5}, "2022-07-01T05:00:00.123-07:00"),
        ({"timeZoneId": "Nowhere/Land", "utcOffset": "-7"}, "2022-07-01T05:00:00.123-07:00"),
        ({"timeZoneId": "", "utcOffset": 330}, "2022-07-01T17:30:00.123+05:30"),
    ],
)
def test_datetimes_are_in_the_requested_time_zone(fields: None, body: dict[str, Any], expected: str) -> None:
    contact_requests.new_contact("Tom", customFields={"seen": "2022-07-01T12:00:00.123Z"})
    (row,) = file_requests.exported_rows(**body)
    assert row["seen"] == expected or row["seen"] == f"'{expected}"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"timeZoneId": "Nowhere/Land"}, "/timeZoneId"),
        ({"timeZoneId": "", "utcOffset": 900}, "/utcOffset"),
        ({"selected": ["5"]}, "/selected/0"),
    ],
)
def test_an_invalid_request_is_400(body: dict[str, Any], pointer: str) -> None:
    assert contact_requests.pointers(file_requests.export(**body)) == [pointer]


@pytest.mark.parametrize("option", ["merge", "replace", "skip"])
def test_importing_an_export_keeps_identities_that_contain_separators(option: str) -> None:
    values = ["A;B", "a ::: b", ":::c", 'x"y', '"q"', "=x;y", "=z", "'=z", "p,q", "t\nu", "A", "B"]
    together = [{"type": "externalID", "value": value} for value in values]
    contact_requests.new_contact("All", *together)
    for value in values:
        contact_requests.new_contact(f"One {value}", {"type": "line", "value": value})
    before = contact_requests.list_contacts("pageSize=0").body["contacts"]
    expected = (0, 0, len(before), 0) if option == "skip" else (0, len(before), 0, 0)
    assert file_requests.counts(file_requests.upload(file_requests.export().body, option)) == expected
    assert contact_requests.list_contacts("pageSize=0").body["contacts"] == before


@pytest.mark.parametrize("option", ["merge", "replace"])
def test_importing_an_export_changes_nothing(fields: None, option: str) -> None:
    for number, text in enumerate(TEXTS):
        contact_requests.new_contact(
            f"N{number}{text}", email(f"{number}@b.co"), customFields={"description": text, "company": text}
        )
    contact_requests.new_contact("All", email("a+b@c.co"), email("z@b.co"), sms("2125550123"), customFields=VALUES)
    before = {contact["id"]: contact for contact in contact_requests.list_contacts("pageSize=0").body["contacts"]}
    content = file_requests.export(timeZoneId="Asia/Kolkata").body
    assert file_requests.counts(file_requests.upload(content, option)) == (0, len(before), 0, 0)
    after = {contact["id"]: contact for contact in contact_requests.list_contacts("pageSize=0").body["contacts"]}
    assert after == before


def test_importing_an_export_restores_deleted_contacts(fields: None) -> None:
    contact = contact_requests.new_contact("All", email("a@b.co"), sms("2125550123"), customFields=VALUES)
    content = file_requests.export().body
    contact_requests.delete(contact["id"])
    assert file_requests.counts(file_requests.upload(content)) == (1, 0, 0, 0)
    restored = file_requests.contact_with("a@b.co")
    assert (restored["name"], restored["customFields"]) == (contact["name"], contact["customFields"])


def test_a_large_export_redirects_to_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    contact_requests.new_contact("Tom")
    monkeypatch.setattr(oversized, "MAX_BYTES", 10)
    answer = file_requests.export()
    assert (answer.status, answer.body) == (303, "")
    assert "/exports/10000/" in answer.headers["Location"]


def test_an_export_that_takes_longer_is_202_and_then_303(monkeypatch: pytest.MonkeyPatch) -> None:
    contact = contact_requests.new_contact("Tom")
    monkeypatch.setattr(functions.load("contacts/export_contacts"), "WAIT_SECONDS", 0)
    monkeypatch.setattr(csv_export, "write", lambda *_: 0)
    answer = file_requests.export()
    export_id, location = answer.body["id"], answer.headers["Location"]
    assert (answer.status, answer.body["status"]) == (202, "running")
    assert call("contacts/get_export_record", "GET", location).body == {"id": export_id, "status": "running"}
    assert call("contacts/get_export_record", "GET", location, site_id=OTHER_SITE).status == 404
    monkeypatch.undo()
    csv_export.write("10000", export_id)
    assert call("contacts/get_export_record", "GET", location).status == 303
    stored = boto3.client("s3").get_object(Bucket=settings().files_bucket, Key=f"exports/10000/{export_id}")["Body"].read()
    assert contact["id"] in stored.decode("utf-8-sig")


def test_an_export_reads_all_shards_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [f"{number:02}@example.com" for number in range(20)]
    for address in addresses:
        contact_requests.new_contact("Ada", email(address))
    everybody, query = Barrier(settings().contact_shards), dynamo.query_raw

    def waiting(*arguments: Any, **request: Any) -> Any:
        everybody.wait(timeout=10)
        return query(*arguments, **request)

    monkeypatch.setattr(dynamo, "query_raw", waiting)
    documents = search.all_matching_documents(SITE, lambda _: True)
    assert sorted(document["identities"][0]["value"] for document in documents) == addresses


def test_a_retyped_field_is_exported_as_it_is_shown() -> None:
    contact_requests.create_field(name="AAA", type="text")
    for name in ("17", "x"):
        contact_requests.new_contact(name, customFields={"AAA": name})
    contact_requests.put_field("AAA", {"type": "integer"})
    assert {row["name"]: row["AAA"] for row in file_requests.exported_rows(timeZoneId="UTC")} == {"17": "17", "x": ""}


def test_an_export_has_the_contacts_that_match_keywords_and_filter() -> None:
    for name in ("Ada One", "Ada Two", "Bob Two"):
        contact_requests.new_contact(name, email(f"{name[:3]}{name[4:]}@b.co"))
    condition = {"fieldName": "name", "operator": "Contains", "value": "two", "order": 1}
    assert {row["name"] for row in file_requests.exported_rows(timeZoneId="UTC", Keywords="ADA")} == {"Ada One", "Ada Two"}
    both = file_requests.exported_rows(timeZoneId="UTC", keywords="ada", filterConditions=[condition])
    assert [row["name"] for row in both] == ["Ada Two"]
