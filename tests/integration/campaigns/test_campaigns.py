"""Campaigns are created, read, listed, changed and deleted (docs/api.md, "Campaigns")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from outreach.campaigns import campaign_service
from outreach.campaigns.models import Campaign
from outreach.sites import site_store
from tests.support import pipeline
from tests.support.functions import Answer, call
from tests.support.pipeline import ACCOUNT

CAMPAIGNS = "/outreach/campaigns"
UNKNOWN = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"
OTHER_ACCOUNT = replace(ACCOUNT, id="747277e8-06a5-4eec-ba66-1cdd617dc778")
CONDITION = {"fieldName": "company", "operator": "is", "value": "BBBB", "order": 1}


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    pipeline.put_site()
    site_store.put_account(OTHER_ACCOUNT)


def post(**changes: Any) -> Answer:
    body = {"name": "test", "channel": "sms", "channelAccountId": ACCOUNT.id, "message": "Hello!"} | changes
    present = {name: value for name, value in body.items() if value is not ...}
    return call("outreach/create_campaign", "POST", CAMPAIGNS, present)


def put(campaign_id: str, **changes: Any) -> Answer:
    return call("outreach/update_campaign", "PUT", f"{CAMPAIGNS}/{campaign_id}", changes)


def get(campaign_id: str) -> Answer:
    return call("outreach/get_campaign", "GET", f"{CAMPAIGNS}/{campaign_id}")


def names(query: str = "") -> list[str]:
    return [campaign["name"] for campaign in call("outreach/list_campaigns", "GET", CAMPAIGNS + query).body["campaigns"]]


def pointers(answer: Answer) -> list[str]:
    assert answer.status == 400, answer.body
    return [error["pointer"] for error in answer.body["errors"]]


def test_a_created_campaign_can_be_read() -> None:
    created = post(contactFilterConditions=[CONDITION])
    assert created.status == 201
    assert get(created.body["id"]).body == created.body
    assert created.body["contactFilterConditions"][0]["campaignId"] == created.body["id"]


@pytest.mark.parametrize("rubbish", ["x", "", None, 5])
def test_a_new_campaign_ignores_its_id(rubbish: Any) -> None:
    assert post(id=rubbish).status == 201
    assert pointers(put(post().body["id"], id="x")) == ["/id"]


def test_null_in_the_channel_and_in_flags_is_absent() -> None:
    campaign = post(isMessageAutoAttachedToTicket=True, replacesSmartQuotes=True).body
    answer = put(campaign["id"], channel=None, isMessageAutoAttachedToTicket=None, replacesSmartQuotes=None)
    assert (answer.status, answer.body) == (200, campaign)
    assert pointers(post(channel=None)) == ["/channel"]


MISSPELT = {
    "contactFilterCondition": "contactFilterConditions",
    "conditions": "contactFilterConditions",
    "contactFilter": "contactFilterConditions",
    "filters": "contactFilterConditions",
    "conditionMetType": "contactFilterConditionMetType",
    "logicalExpression": "contactFilterLogicalExpresssion",
}


def test_a_misspelt_filter_is_400_and_never_selects_everybody() -> None:
    campaign = post(contactFilterConditions=[CONDITION]).body
    for name, meant in MISSPELT.items():
        for answer in (post(**{name: []}), put(campaign["id"], **{name: []})):
            assert answer.body["errors"] == [
                {"pointer": f"/{name}", "message": f"is not a property of a filter; did you mean {meant}?"}
            ], name
    assert get(campaign["id"]).body == campaign


def test_other_unknown_properties_of_a_campaign_are_ignored() -> None:
    unknown = {"keyword": "x", "select": [], "audience": 5, "siteId": 5, "contactIds": [], "": "", "fields": {}, "contacts": []}
    assert post(**unknown).status == 201
    assert put(post().body["id"], **unknown).status == 200


@pytest.mark.parametrize("prefix", ["contactFilter", "filter"])
def test_an_update_with_null_in_the_filter_never_selects_more_people(prefix: str) -> None:
    filter_ = {"contactFilterConditionMetType": "any", "contactFilterConditions": [CONDITION]}
    campaign = post(contactFilterLogicalExpresssion="1", **filter_).body
    nulls = {f"{prefix}{name}": None for name in ("ConditionMetType", "LogicalExpresssion", "Conditions")}
    assert put(campaign["id"], **nulls).body == campaign
    assert put(campaign["id"], **{f"{prefix}ConditionMetType": ""}).body == campaign
    assert put(campaign["id"], **{f"{prefix}Conditions": []}).body["contactFilterConditions"] == []


@pytest.mark.parametrize("name", ["name", "channelAccountId", "message"])
def test_an_update_cannot_remove_what_a_campaign_must_have(name: str) -> None:
    assert pointers(put(post().body["id"], **{name: None})) == [f"/{name}"]


def test_all_faults_of_a_campaign_are_reported_at_once() -> None:
    filter_ = {"contactFilterConditionMetType": "logicalExpression", "contactFilterLogicalExpression": "1 and 2"}
    conditions = [{**CONDITION, "fieldName": "shoeSize"}, {**CONDITION, "operator": "Before", "order": 3}]
    faults = {"channelAccountId": UNKNOWN, "message": "{{ nickname }}", "scheduledStartTime": "2020-01-01", **filter_}
    assert pointers(post(contactFilterConditions=conditions, **faults)) == [
        "/channelAccountId",
        "/message",
        "/contactFilterConditions/0/fieldName",
        "/contactFilterConditions/1/operator",
        "/contactFilterLogicalExpression",
        "/scheduledStartTime",
    ]


@pytest.mark.parametrize("missing", ["name", "channel", "channelAccountId", "message"])
def test_required_properties_must_be_present(missing: str) -> None:
    assert pointers(post(**{missing: ...})) == [f"/{missing}"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"channel": "fax"}, "/channel"),
        ({"channelAccountId": UNKNOWN}, "/channelAccountId"),
        ({"channelAccountId": "x"}, "/channelAccountId"),
        ({"message": "Hello {{ name"}, "/message"),
        ({"message": "{% for i in (1..9) %}x{% endfor %}"}, "/message"),
        ({"scheduledStartTime": "2020-01-01"}, "/scheduledStartTime"),
        ({"scheduledStartTime": "soon"}, "/scheduledStartTime"),
        ({"callbackURL": "ftp://example.com"}, "/callbackURL"),
        ({"isMessageAutoAttachedToTicket": "maybe"}, "/isMessageAutoAttachedToTicket"),
        ({"contactFilterConditions": [CONDITION | {"fieldName": "x"}]}, "/contactFilterConditions/0/fieldName"),
        ({"contactFilterConditions": [CONDITION | {"operator": "before"}]}, "/contactFilterConditions/0/operator"),
        (
            {"contactFilterConditionMetType": "logicalExpression", "contactFilterLogicalExpresssion": "1 and"},
            "/contactFilterLogicalExpresssion",
        ),
    ],
)
def test_an_invalid_property_is_pointed_at_and_creates_nothing(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(post(**changes)) == [pointer]
    assert names() == []


def test_an_update_changes_only_the_properties_in_its_body() -> None:
    before = post(description="old", contactFilterConditions=[CONDITION], callbackURL="https://example.com/").body
    changed = put(before["id"], description="new", contactFilterConditionMetType="any")
    assert changed.status == 200
    assert changed.body == before | {"description": "new", "contactFilterConditionMetType": "any"}
    assert get(before["id"]).body == changed.body


@pytest.mark.parametrize(("body_id", "status"), [(None, 200), ("", 200), ("same", 200), (UNKNOWN, 400)])
def test_an_id_in_the_body_must_match_the_path(body_id: str | None, status: int) -> None:
    campaign_id = post().body["id"]
    assert put(campaign_id, id=campaign_id.upper() if body_id == "same" else body_id, name="new").status == status


def test_a_refused_update_changes_nothing() -> None:
    before = post().body
    assert pointers(put(before["id"], name="new", message="{{")) == ["/message"]
    assert get(before["id"]).body == before


def meanwhile(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Answer]) -> None:
    """Let another request come between the next update's read and its write."""
    check = campaign_service._check

    def act_first(*campaigns: Campaign, **options: Any) -> None:
        monkeypatch.setattr(campaign_service, "_check", check)
        assert action().status < 300
        check(*campaigns, **options)

    monkeypatch.setattr(campaign_service, "_check", act_first)


def test_updates_at_the_same_time_lose_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = post().body["id"]
    meanwhile(monkeypatch, lambda: put(campaign_id, description="other"))
    assert put(campaign_id, name="new").status == 200
    assert (get(campaign_id).body["name"], get(campaign_id).body["description"]) == ("new", "other")


def test_an_update_does_not_bring_back_a_campaign_that_is_deleted_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = post().body["id"]
    meanwhile(monkeypatch, lambda: call("outreach/delete_campaign", "DELETE", f"{CAMPAIGNS}/{campaign_id}"))
    assert put(campaign_id, name="new").status == 404
    assert get(campaign_id).status == 404


def test_a_deleted_campaign_is_not_found() -> None:
    campaign_id = post().body["id"]
    assert call("outreach/delete_campaign", "DELETE", f"{CAMPAIGNS}/{campaign_id}").status == 204
    assert get(campaign_id).status == 404
    assert call("outreach/delete_campaign", "DELETE", f"{CAMPAIGNS}/{campaign_id}").status == 404
    assert names() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(("campaign_id", "status"), [(UNKNOWN, 404), ("abc", 400), ("abc:send", 400), (f"{UNKNOWN}:send", 405)])
def test_unknown_and_invalid_ids_are_refused(method: str, campaign_id: str, status: int) -> None:
    function = {"GET": "get", "PUT": "update", "DELETE": "delete"}[method]
    body: dict[str, Any] | None = {} if method == "PUT" else None
    assert call(f"outreach/{function}_campaign", method, f"{CAMPAIGNS}/{campaign_id}", body).status == status


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["b", "a", "c"]),
        ("?sortOrder=DESC", ["c", "a", "b"]),
        ("?sortBy=Name", ["a", "b", "c"]),
        ("?channel=SMS&pageSize=2", ["b", "a"]),
        ("?channel=sms&pageSize=2&pageIndex=2", ["c"]),
        ("?pageIndex=9", []),
        ("?pageSize=0", ["b", "a", "c"]),
        (f"?channelAccountId={OTHER_ACCOUNT.id.upper()}", ["c"]),
    ],
)
def test_a_list_is_filtered_sorted_and_paged(query: str, expected: list[str]) -> None:
    post(name="b")
    post(name="a")
    post(name="c", channelAccountId=OTHER_ACCOUNT.id)
    assert names(query) == expected


@pytest.mark.parametrize(
    "query", ["channel=fax", "channelAccountId=x", "sortBy=x", "sortOrder=up", "pageSize=501", "pageIndex=0"]
)
def test_a_list_refuses_invalid_parameters(query: str) -> None:
    answer = call("outreach/list_campaigns", "GET", f"{CAMPAIGNS}?{query}")
    assert pointers(answer) == ["/" + query.partition("=")[0]]


def test_page_links_keep_every_parameter_and_add_the_site() -> None:
    for name in "abc":
        post(name=name)
    body = call("outreach/list_campaigns", "GET", f"{CAMPAIGNS}?sortBy=name&pageSize=1&pageIndex=2").body
    assert body["total"] == 3
    for link, index in (("previousPage", 1), ("nextPage", 3)):
        assert body[link].endswith(f"{CAMPAIGNS}?sortBy=name&pageSize=1&pageIndex={index}&siteId=10000")
