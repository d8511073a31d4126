"""Contact fields (contract, Contacts)."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.contacts import schema
from outreach.contacts.values import FieldType
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.requests import email
from tests.support.functions import call

SYSTEM = [
    *("firstName", "lastName", "description", "alias", "title", "company", "fax", "phone", "mailingAddress", "city"),
    *("stateOrProvince", "countryOrRegion", "postalOrZipCode", "timeZone"),
]
IDENTITY = [
    "visitor",
    "email",
    "SMS",
    "facebook",
    "twitter",
    "wechat",
    "SSOID",
    "externalID",
    "whatsApp",
    "instagram",
    "telegram",
    "line",
]
OPTIONS = [{"value": "Red", "order": 2}, {"value": "Green", "order": "1", "displayText": "Like grass"}]


def test_every_site_has_the_system_fields_from_the_start() -> None:
    fields = api.fields()
    assert [field["name"] for field in fields] == SYSTEM + IDENTITY
    assert all(field["isSystem"] for field in fields)
    assert [field["identityType"] for field in fields if field["isIdentity"]] == IDENTITY
    assert not {field["id"] for field in fields} & {field["id"] for field in api.fields(OTHER_SITE)}


@pytest.mark.parametrize("type_", FieldType)
def test_a_field_of_each_type_can_be_created_and_used(type_: FieldType) -> None:
    answer = api.create_field(Name="AAA", Type=type_.upper().replace(" ", ""), fieldOptions=OPTIONS if type_.has_options else [])
    assert answer.status == 201
    assert (answer.body["type"], answer.body["isSystem"], answer.body["isRequired"]) == (type_, False, False)
    assert answer.body == call("contacts/get_field", "GET", f"{api.FIELDS}/{answer.body['id']}").body
    example = {"email": "a@b.co", "url": "https://b.co", "integer": "5", "float": "5", "checkbox": "yes", "timezone": "utc"}.get(
        type_, "red" if type_.has_options else "2022-05-23"
    )
    assert "AAA" in api.created(customFields={"aaa": example})["customFields"]


def test_options_are_written_in_their_order() -> None:
    field = api.create_field(name="colour", type="radio", fieldOptions=OPTIONS).body
    assert [(option["value"], option["displayText"], option["fieldId"]) for option in field["fieldOptions"]] == [
        ("Green", "Like grass", field["id"]),
        ("Red", "Red", field["id"]),
    ]


def test_fields_are_listed_by_their_order() -> None:
    api.create_field(name="last", type="text")
    api.create_field(name="first", type="text", order="-5")
    assert [field["name"] for field in api.fields()] == ["first", *SYSTEM, *IDENTITY, "last"]


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        ({"type": "text"}, "/name"),
        ({"name": " ", "type": "text"}, "/name"),
        ({"name": "a"}, "/type"),
        ({"name": "a", "type": "number"}, "/type"),
        ({"name": "a", "type": "text", "length": 0}, "/length"),
        ({"name": "a", "type": "text", "length": "long"}, "/length"),
        ({"name": "a", "type": "text", "isRequired": "perhaps"}, "/isRequired"),
        ({"name": "a", "type": "integer", "defaultValue": "five"}, "/defaultValue"),
        ({"name": "a", "type": "text", "length": 2, "defaultValue": "five"}, "/defaultValue"),
        ({"name": "a", "type": "radio"}, "/fieldOptions"),
        ({"name": "a", "type": "text", "fieldOptions": OPTIONS}, "/fieldOptions"),
        ({"name": "a", "type": "radio", "fieldOptions": [{"value": "x"}, {"value": "X"}]}, "/fieldOptions"),
        ({"name": "a", "type": "radio", "fieldOptions": [{"order": 1}]}, "/fieldOptions/0/value"),
    ],
)
def test_a_wrong_definition_is_400_with_its_place(definition: dict[str, Any], pointer: str) -> None:
    assert api.pointers(api.create_field(**definition)) == [pointer]
    assert len(api.fields()) == len(SYSTEM + IDENTITY)


@pytest.mark.parametrize("name", ["company", "COMPANY", "email", "name", "createTime", " aaa"])
def test_a_name_is_used_once(name: str) -> None:
    api.create_field(name="AAA", type="text")
    answer = api.create_field(name=name, type="text")
    assert (answer.status, answer.body["code"]) == (409, "duplicate_field")
    renamed = api.create_field(name="BBB", type="text").body["name"]
    assert api.put_field(renamed, {"name": name}).body["code"] == "duplicate_field"


@pytest.mark.parametrize("change", [{"type": "textArea"}, {"name": "firm"}])
def test_a_system_field_keeps_name_and_type(change: dict[str, Any]) -> None:
    assert api.put_field("company", change).body["code"] == "system_field"
    assert api.delete_field("company").body["code"] == "system_field"
    assert api.put_field("company", {"type": "TEXT", "isRequired": True, "helpText": "Where?"}).status == 200
    assert api.pointers(api.create()) == ["/customFields/company"]


def test_an_update_replaces_only_what_it_names() -> None:
    before = api.create_field(name="AAA", type="text", length=5, helpText="help", defaultValue="x", isRequired=True).body
    assert api.put_field("AAA", {"order": 3}).body == {**before, "order": 3}
    assert api.put_field("AAA", {"length": None, "helpText": ""}).body == {**before, "order": 3, "length": None, "helpText": ""}
    assert api.put_field("AAA", before).body == before


def test_a_deleted_field_disappears_with_its_values() -> None:
    api.create_field(name="AAA", type="text")
    tom = api.created(customFields={"AAA": "x"})
    assert api.delete_field("AAA").status == 204
    assert api.get(tom["id"]).body["customFields"] == {}
    assert api.create_field(name="AAA", type="text").status == 201
    assert api.get(tom["id"]).body["customFields"] == {}, "a new field of the same name starts empty"


def test_a_renamed_field_keeps_its_values() -> None:
    api.create_field(name="AAA", type="text")
    tom = api.created(customFields={"AAA": "x"})
    api.put_field("AAA", {"name": "BBB"})
    assert api.get(tom["id"]).body["customFields"] == {"BBB": "x"}


@pytest.mark.parametrize(("type_", "kept"), [("textArea", {"AAA": "x"}), ("integer", {})])
def test_a_retyped_field_keeps_values_only_of_the_same_kind(type_: str, kept: dict[str, Any]) -> None:
    api.create_field(name="AAA", type="text")
    tom = api.created(customFields={"AAA": "x"})
    assert api.put_field("AAA", {"type": type_}).status == 200
    assert api.get(tom["id"]).body["customFields"] == kept


def test_an_unknown_field_is_404_and_another_sites_field_is_unknown() -> None:
    field = api.create_field(name="AAA", type="text").body
    for name, method in (("get_field", "GET"), ("update_field", "PUT"), ("delete_field", "DELETE")):
        body: dict[str, Any] | None = {} if method == "PUT" else None
        assert call(f"contacts/{name}", method, f"{api.FIELDS}/{field['id']}", body, site_id=OTHER_SITE).status == 404


def test_required_defaults_and_read_only() -> None:
    api.create_field(name="must", type="integer", isRequired="yes")
    api.create_field(name="given", type="checkbox", isRequired=True, defaultValue=True)
    api.create_field(name="fixed", type="text", isReadOnly="1")
    assert api.pointers(api.create()) == ["/customFields/must"]
    assert api.pointers(api.create(customFields={"must": ""})) == ["/customFields/must"]
    tom = api.created(customFields={"must": 5, "fixed": "x"})
    assert tom["customFields"] == {"must": 5, "given": True, "fixed": "x"}
    assert api.pointers(api.put(tom["id"], {"customFields": {"must": 5, "given": 1, "fixed": "y"}})) == ["/customFields/fixed"]
    assert api.pointers(api.put(tom["id"], {"customFields": {"must": None, "given": 1}})) == ["/customFields/must"]
    assert api.pointers(api.put(tom["id"], {"customFields": {"given": False}})) == ["/customFields/must"]
    assert api.put(tom["id"], {"name": "x"}).status == 200
    assert api.put(tom["id"], {"customFields": {"must": 6, "given": "no"}}).body["customFields"] == {
        "must": 6,
        "given": False,
        "fixed": "x",
    }


def test_an_identity_can_be_required() -> None:
    api.put_field("SMS", {"isRequired": True})
    assert api.pointers(api.create("Tom", email("a@b.co"))) == ["/contactIdentities"]


def test_fields_that_are_created_at_once_are_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    load, rivals = schema.load, iter(["BBB"])

    def interrupted(site_id: str) -> Any:
        loaded = load(site_id)
        for rival in rivals:
            api.create_field(name=rival, type="text")
        return loaded

    monkeypatch.setattr(schema, "load", interrupted)
    assert api.create_field(name="AAA", type="text").status == 201
    assert {"AAA", "BBB"} < {field.name for field in load(SITE).fields}
