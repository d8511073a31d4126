"""/contact/optOuts: the numbers that must not be texted."""

from __future__ import annotations

import csv
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from outreach import clock, s3
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.exports import csv_export
from outreach.http import list_results
from outreach.settings import settings
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.contact_requests import email, pointers, sms
from tests.support import pipeline
from tests.support.functions import Answer, call, invoke, load

PATH = "/contact/optOuts"
NUMBERS = ["+12125550121", "+12125550122", "+12125550123"]
NUMBER = NUMBERS[0]
RECORD = "e3f5b968-ad51-42af-b759-64c0afc40b84"
DAYS = [f"2024-03-0{day}T12:00:00.000Z" for day in (3, 1, 2)]


def get(number: str = NUMBER, site_id: str = SITE) -> Answer:
    return call("contacts/get_opt_out", "GET", f"{PATH}/{number}", site_id=site_id)


def put(number: str = NUMBER, body: Any = None, site_id: str = SITE) -> Answer:
    return call("contacts/put_opt_out", "PUT", f"{PATH}/{number}", body, site_id=site_id)


def delete(number: str = NUMBER, site_id: str = SITE) -> Answer:
    return call("contacts/delete_opt_out", "DELETE", f"{PATH}/{number}", site_id=site_id)


def list_(query: str = "", site_id: str = SITE) -> Answer:
    return call("contacts/list_opt_outs", "GET", f"{PATH}?{query}", site_id=site_id)


def listed(query: str = "") -> list[str]:
    answer = list_(query)
    assert answer.status == 200, answer.body
    return [entry["number"] for entry in answer.body["optOuts"]]


@pytest.fixture
def three() -> None:
    """Three numbers that opted out on different days, by different ways."""
    for number, day, source in zip(NUMBERS, DAYS, (Source.KEYWORD, Source.IMPORT, Source.CARRIER), strict=True):
        opt_outs.add(SITE, number, source, time=day)


def test_put_opts_a_number_out_and_answers_it() -> None:
    answer = put(body={"reason": "asked on the phone"})
    since = answer.body["since"]
    assert (answer.status, answer.body) == (
        200,
        {
            "number": NUMBER,
            "isOptedOut": True,
            "since": since,
            "source": "api",
            "history": [{"time": since, "isOptedOut": True, "source": "api", "reason": "asked on the phone"}],
        },
    )
    assert get().body == answer.body
    assert put(body={"reason": "another"}).body == answer.body


@pytest.mark.parametrize(
    "spelling",
    [NUMBER, NUMBER[1:], quote(NUMBER, safe=""), "+1%20(212)%20555-0121", "%EF%BC%8B12125550121", "%EF%B9%A212125550121"],
)
def test_the_plus_of_a_number_may_be_encoded_or_left_out(spelling: str) -> None:
    assert put(spelling).body["number"] == get(spelling).body["number"] == NUMBER
    assert delete(spelling).status == 204


def test_a_deleted_opt_out_is_gone_but_its_history_stays() -> None:
    put()
    assert (delete().status, delete().status) == (204, 404)
    body = get().body
    assert (body["isOptedOut"], [change["isOptedOut"] for change in body["history"]]) == (False, [True, False])
    assert body["since"] == body["history"][-1]["time"]
    assert listed() == []
    assert put().body["isOptedOut"] is True


def test_a_number_that_never_opted_out_is_404() -> None:
    assert (get().status, delete().status) == (404, 404)
    opt_outs.remove(SITE, NUMBER, Source.KEYWORD)
    assert (get().status, delete().status) == (404, 404)


@pytest.mark.parametrize("path", ["abc", "0", "12345", "%2B1212555012345678", "+1+2125550121", "null", NUMBER[2:]])
def test_what_is_no_number_is_400(path: str) -> None:
    assert [pointers(request(path)) for request in (get, put, delete)] == [["/number"]] * 3


@pytest.mark.parametrize("sender", ["68849", "TOM", "Änne & Co", "A" * 256, "12125550129"])
def test_what_the_list_shows_is_found_and_removed_by_the_spelling_it_shows(sender: str) -> None:
    opt_outs.add(SITE, sender, Source.KEYWORD)
    opt_outs.add(SITE, "+12125550129", Source.KEYWORD)
    (shown,) = [number for number in listed() if number == sender]
    assert listed(urlencode({"number": shown})) == [sender]
    path = quote(shown, safe="")
    assert get(path).body["number"] == sender
    assert (delete(path).status, get(path).body["isOptedOut"], delete(path).status) == (204, False, 404)
    assert listed() == ["+12125550129"]


def test_a_text_too_long_for_a_number_is_400_and_finds_none() -> None:
    assert (get("9" * 2000).status, delete("é" * 600).status, listed(f"number={'x' * 2000}")) == (400, 400, [])


def test_a_reason_that_is_too_long_or_no_text_is_400() -> None:
    assert pointers(put(body={"reason": "x" * 2001})) == ["/reason"]
    assert pointers(put(body={"reason": 7})) == ["/reason"]
    assert put(body={"reason": " "}).body["history"][0]["reason"] is None


def test_an_opt_out_belongs_to_its_site() -> None:
    put()
    assert (get(site_id=OTHER_SITE).status, delete(site_id=OTHER_SITE).status) == (404, 404)
    assert list_(site_id=OTHER_SITE).body["total"] == 0


@pytest.mark.usefixtures("three")
def test_the_list_has_number_since_source_and_contact() -> None:
    owner = contact_requests.new_contact("Tom", sms(NUMBER))["id"]
    assert list_("sortBy=number").body["optOuts"] == [
        {"number": NUMBERS[0], "since": DAYS[0], "source": "keyword", "contactId": owner},
        {"number": NUMBERS[1], "since": DAYS[1], "source": "import", "contactId": None},
        {"number": NUMBERS[2], "since": DAYS[2], "source": "carrier", "contactId": None},
    ]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", [1, 2, 0]),
        ("sortOrder=desc", [0, 2, 1]),
        ("sortBy=source", [2, 1, 0]),
        ("sortBy=contactId", [1, 2, 0]),
        ("sortBy=contactId&sortOrder=desc", [0, 2, 1]),
        ("pageSize=2&pageIndex=2", [0]),
        ("pageSize=0", [1, 2, 0]),
        ("number=%2B12125550122", [1]),
        ("number=12125550122", [1]),
        ("number=+12125550122", [1]),  # a plus sign in a query is a space
        ("number=2125550122", []),
        ("number=n/a", []),
        ("since=2024-03-01", [1]),
        ("since=2024-03-01..2024-03-02", [1, 2]),
        ("since=2024-03-02T12:00Z..2024-03-03T12:00Z", [2]),
        ("number=12125550122&since=2024-03-02", []),
    ],
)
def test_the_list_is_filtered_sorted_and_paged(query: str, order: list[int]) -> None:
    contact_requests.new_contact("Tom", sms(NUMBER))
    numbers = listed(query)
    if "contactId" in query:  # two without a contact come first, in the order of their numbers
        assert numbers == sorted(NUMBERS, key=lambda n: (n == NUMBER, n), reverse="desc" in query)
    else:
        assert numbers == [NUMBERS[position] for position in order]


@pytest.mark.usefixtures("three")
def test_pages_have_totals_and_links() -> None:
    body = list_("pageSize=2&sortBy=number").body
    assert (body["total"], body["previousPage"]) == (3, None)
    assert "pageIndex=2" in body["nextPage"]
    assert "sortBy=number" in body["nextPage"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("since=never", "/since"), ("since=2024-03-02..2024-03-01", "/since"), ("sortBy=age", "/sortBy"), ("a=b", "/a")],
)
def test_a_wrong_parameter_is_400(query: str, pointer: str) -> None:
    assert pointers(list_(query)) == [pointer]


def two_contacts() -> list[str]:
    return [contact_requests.new_contact(f"p{number}", sms(number))["id"] for number in NUMBERS[:2]]


@pytest.mark.usefixtures("three")
def test_the_contact_of_a_number_is_the_one_that_has_it_now() -> None:
    survivor, merged = two_contacts()
    contact_requests.merge(survivor, merged)
    contact_requests.delete(contact_requests.new_contact("c", sms(NUMBERS[2]))["id"])
    assert [entry["contactId"] for entry in list_("sortBy=number").body["optOuts"]] == [survivor, survivor, None]


def test_an_opt_out_survives_merge_and_deletion_of_its_contact() -> None:
    contact, other = two_contacts()
    put(NUMBERS[1])
    contact_requests.merge(contact, other)
    contact_requests.delete(contact)
    assert get(NUMBERS[1]).body["isOptedOut"] is True
    assert contact_requests.new_contact("c", sms(NUMBERS[1]))["isOptedOut"] is True


@pytest.mark.parametrize("spelling", ["+33 214 561", "(+33) 214-561", "0033214561", "tel:+33214561"])
def test_a_number_that_is_not_valid_is_opted_out_in_each_spelling(spelling: str) -> None:
    contact = contact_requests.new_contact("Tom", sms(spelling))
    assert (contact["isOptedOut"], found("Is", "yes")) == (False, set())
    put("+33214561")
    assert contact_requests.get(contact["id"]).body["isOptedOut"] is True
    assert found("Is", "yes") == {"Tom"}
    assert opt_outs.opted_out_among(SITE, [spelling, "+33214562", "68849"]) == {spelling}


# ------------------------------------------------------------------ isOptedOut in filters


@pytest.fixture
def people() -> None:
    """``out`` has opted out; of ``first`` and ``second`` only that number; ``none`` has no number."""
    contact_requests.new_contact("out", sms(NUMBERS[0]))
    contact_requests.new_contact("first", sms(NUMBERS[1]), sms("+12125550131"))
    contact_requests.new_contact("second", sms("+12125550132"), sms(NUMBERS[2]))
    contact_requests.new_contact("none", email("none@example.com"))
    for number in NUMBERS:
        put(number)


def found(operator: str, value: str, field: str = "isOptedOut", others: tuple[dict[str, Any], ...] = ()) -> set[str]:
    condition = {"fieldName": field, "operator": operator, "value": value, "order": 1}
    answer = contact_requests.query({"filterConditions": [condition, *others]})
    assert answer.status == 200, answer.body
    return {contact["name"] for contact in answer.body["contacts"]}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("Is", "yes", {"out", "first"}),
        ("Is", "TRUE", {"out", "first"}),
        ("Is", "no", {"second", "none"}),
        ("Is Not", "yes", {"second", "none"}),
        ("Is Not", "no", {"out", "first"}),
        ("Is", "", set()),
        ("Is Not", "", {"out", "first", "second", "none"}),
    ],
)
def test_is_opted_out_is_a_filter_property_like_a_checkbox(operator: str, value: str, expected: set[str]) -> None:
    assert found(operator, value, field="IsOptedOut") == expected


@pytest.mark.usefixtures("people")
def test_filter_answer_and_sort_order_agree() -> None:
    contacts = contact_requests.list_contacts("sortBy=isOptedOut").body["contacts"]
    assert [contact["isOptedOut"] for contact in contacts] == [False, False, True, True]
    assert {contact["name"] for contact in contacts if contact["isOptedOut"]} == found("Is", "yes")


@pytest.mark.usefixtures("people")
def test_a_filter_on_opt_outs_combines_with_others() -> None:
    assert found("Is", "yes", others=({"fieldName": "name", "operator": "Contains", "value": "fir", "order": 2},)) == {"first"}


@pytest.mark.parametrize(("operator", "value", "pointer"), [("Contains", "yes", "operator"), ("Is", "perhaps", "value")])
def test_an_operator_or_value_that_a_checkbox_has_not_is_400(operator: str, value: str, pointer: str) -> None:
    condition = {"fieldName": "isOptedOut", "operator": operator, "value": value, "order": 1}
    assert pointers(contact_requests.query({"filterConditions": [condition]})) == [f"/filterConditions/0/{pointer}"]


@pytest.mark.usefixtures("people")
def test_a_scan_reads_the_opt_outs_of_the_site_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, list_opt_outs = list[str](), opt_outs.list_opt_outs
    monkeypatch.setattr(opt_outs, "list_opt_outs", lambda site_id: (reads.append(site_id), list_opt_outs(site_id))[1])
    found("Is", "yes")
    assert reads == [SITE]
    found("Is", "out", field="name")
    assert reads == [SITE]


@pytest.mark.usefixtures("people")
def test_queries_previews_sends_and_exports_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load("contacts/export_contacts"), "WAIT_SECONDS", 0)
    pipeline.put_site()
    condition = {"fieldName": "isOptedOut", "operator": "Is", "value": "yes", "order": 1}
    campaign = pipeline.create_campaign(contactFilterConditions=[condition])
    url = f"/outreach/campaigns/{campaign['id']}:preview"
    assert call("outreach/act_on_campaign", "POST", url).body["skippedReasons"] == {"opted_out": 2}
    record = CampaignRecord(RECORD, SITE, campaign["id"], clock.timestamp(clock.now()), campaign["name"], pipeline.ACCOUNT.id)
    campaign_records.create(record, campaign)
    assert pipeline.freeze(RECORD) == 2
    body = {"timeZoneId": "UTC", "filterConditions": [condition]}
    export = call("contacts/export_contacts", "POST", "/contact/contacts:export", body)
    export_id = export.headers["Location"].rpartition("/")[2]
    assert csv_export.write(SITE, export_id) == 2
    rows = csv.DictReader(s3.files().get(csv_export.object_key(SITE, export_id)).decode("utf-8-sig").splitlines())
    assert {(row["name"], row["isOptedOut"]) for row in rows} == {(name, "yes") for name in found("Is", "yes")}


def test_no_field_can_be_called_like_the_property() -> None:
    assert contact_requests.create_field(name="isoptedout", type="text").status == 409


# ------------------------------------------------------------------ long lists


@pytest.mark.usefixtures("three")
def test_a_list_that_takes_long_is_finished_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_results, "WAIT_SECONDS", -1)
    answer = list_("sortBy=number")
    assert answer.status == 202
    list_id = answer.body["id"]
    key = list_results.request_key("list_opt_outs", SITE, list_id)
    invoke("contacts/list_opt_outs", {"detail": {"bucket": {"name": settings().files_bucket}, "object": {"key": key}}})
    assert call("api/get_list_result", "GET", f"/listResults/{list_id}").status == 303
