"""Lists, queries and lookups (contract, Lists, Contacts, Filters)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from outreach import clock
from outreach.contacts import counting, store
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.requests import email, sms
from tests.support.functions import Answer, call

NAMES = ["eve", "Bob", "carol", "Dave", "alice"]


@pytest.fixture
def people(deliver_stream: Callable[[], Any]) -> dict[str, dict[str, Any]]:
    """Contacts by name, in the order of their creation."""
    found = {name: api.created(name, email(f"{name}@Example.com"), firstName=name) for name in NAMES}
    api.create("Stranger", site_id=OTHER_SITE)
    deliver_stream()
    return found


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
    ],
)
def test_a_list_is_paged_and_sorted(people: dict[str, Any], query: str, expected: list[str]) -> None:
    answer = api.listed(query)
    assert names(answer) == expected
    assert answer.body["total"] == len(NAMES)


def test_a_listed_contact_is_the_whole_contact(people: dict[str, Any]) -> None:
    assert api.listed("pageSize=1").body["contacts"] == [people["eve"]]


def test_a_page_is_read_in_two_batches_whatever_its_size(people: dict[str, Any], calls: list[str]) -> None:
    for index in range(3):
        api.created(f"p{index}", sms(f"+1212555012{index}"))
    calls.clear()
    assert len(api.listed("pageSize=100").body["contacts"]) >= 5
    assert calls.count("BatchGetItem") == 2, "contacts, and opt-outs of their numbers"


def test_links_lead_through_all_pages(people: dict[str, Any]) -> None:
    seen, query = [], "pageSize=2&sortBy=name&keywords=example"
    while query:
        answer = api.listed(query)
        seen += names(answer)
        query = urlsplit(answer.body["nextPage"] or "").query
    assert seen == ["alice", "Bob", "carol", "Dave", "eve"]
    previous = parse_qs(urlsplit(answer.body["previousPage"]).query)
    assert previous == {"pageSize": ["2"], "sortBy": ["name"], "keywords": ["example"], "pageIndex": ["2"], "siteId": [SITE]}


@pytest.mark.parametrize("query", ["pageIndex=0", "pageSize=-1", "pageSize=501", "pageSize=x", "sortBy=shoeSize", "sortOrder=up"])
def test_a_wrong_parameter_is_400(query: str) -> None:
    assert api.listed(query).status == 400
    assert api.query({}, query).status == 400


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
def test_a_list_is_narrowed_down(people: dict[str, Any], query: str, expected: list[str]) -> None:
    if query == "keywords=o":
        expected = [name for name in NAMES if "o" in f"{name}@example.com"]
    assert names(api.listed(query)) == expected


def test_a_keyword_finds_identity_ids(people: dict[str, Any]) -> None:
    assert names(api.listed(f"keywords={people['Dave']['contactIdentities'][0]['id'][-14:].upper()}")) == ["Dave"]


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
            {"contactFilterConditions": [{"FieldName": "email", "Operator": "isnot", "Value": "bob@example.com"}]},
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
def test_a_query_filters_pages_and_sorts(
    people: dict[str, Any], body: dict[str, Any], parameters: str, expected: list[str]
) -> None:
    assert names(api.query(body, parameters)) == expected


ANY_E = {"filterConditions": [{"fieldName": "email", "operator": "contains", "value": "E", "order": 1}], "sortBy": "name"}


def test_the_other_pages_of_a_query_search_no_more(people: dict[str, Any], calls: list[str]) -> None:
    assert names(api.query(ANY_E, "pageSize=2")) == ["alice", "Bob"]
    api.created("aaron", email("aaron@example.com"))
    api.delete(people["Dave"]["id"])
    calls.clear()
    second, third, fourth = (api.query(ANY_E, f"pageSize=2&pageIndex={index}") for index in (2, 3, 4))
    assert (names(second), names(third), second.body["total"]) == (["carol"], ["eve"], 5), "who is gone is left out"
    assert calls.count("Query") == 16, "for the page past the end, which only a search can know to be one"
    assert (names(fourth), fourth.body["total"]) == ([], 5)


@pytest.mark.parametrize(
    "change", [{"sortBy": "id"}, {"keywords": "o"}, {"filterConditionMetType": "any"}, {"sortOrder": "desc"}]
)
def test_another_query_has_pages_of_its_own(people: dict[str, Any], change: dict[str, Any], calls: list[str]) -> None:
    api.query(ANY_E, "pageSize=2")
    calls.clear()
    api.query(ANY_E | change, "pageSize=2&pageIndex=2")
    assert calls.count("Query") == 16


def test_the_first_page_shows_what_is_new_and_the_others_do_after_some_minutes(
    people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names(api.query(ANY_E, "pageSize=2")) == ["alice", "Bob"]
    api.created("bea", email("bea@example.com"))
    assert names(api.query(ANY_E, "pageSize=2&pageIndex=2")) == ["carol", "Dave"]
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert names(api.query(ANY_E, "pageSize=2&pageIndex=2")) == ["Bob", "carol"]
    api.created("al", email("al@example.com"))
    assert names(api.query(ANY_E, "pageSize=2")) == ["al", "alice"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"filterConditions": [{"fieldName": "x", "operator": "is", "value": ""}]}, "/filterConditions/0/fieldName"),
        ({"filterConditions": [{"fieldName": "name", "operator": "like"}]}, "/filterConditions/0/operator"),
        ({"filterConditionMetType": "some"}, "/filterConditionMetType"),
        ({"pageSize": 501}, "/pageSize"),
        ({"filterConditionMetType": "logicalExpression", "filterLogicalExpresssion": "1 and"}, "/filterLogicalExpresssion"),
    ],
)
def test_a_wrong_query_is_400_with_its_place(body: dict[str, Any], pointer: str) -> None:
    assert api.pointers(api.query(body)) == [pointer]


def test_identities_are_identified_in_one_type_or_in_any() -> None:
    tom = api.created("Tom", sms("2125550123"), {"type": "whatsApp", "value": "+12125550123"})
    both = [identity["id"] for identity in tom["contactIdentities"]]
    assert [found["id"] for found in api.identify("(212) 555-0123").body] == both
    assert [found["id"] for found in api.identify("+12125550123", "WHATSAPP").body] == both[1:]
    assert api.identify("+12125550124").body == []
    assert api.identify("2125550123", site_id=OTHER_SITE).body == []


@pytest.mark.parametrize("path", ["/contact/contactIdentities:identify", "/contact/ContactIdentities:identify"])
def test_identify_takes_the_query_string_too(path: str) -> None:
    tom = api.created("Tom", email("tom@example.com"))
    answer = call("contacts/identify_contact_identities", "POST", f"{path}?value=tom@example.com&identityType=email")
    assert [found["contactId"] for found in answer.body] == [tom["id"]]
    assert call("contacts/identify_contact_identities", "POST", path).status == 400


def test_an_identity_is_got_by_its_id() -> None:
    identity = api.created()["contactIdentities"][0]
    for collection in ("contactIdentities", "ContactIdentities"):
        assert call("contacts/get_contact_identity", "GET", f"/contact/{collection}/{identity['id']}").body == identity
    assert (
        call("contacts/get_contact_identity", "GET", f"/contact/contactIdentities/{identity['id']}", site_id=OTHER_SITE).status
        == 404
    )
    assert call("contacts/get_contact_identity", "GET", f"/contact/contactIdentities/{identity['contactId']}").status == 404


@pytest.mark.parametrize("style", ["repeated", "commas", "object", "array"])
def test_many_contacts_are_deleted_at_once(people: dict[str, Any], style: str, deliver_stream: Callable[[], Any]) -> None:
    ids = [people[name]["id"] for name in NAMES[:3]] + ["f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"]
    url, body = {
        "repeated": ("?" + "&".join(f"ids={contact_id}" for contact_id in ids), None),
        "commas": (f"?ids={','.join(ids)}", None),
        "object": ("", {"IDS": ids}),
        "array": ("", ids),
    }[style]
    assert call("contacts/batch_delete_contacts", "DELETE", api.CONTACTS + url, body).status == 204
    deliver_stream()
    assert names(api.listed()) == NAMES[3:]
    assert api.create("eve", email("eve@example.com")).status == 201


@pytest.mark.parametrize("query", ["", "ids=", "ids=5", "ids=" + ",".join(["f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"] * 1001)])
def test_a_wrong_batch_deletes_nothing(people: dict[str, Any], query: str) -> None:
    contact_id = people["eve"]["id"]
    query = query.replace("ids=5", f"ids={contact_id}&ids=5")
    assert call("contacts/batch_delete_contacts", "DELETE", f"{api.CONTACTS}?{query}").status == 400
    assert api.get(contact_id).status == 200


def test_a_batch_with_merged_and_racing_contacts_deletes_the_rest(people: dict[str, Any]) -> None:
    api.merge(people["eve"]["id"], people["Bob"]["id"])
    ids = [people[name]["id"] for name in NAMES]
    assert call("contacts/batch_delete_contacts", "DELETE", api.CONTACTS, {"ids": ids[1:]}).status == 204
    assert [api.get(contact_id).status for contact_id in ids] == [200, 200, 404, 404, 404]


def test_a_batch_deletes_a_contact_that_is_changed_meanwhile(people: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    read = store.get_many

    def read_too_early(*arguments: Any, **options: Any) -> Any:
        found = read(*arguments, **options)
        assert api.put(people["Bob"]["id"], {"firstName": "Robert"}).status == 200
        return found

    monkeypatch.setattr(store, "get_many", read_too_early)
    ids = [people[name]["id"] for name in NAMES]
    assert call("contacts/batch_delete_contacts", "DELETE", api.CONTACTS, {"ids": ids}).status == 204
    assert {api.get(contact_id).status for contact_id in ids} == {404}


def test_events_that_come_again_are_counted_once(deliver_stream: Callable[[], list[dict[str, Any]]]) -> None:
    tom, tim, ted = (api.created(name) for name in ("Tom", "Tim", "Ted"))
    deliver_stream()
    api.put(tom["id"], {"name": "x"})
    api.merge(tom["id"], tim["id"])
    api.delete(ted["id"])
    records = deliver_stream()
    assert counting.total(SITE) == 1
    for part in (records, records[2:], records[:-2], records[-1:]):
        counting.take_in(part)
        assert counting.total(SITE) == 1


@pytest.mark.parametrize(
    ("path", "method", "url"),
    [("contacts/create_contact", "POST", "/contact/contacts"), ("contacts/list_contacts", "GET", "/contact/contacts")],
)
def test_a_key_without_the_scope_is_refused(path: str, method: str, url: str) -> None:
    assert call(path, method, url, api.body() if method == "POST" else None, scopes="outreach:send").status == 403
