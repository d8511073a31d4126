"""Contact fields (docs/api.md, "Contacts")."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.contacts import field_store
from outreach.contacts.field_values import FieldType
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.contact_requests import email
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


def test_an_option_whose_display_text_shows_nothing_is_shown_by_its_value() -> None:
    options = [{"value": "Red", "displayText": "\u2800"}]
    field = contact_requests.create_field(name="colour", type="radio", fieldOptions=options).body
    assert field["fieldOptions"][0]["displayText"] == "Red"
    options = [{"value": "\u3164"}]
    refused = contact_requests.create_field(name="shade", type="radio", fieldOptions=options)
    assert contact_requests.pointers(refused) == ["/fieldOptions/0/value"]


def test_null_leaves_the_order_of_a_field_as_it_is() -> None:
    field = contact_requests.create_field(name="colour", type="text", order=7).body
    answer = call("contacts/update_field", "PUT", f"/contact/fields/{field['id']}", {"order": None, "isVisible": None})
    assert (answer.status, answer.body) == (200, field)


def test_every_site_has_the_system_fields_from_the_start() -> None:
    fields = contact_requests.fields()
    assert [field["name"] for field in fields] == SYSTEM + IDENTITY
    assert all(field["isSystem"] for field in fields)
    assert [field["identityType"] for field in fields if field["isIdentity"]] == IDENTITY
    assert not {field["id"] for field in fields} & {field["id"] for field in contact_requests.fields(OTHER_SITE)}


@pytest.mark.parametrize("type_", FieldType)
def test_a_field_of_each_type_can_be_created_and_used(type_: FieldType) -> None:
    answer = contact_requests.create_field(
        Name="AAA", Type=type_.upper().replace(" ", ""), fieldOptions=OPTIONS if type_.has_options else []
    )
    assert answer.status == 201
    assert (answer.body["type"], answer.body["isSystem"], answer.body["isRequired"]) == (type_, False, False)
    assert answer.body == call("contacts/get_field", "GET", f"{contact_requests.FIELDS}/{answer.body['id']}").body
    example = {"email": "a@b.co", "url": "https://b.co", "integer": "5", "float": "5", "checkbox": "yes", "timezone": "utc"}.get(
        type_, "red" if type_.has_options else "2022-05-23"
    )
    assert "AAA" in contact_requests.new_contact(customFields={"aaa": example})["customFields"]


def test_options_are_returned_by_their_order() -> None:
    field = contact_requests.create_field(name="colour", type="radio", fieldOptions=OPTIONS).body
    assert [(option["value"], option["displayText"], option["fieldId"]) for option in field["fieldOptions"]] == [
        ("Green", "Like grass", field["id"]),
        ("Red", "Red", field["id"]),
    ]


def test_fields_are_listed_by_their_order() -> None:
    contact_requests.create_field(name="last", type="text")
    contact_requests.create_field(name="first", type="text", order="-5")
    assert [field["name"] for field in contact_requests.fields()] == ["first", *SYSTEM, *IDENTITY, "last"]


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        ({"type": "text"}, "/name"),
        ({"name": " ", "type": "text"}, "/name"),
        ({"name": "bad\u0001name", "type": "text"}, "/name"),
        ({"name": "bad\u2028name", "type": "text"}, "/name"),
        ({"name": "a" * 257, "type": "text"}, "/name"),
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
        ({"name": "a", "type": "radio", "fieldOptions": [{"value": "Caf\u00e9"}, {"value": "CAFE\u0301 "}]}, "/fieldOptions"),
        ({"name": "a", "type": "radio", "fieldOptions": [{"value": "x\u0007"}]}, "/fieldOptions/0/value"),
        ({"name": "a", "type": "radio", "fieldOptions": [{"order": 1}]}, "/fieldOptions/0/value"),
    ],
)
def test_an_invalid_definition_returns_400_with_its_pointer(definition: dict[str, Any], pointer: str) -> None:
    assert contact_requests.pointers(contact_requests.create_field(**definition)) == [pointer]
    assert len(contact_requests.fields()) == len(SYSTEM + IDENTITY)


def test_the_error_of_a_field_without_options_shows_an_option() -> None:
    answer = contact_requests.create_field(name="a", type="radio")
    assert 'such as {"value": "gold"}' in answer.body["errors"][0]["message"]


@pytest.mark.parametrize(
    "name", ["company", "COMPANY", "comp\u200bany", "\ufeffemail", "name", "createTime", "Is Opted Out", "import ERROR", " aaa"]
)
def test_a_field_cannot_have_the_name_of_another_field_or_property(name: str) -> None:
    contact_requests.create_field(name="AAA", type="text")
    answer = contact_requests.create_field(name=name, type="text")
    assert (answer.status, answer.body["code"]) == (409, "duplicate_field")
    renamed = contact_requests.create_field(name="BBB", type="text").body["name"]
    assert contact_requests.put_field(renamed, {"name": name}).body["code"] == "duplicate_field"


@pytest.mark.parametrize("change", [{"type": "textArea"}, {"name": "firm"}])
def test_name_and_type_of_a_system_field_cannot_be_changed(change: dict[str, Any]) -> None:
    assert contact_requests.put_field("company", change).body["code"] == "system_field"
    assert contact_requests.delete_field("company").body["code"] == "system_field"
    assert contact_requests.put_field("company", {"type": "TEXT", "isRequired": True, "helpText": "Where?"}).status == 200
    assert contact_requests.pointers(contact_requests.create()) == ["/customFields/company"]


def test_an_update_replaces_only_the_given_properties() -> None:
    before = contact_requests.create_field(
        name="AAA", type="text", length=5, helpText="help", defaultValue="x", isRequired=True
    ).body
    assert contact_requests.put_field("AAA", {"order": 3}).body == {**before, "order": 3}
    assert contact_requests.put_field("AAA", {"length": None, "helpText": ""}).body == {
        **before,
        "order": 3,
        "length": None,
        "helpText": "",
    }
    assert contact_requests.put_field("AAA", before).body == before


def test_deleting_a_field_hides_its_values() -> None:
    contact_requests.create_field(name="AAA", type="text")
    tom = contact_requests.new_contact(customFields={"AAA": "x"})
    assert contact_requests.delete_field("AAA").status == 204
    assert contact_requests.get(tom["id"]).body["customFields"] == {}
    assert contact_requests.create_field(name="AAA", type="text").status == 201
    assert contact_requests.get(tom["id"]).body["customFields"] == {}, "a new field with the same name has no values"


def test_a_renamed_field_keeps_its_values() -> None:
    contact_requests.create_field(name="AAA", type="text")
    tom = contact_requests.new_contact(customFields={"AAA": "x"})
    contact_requests.put_field("AAA", {"name": "BBB"})
    assert contact_requests.get(tom["id"]).body["customFields"] == {"BBB": "x"}


@pytest.mark.parametrize(
    ("before", "value", "after", "expected"),
    [
        ("text", "17", "integer", 17),
        ("text", "17.5", "integer", None),
        ("text", "x", "textArea", "x"),
        ("text", "tom", "email", None),
        ("text", "red", "radio", "Red"),
        ("text", "blue", "radio", None),
        ("text", "yes", "checkbox", True),
        ("text", "green, red", "checkboxlist", ["Green", "Red"]),
        ("integer", 17, "text", "17"),
        ("integer", 1, "checkbox", True),
        ("integer", 17, "date", None),
        ("float", 17.0, "integer", 17),
        ("float", 17.5, "integer", None),
        ("checkbox", True, "text", "true"),
        ("checkboxlist", ["Red", "Green"], "text", "Green, Red"),
        ("checkboxlist", ["Red"], "radio", "Red"),
        ("date", "2022-05-23", "date time", "2022-05-23T00:00:00.000Z"),
        ("date time", "2022-05-23T03:00:00Z", "date", "2022-05-23"),
    ],
)
def test_after_a_change_of_type_values_are_shown_in_the_new_type_if_they_fit(
    before: str, value: Any, after: str, expected: Any
) -> None:
    options = {type_: OPTIONS if type_ in ("radio", "checkboxlist") else [] for type_ in (before, after)}
    contact_requests.create_field(name="AAA", type=before, fieldOptions=options[before])
    tom = contact_requests.new_contact(customFields={"AAA": value})
    shown = tom["customFields"]["AAA"]
    assert contact_requests.put_field("AAA", {"type": after, "fieldOptions": options[after]}).status == 200
    assert contact_requests.get(tom["id"]).body["customFields"] == ({} if expected is None else {"AAA": expected})
    contact_requests.put_field("AAA", {"type": before, "fieldOptions": options[before]})
    assert contact_requests.get(tom["id"]).body["customFields"] == {"AAA": shown}


def test_filters_and_updates_see_the_values_of_a_retyped_field_as_they_are_shown() -> None:
    contact_requests.create_field(name="AAA", type="text")
    old, hidden, empty = (contact_requests.new_contact(name, customFields={"AAA": name}) for name in ("17", "x", "y"))
    contact_requests.put(empty["id"], {"customFields": {}})
    contact_requests.put_field("AAA", {"type": "integer", "isReadOnly": True})
    assert found("Is More Than", 9) == [old["id"]]
    assert found("Is", "17") == [old["id"]]
    assert sorted(found("Is", "")) == sorted([hidden["id"], empty["id"]])
    assert contact_requests.put(old["id"], contact_requests.get(old["id"]).body).status == 200
    assert contact_requests.pointers(contact_requests.put(old["id"], {"customFields": {"AAA": 18}})) == ["/customFields/AAA"]


def found(operator: str, value: Any) -> list[str]:
    condition = {"fieldName": "AAA", "operator": operator, "value": value, "order": 1}
    return [contact["id"] for contact in contact_requests.query({"filterConditions": [condition]}).body["contacts"]]


def test_a_field_of_another_site_is_not_found() -> None:
    field = contact_requests.create_field(name="AAA", type="text").body
    for name, method in (("get_field", "GET"), ("update_field", "PUT"), ("delete_field", "DELETE")):
        body: dict[str, Any] | None = {} if method == "PUT" else None
        assert (
            call(f"contacts/{name}", method, f"{contact_requests.FIELDS}/{field['id']}", body, site_id=OTHER_SITE).status == 404
        )


def test_required_default_and_read_only_are_enforced() -> None:
    contact_requests.create_field(name="must", type="integer", isRequired="yes")
    contact_requests.create_field(name="given", type="checkbox", isRequired=True, defaultValue=True)
    contact_requests.create_field(name="fixed", type="text", isReadOnly="1")
    assert contact_requests.pointers(contact_requests.create()) == ["/customFields/must"]
    assert contact_requests.pointers(contact_requests.create(customFields={"must": ""})) == ["/customFields/must"]
    tom = contact_requests.new_contact(customFields={"must": 5, "fixed": "x"})
    assert tom["customFields"] == {"must": 5, "given": True, "fixed": "x"}
    assert contact_requests.pointers(
        contact_requests.put(tom["id"], {"customFields": {"must": 5, "given": 1, "fixed": "y"}})
    ) == ["/customFields/fixed"]
    assert contact_requests.pointers(contact_requests.put(tom["id"], {"customFields": {"must": None, "given": 1}})) == [
        "/customFields/must"
    ]
    assert contact_requests.pointers(contact_requests.put(tom["id"], {"customFields": {"given": False}})) == [
        "/customFields/must"
    ]
    assert contact_requests.put(tom["id"], {"name": "x"}).status == 200
    assert contact_requests.put(tom["id"], {"customFields": {"must": 6, "given": "no"}}).body["customFields"] == {
        "must": 6,
        "given": False,
        "fixed": "x",
    }


def test_a_missing_value_is_reported_where_the_caller_gave_it() -> None:
    fields = {field["name"]: field["id"] for field in call("contacts/list_fields", "GET", contact_requests.FIELDS).body}
    url = f"{contact_requests.FIELDS}/{fields['firstName']}"
    assert call("contacts/update_field", "PUT", url, {"isRequired": True}).status == 200
    assert contact_requests.pointers(contact_requests.create(firstName="")) == ["/firstName"]
    assert contact_requests.pointers(contact_requests.create(FIRSTNAME=None)) == ["/FIRSTNAME"]
    assert contact_requests.pointers(contact_requests.create(customFields={"FirstName": ""})) == ["/customFields/FirstName"]


def test_an_identity_can_be_required() -> None:
    contact_requests.put_field("SMS", {"isRequired": True})
    assert contact_requests.pointers(contact_requests.create("Tom", email("a@b.co"))) == ["/contactIdentities"]


def test_fields_that_are_created_concurrently_are_all_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    load, concurrent_names = field_store.load, iter(["BBB"])

    def load_before_another_write(site_id: str) -> Any:
        site_fields = load(site_id)
        for name in concurrent_names:
            contact_requests.create_field(name=name, type="text")
        return site_fields

    monkeypatch.setattr(field_store, "load", load_before_another_write)
    assert contact_requests.create_field(name="AAA", type="text").status == 201
    assert {"AAA", "BBB"} < {field.name for field in load(SITE).fields}
