"""Lists, queries and lookups of contacts (docs/api.md, "Lists", "Contacts" and "Filters")."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from outreach import clock
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.contacts import contact_store
from outreach.contacts.listing import contact_counts
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.contact_requests import email, sms
from tests.support.functions import Answer, call

NAMES = ["eve", "Bob", "carol", "Dave", "alice"]


@pytest.fixture
def people(deliver_stream: Callable[[], Any]) -> dict[str, dict[str, Any]]:
    """Contacts by name, in creation order."""
    contacts = {name: contact_requests.new_contact(name, email(f"{name}@Example.com"), firstName=name) for name in NAMES}
    contact_requests.create("Stranger", site_id=OTHER_SITE)
    deliver_stream()
    return contacts


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [contact["name"] for contact in answer.body["contacts"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", NAMES),
        ("sortOrder=desc", NAMES[::-1]),
        ("pageSize=2", NAMES[:2]),
        ("pageSize=2&pageIndex=2", NAMES[2:4]),
        ("pageSize=2&pageIndex=3", NAMES[4:]),
        ("pageSize=2&pageIndex=4", []),
        ("pageSize=2&pageIndex=2&sortOrder=DESC", ["Bob", "carol"][::-1]),
        ("pageSize=0", NAMES),
        ("sortBy=name", ["alice", "Bob", "carol", "Dave", "eve"]),
        ("sortBy=FirstName&sortOrder=desc&pageSize=2&pageIndex=2", ["carol", "Bob"]),
        ("sortBy=lastUpdatedTime", NAMES),
    ],
)
def test_a_list_is_paged_and_sorted(people: dict[str, Any], query: str, expected: list[str]) -> None:
    answer = contact_requests.list_contacts(query)
    assert names(answer) == expected
    assert answer.body["total"] == len(NAMES)


def test_a_list_returns_complete_contacts(people: dict[str, Any]) -> None:
    assert contact_requests.list_contacts("pageSize=1").body["contacts"] == [people["eve"]]


def test_a_page_of_any_size_is_read_in_two_batches(people: dict[str, Any], calls: list[str]) -> None:
    for index in range(3):
        contact_requests.new_contact(f"p{index}", sms(f"+1212555012{index}"))
    calls.clear()
    assert len(contact_requests.list_contacts("pageSize=100").body["contacts"]) >= 5
    assert calls.count("BatchGetItem") == 2, "one for the contacts, one for the opt-outs of their numbers"


def test_the_links_lead_to_all_pages(people: dict[str, Any]) -> None:
    listed, query = [], "pageSize=2&sortBy=name&keywords=example"
    while query:
        answer = contact_requests.list_contacts(query)
        listed += names(answer)
        query = urlsplit(answer.body["nextPage"] or "").query
    assert listed == ["alice", "Bob", "carol", "Dave", "eve"]
    previous = parse_qs(urlsplit(answer.body["previousPage"]).query)
    assert previous == {"pageSize": ["2"], "sortBy": ["name"], "keywords": ["example"], "pageIndex": ["2"], "siteId": [SITE]}


@pytest.mark.parametrize("query", ["pageIndex=0", "pageSize=-1", "pageSize=501", "pageSize=x", "sortBy=shoeSize", "sortOrder=up"])
def test_an_invalid_parameter_returns_400(query: str) -> None:
    assert contact_requests.list_contacts(query).status == 400
    assert contact_requests.query({}, query).status == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("keywords=CAROL@", ["carol"]),
        ("keywords=o", ["Bob", "carol", "Dave", "eve", "alice"][:2]),
        ("keywords=%20", NAMES),
        ("keywords=nobody", []),
        ("contactIdentityType=email&contactIdentityValue=BOB@example.COM", ["Bob"]),
        ("contactIdentityValue=bob@example.com", ["Bob"]),
        ("contactIdentityType=sms&contactIdentityValue=bob@example.com", []),
        ("contactIdentityValue=bob@example.com&keywords=carol", []),
        ("contactIdentityType=EMAIL&pageSize=1", ["eve"]),
        ("contactIdentityType=SMS", []),
    ],
)
def test_a_list_can_be_filtered_by_parameters(people: dict[str, Any], query: str, expected: list[str]) -> None:
    if query == "keywords=o":
        expected = [name for name in NAMES if "o" in f"{name}@example.com"]
    assert names(contact_requests.list_contacts(query)) == expected


@pytest.mark.parametrize("keyword", ["0664 123", "%2B43 664", "+43 (664)", "0043664", "123-45", "664/123 45 67"])
def test_a_keyword_finds_a_number_in_whatever_way_it_is_written(keyword: str) -> None:
    site_store.put_site(Site(SITE, default_region="AT"))
    contact_requests.new_contact("Ada", sms("+436641234567"))
    contact_requests.new_contact("Bob", sms("+436991234000"), email("bob@example.com"))
    assert names(contact_requests.list_contacts(f"keywords={keyword}")) == ["Ada"]
    assert names(contact_requests.query({"keywords": keyword.replace("%2B", "+")})) == ["Ada"]


def test_a_keyword_finds_identity_ids(people: dict[str, Any]) -> None:
    assert names(contact_requests.list_contacts(f"keywords={people['Dave']['contactIdentities'][0]['id'][-14:].upper()}")) == [
        "Dave"
    ]


@pytest.mark.parametrize(
    ("body", "parameters", "expected"),
    [
        ({}, "", NAMES),
        (
            {"filterConditions": [{"fieldName": "name", "operator": "contains", "value": "a", "order": "1"}]},
            "",
            ["carol", "Dave", "alice"],
        ),
        (
            {"contactFilterConditions": [{"FieldName": "email", "Operator": "isnot", "Value": "bob@example.com", "Order": 1}]},
            "pageSize=1",
            ["eve"],
        ),
        ({"keywords": "e", "pageSize": 2, "sortBy": "name", "sortOrder": "desc"}, "", ["eve", "Dave"]),
        ({"pageSize": 2, "sortBy": "name"}, "pageSize=1&pageIndex=2&sortOrder=desc", ["Dave"]),
        (
            {
                "filterConditionMetType": "LogicalExpression",
                "filterLogicalExpresssion": "1 or not 2",
                "filterConditions": [
                    {"fieldName": "name", "operator": "Is", "value": "BOB", "order": 1},
                    {"fieldName": "firstName", "operator": "Contains", "value": "e", "order": 2},
                ],
                "keywords": "carol",
            },
            "",
            ["carol"],
        ),
    ],
)
def test_a_query_can_filter_page_and_sort(
    people: dict[str, Any], body: dict[str, Any], parameters: str, expected: list[str]
) -> None:
    assert names(contact_requests.query(body, parameters)) == expected


CONDITION = {"fieldName": "name", "operator": "is", "value": "Tom", "order": 1}


def without(name: str) -> dict[str, Any]:
    return {other: value for other, value in CONDITION.items() if other != name}


ANY_E = {"filterConditions": [{"fieldName": "email", "operator": "contains", "value": "E", "order": 1}], "sortBy": "name"}


def test_only_the_first_page_of_a_query_searches(people: dict[str, Any], calls: list[str]) -> None:
    assert names(contact_requests.query(ANY_E, "pageSize=2")) == ["alice", "Bob"]
    contact_requests.new_contact("aaron", email("aaron@example.com"))
    contact_requests.delete(people["Dave"]["id"])
    calls.clear()
    second, third, fourth = (contact_requests.query(ANY_E, f"pageSize=2&pageIndex={index}") for index in (2, 3, 4))
    assert (names(second), names(third), second.body["total"]) == (["carol"], ["eve"], 5), "deleted contacts are missing"
    assert calls.count("Query") == 16, "the page behind the end searches again"
    assert (names(fourth), fourth.body["total"]) == ([], 5)


@pytest.mark.parametrize(
    "change", [{"sortBy": "id"}, {"keywords": "o"}, {"filterConditionMetType": "any"}, {"sortOrder": "desc"}]
)
def test_a_different_query_searches_again(people: dict[str, Any], change: dict[str, Any], calls: list[str]) -> None:
    contact_requests.query(ANY_E, "pageSize=2")
    calls.clear()
    contact_requests.query(ANY_E | change, "pageSize=2&pageIndex=2")
    assert calls.count("Query") == 16


def test_the_first_page_shows_new_contacts_at_once_and_other_pages_after_some_minutes(
    people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names(contact_requests.query(ANY_E, "pageSize=2")) == ["alice", "Bob"]
    contact_requests.new_contact("bea", email("bea@example.com"))
    assert names(contact_requests.query(ANY_E, "pageSize=2&pageIndex=2")) == ["carol", "Dave"]
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert names(contact_requests.query(ANY_E, "pageSize=2&pageIndex=2")) == ["Bob", "carol"]
    contact_requests.new_contact("al", email("al@example.com"))
    assert names(contact_requests.query(ANY_E, "pageSize=2")) == ["al", "alice"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"filterConditions": [CONDITION | {"fieldName": "x"}]}, "/filterConditions/0/fieldName"),
        ({"filterConditions": [CONDITION | {"operator": "like"}]}, "/filterConditions/0/operator"),
        ({"filterConditions": [CONDITION | {"value": None}]}, "/filterConditions/0/value"),
        ({"filterConditions": [CONDITION | {"value": ["Tom"]}]}, "/filterConditions/0/value"),
        ({"filterConditions": [CONDITION | {"value": {}}]}, "/filterConditions/0/value"),
        ({"filterConditions": [CONDITION | {"value": "x" * 2_001}]}, "/filterConditions/0/value"),
        ({"filterConditions": [CONDITION | {"fieldName": "x" * 257}]}, "/filterConditions/0/fieldName"),
        ({"filterConditions": [CONDITION | {"order": None}]}, "/filterConditions/0/order"),
        ({"filterConditions": [CONDITION | {"order": "first"}]}, "/filterConditions/0/order"),
        (
            {"contactFilterConditions": [CONDITION, {"FieldName": "name", "Operator": "is", "Value": None, "Order": 1}]},
            "/contactFilterConditions/1/Value",
        ),
        (
            {"contactFilterConditions": [{"FieldName": "createTime", "Operator": "after", "Value": "now-30", "Order": 1}]},
            "/contactFilterConditions/0/Value",
        ),
        ({"contactFilterConditions": [CONDITION] * 251}, "/contactFilterConditions"),
        ({"contactFilterConditions": [CONDITION | {"value": "x" * 1_500}] * 250}, "/contactFilterConditions"),
        (
            {"filterConditions": [without("value")]},
            "/filterConditions/0/value",
        ),
        (
            {"filterConditions": [without("order")]},
            "/filterConditions/0/order",
        ),
        ({"filterLogicalExpression": "1" * 10_001}, "/filterLogicalExpression"),
        ({"filterConditionMetType": "some"}, "/filterConditionMetType"),
        ({"pageSize": 501}, "/pageSize"),
        ({"filterConditionMetType": "logicalExpression", "filterLogicalExpresssion": "1 and"}, "/filterLogicalExpresssion"),
    ],
)
def test_an_invalid_query_returns_400_with_its_pointer(body: dict[str, Any], pointer: str) -> None:
    assert contact_requests.pointers(contact_requests.query(body)) == [pointer]


def test_an_empty_value_finds_contacts_without_a_value(people: dict[str, Any]) -> None:
    contact_requests.new_contact("frank", email("frank@example.com"))
    condition = {"fieldName": "firstName", "operator": "is", "value": "", "order": 1}
    assert names(contact_requests.query({"filterConditions": [condition]})) == ["frank"]


def test_a_condition_takes_numbers_as_they_are_meant() -> None:
    shoe_size = {"name": "shoe size", "type": "integer"}
    assert call("contacts/create_field", "POST", "/contact/fields", shoe_size).status == 201
    contact_requests.new_contact("Tom", email("tom@example.com"), customFields={"shoe size": 43})
    for value in (43, 43.0, "43"):
        condition = {"fieldName": "Shoe  Size", "operator": "is", "value": value, "order": 1.0}
        assert names(contact_requests.query({"filterConditions": [condition]})) == ["Tom"], value


def test_contacts_can_be_found_by_a_date_relative_to_now(people: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def found(value: str) -> list[str]:
        condition = {"fieldName": "createTime", "operator": "after", "value": value, "order": 1}
        return names(contact_requests.query({"filterConditions": [condition]}))

    assert found("now-30d") == NAMES
    assert found("now+6h") == []
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert found("now-30d") == []
    assert found("now-1y") == NAMES


def test_names_sort_regardless_of_case_and_accents() -> None:
    given = ["Zoë R&D", "Émile", "emil", "Zed", "Åsa", "André", "andrew", "Øyvind", "O'Brien", "naïve", "100% Cotton", "דוד"]
    for index, name in enumerate(given):
        contact_requests.new_contact(name, email(f"p{index}@example.com"))
    expected = ["100% Cotton", "André", "andrew", "Åsa", "emil", "Émile", "naïve", "O'Brien", "Øyvind", "Zed", "Zoë R&D", "דוד"]
    assert names(contact_requests.list_contacts("sortBy=name&pageSize=50")) == expected
    assert names(contact_requests.list_contacts("sortBy=name&pageSize=50&sortOrder=desc")) == expected[::-1]


def test_contacts_can_be_sorted_by_their_opt_out() -> None:
    for index in range(3):
        contact_requests.new_contact(f"p{index}", sms(f"+1212555012{index}"))
    opt_outs.add(SITE, "+12125550121", Source.OPERATOR)
    assert names(contact_requests.list_contacts("sortBy=isOptedOut"))[-1] == "p1"
    assert names(contact_requests.list_contacts("sortBy=isOptedOut&sortOrder=desc&pageSize=1")) == ["p1"]
    assert names(contact_requests.list_contacts("sortBy=isOptedOut&contactIdentityValue=%2B12125550121")) == ["p1"]


def test_identify_finds_identities_of_one_type_or_of_any_type() -> None:
    tom = contact_requests.new_contact("Tom", sms("2125550123"), {"type": "whatsApp", "value": "+12125550123"})
    both = [identity["id"] for identity in tom["contactIdentities"]]
    assert [identity["id"] for identity in contact_requests.identify("(212) 555-0123").body] == both
    assert [identity["id"] for identity in contact_requests.identify("+12125550123", "WHATSAPP").body] == both[1:]
    assert contact_requests.identify("+12125550124").body == []
    assert contact_requests.identify("2125550123", site_id=OTHER_SITE).body == []


@pytest.mark.parametrize("value", ["+447911123456", "%2B447911123456", "+44%207911+123456", "%202125550199", "+12125550199"])
def test_the_plus_of_a_number_may_be_unencoded(value: str) -> None:
    tom = contact_requests.new_contact("Tom", sms("+447911123456"), sms("+12125550199"))
    assert contact_requests.list_contacts(f"contactIdentityValue={value}").body["total"] == 1
    for query in (f"value={value}", f"value={value}&identityType=sms"):
        found = call("contacts/identify_contact_identities", "POST", f"/contact/contactIdentities:identify?{query}").body
        assert [identity["contactId"] for identity in found] == [tom["id"]]


@pytest.mark.parametrize("path", ["/contact/contactIdentities:identify", "/contact/ContactIdentities:identify"])
def test_identify_accepts_a_query_string(path: str) -> None:
    tom = contact_requests.new_contact("Tom", email("tom@example.com"))
    answer = call("contacts/identify_contact_identities", "POST", f"{path}?value=tom@example.com&identityType=email")
    assert [identity["contactId"] for identity in answer.body] == [tom["id"]]
    assert call("contacts/identify_contact_identities", "POST", path).status == 400


def test_an_identity_can_be_read_by_its_id() -> None:
    identity = contact_requests.new_contact()["contactIdentities"][0]
    for collection in ("contactIdentities", "ContactIdentities"):
        assert call("contacts/get_contact_identity", "GET", f"/contact/{collection}/{identity['id']}").body == identity
    assert (
        call("contacts/get_contact_identity", "GET", f"/contact/contactIdentities/{identity['id']}", site_id=OTHER_SITE).status
        == 404
    )
    assert call("contacts/get_contact_identity", "GET", f"/contact/contactIdentities/{identity['contactId']}").status == 404


@pytest.mark.parametrize("style", ["repeated", "commas", "object", "array"])
def test_a_batch_delete_deletes_all_given_contacts(people: dict[str, Any], style: str, deliver_stream: Callable[[], Any]) -> None:
    ids = [people[name]["id"] for name in NAMES[:3]] + ["f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"]
    url, body = {
        "repeated": ("?" + "&".join(f"ids={contact_id}" for contact_id in ids), None),
        "commas": (f"?ids={','.join(ids)}", None),
        "object": ("", {"IDS": ids}),
        "array": ("", ids),
    }[style]
    assert call("contacts/batch_delete_contacts", "DELETE", contact_requests.CONTACTS + url, body).status == 204
    deliver_stream()
    assert names(contact_requests.list_contacts()) == NAMES[3:]
    assert contact_requests.create("eve", email("eve@example.com")).status == 201


@pytest.mark.parametrize("query", ["", "ids=", "ids=5", "ids=" + ",".join(["f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"] * 1001)])
def test_an_invalid_batch_delete_deletes_nothing(people: dict[str, Any], query: str) -> None:
    contact_id = people["eve"]["id"]
    query = query.replace("ids=5", f"ids={contact_id}&ids=5")
    assert call("contacts/batch_delete_contacts", "DELETE", f"{contact_requests.CONTACTS}?{query}").status == 400
    assert contact_requests.get(contact_id).status == 200


def test_the_errors_of_a_long_list_are_located_at_once() -> None:
    start = time.process_time()
    answer = call("contacts/batch_delete_contacts", "DELETE", contact_requests.CONTACTS, ["x"] * 20_000)
    assert contact_requests.pointers(answer)[0] == "/0"
    assert time.process_time() - start < 3


def test_a_batch_delete_ignores_tombstones(people: dict[str, Any]) -> None:
    contact_requests.merge(people["eve"]["id"], people["Bob"]["id"])
    ids = [people[name]["id"] for name in NAMES]
    assert call("contacts/batch_delete_contacts", "DELETE", contact_requests.CONTACTS, {"ids": ids[1:]}).status == 204
    assert [contact_requests.get(contact_id).status for contact_id in ids] == [200, 200, 404, 404, 404]


def test_a_batch_delete_deletes_a_contact_that_is_changed_at_the_same_time(
    people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    get_many = contact_store.get_many

    def get_before_another_write(*arguments: Any, **options: Any) -> Any:
        contacts = get_many(*arguments, **options)
        assert contact_requests.put(people["Bob"]["id"], {"firstName": "Robert"}).status == 200
        return contacts

    monkeypatch.setattr(contact_store, "get_many", get_before_another_write)
    ids = [people[name]["id"] for name in NAMES]
    assert call("contacts/batch_delete_contacts", "DELETE", contact_requests.CONTACTS, {"ids": ids}).status == 204
    assert {contact_requests.get(contact_id).status for contact_id in ids} == {404}


def test_stream_records_that_are_delivered_again_count_once(deliver_stream: Callable[[], list[dict[str, Any]]]) -> None:
    tom, tim, ted = (contact_requests.new_contact(name) for name in ("Tom", "Tim", "Ted"))
    deliver_stream()
    contact_requests.put(tom["id"], {"name": "x"})
    contact_requests.merge(tom["id"], tim["id"])
    contact_requests.delete(ted["id"])
    records = deliver_stream()
    assert contact_counts.total_contacts(SITE) == 1
    for part in (records, records[2:], records[:-2], records[-1:]):
        contact_counts.apply_stream_records(part)
        assert contact_counts.total_contacts(SITE) == 1


@pytest.mark.parametrize(
    ("path", "method", "url"),
    [("contacts/create_contact", "POST", "/contact/contacts"), ("contacts/list_contacts", "GET", "/contact/contacts")],
)
def test_an_api_key_without_the_scope_is_refused(path: str, method: str, url: str) -> None:
    assert call(path, method, url, contact_requests.body() if method == "POST" else None, scopes="outreach:send").status == 403


def test_null_in_the_body_of_a_query_means_the_default() -> None:
    contact_requests.new_contact("Tom")
    names = ("pageIndex", "pageSize", "sortBy", "sortOrder", "keywords", "filterConditions", "filterConditionMetType")
    assert contact_requests.query(dict.fromkeys(names)).body == contact_requests.query({}).body
