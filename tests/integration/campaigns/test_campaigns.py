"""Campaigns as they are kept: created, listed, changed, deleted (specification: Outreach Campaign; contract, Campaigns)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outreach.sites import store
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
    store.put_account(OTHER_ACCOUNT)


def post(**changes: Any) -> Answer:
    body = {"name": "test", "channel": "sms", "channelAccountId": ACCOUNT.id, "message": "Hello!"} | changes
    given = {name: value for name, value in body.items() if value is not ...}
    return call("outreach/create_campaign", "POST", CAMPAIGNS, given)


def put(campaign_id: str, **changes: Any) -> Answer:
    return call("outreach/update_campaign", "PUT", f"{CAMPAIGNS}/{campaign_id}", changes)


def get(campaign_id: str) -> Answer:
    return call("outreach/get_campaign", "GET", f"{CAMPAIGNS}/{campaign_id}")


def names(query: str = "") -> list[str]:
    return [campaign["name"] for campaign in call("outreach/list_campaigns", "GET", CAMPAIGNS + query).body["campaigns"]]


def pointers(answer: Answer) -> list[str]:
    assert answer.status == 400, answer.body
    return [error["pointer"] for error in answer.body["errors"]]


def test_a_created_campaign_is_read_back() -> None:
    created = post(contactFilterConditions=[CONDITION])
    assert created.status == 201
    assert get(created.body["id"]).body == created.body
    assert created.body["contactFilterConditions"][0]["campaignId"] == created.body["id"]


@pytest.mark.parametrize("missing", ["name", "channel", "channelAccountId", "message"])
def test_what_the_specification_requires_is_required(missing: str) -> None:
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
        ({"contactFilterConditions": [CONDITION | {"id": "x"}]}, "/contactFilterConditions/0/id"),
        ({"contactFilterConditions": [CONDITION | {"fieldName": "x"}]}, "/contactFilterConditions/0/fieldName"),
        ({"contactFilterConditions": [CONDITION | {"operator": "before"}]}, "/contactFilterConditions/0/operator"),
        (
            {"contactFilterConditionMetType": "logicalExpression", "contactFilterLogicalExpresssion": "1 and"},
            "/contactFilterLogicalExpresssion",
        ),
    ],
)
def test_a_mistake_is_named_where_it_is_and_creates_nothing(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(post(**changes)) == [pointer]
    assert names() == []


def test_an_update_changes_what_it_names_and_keeps_the_rest() -> None:
    before = post(description="old", contactFilterConditions=[CONDITION], callbackURL="https://example.com/").body
    changed = put(before["id"], description="new", contactFilterConditionMetType="any")
    assert changed.status == 200
    assert changed.body == before | {"description": "new", "contactFilterConditionMetType": "any"}
    assert get(before["id"]).body == changed.body


@pytest.mark.parametrize(("given", "status"), [(None, 200), ("", 200), ("its own", 200), (UNKNOWN, 400)])
def test_the_id_in_the_body_may_be_absent_else_it_must_match(given: str | None, status: int) -> None:
    campaign_id = post().body["id"]
    assert put(campaign_id, id=campaign_id.upper() if given == "its own" else given, name="new").status == status


def test_an_update_that_is_refused_changes_nothing() -> None:
    before = post().body
    assert pointers(put(before["id"], name="new", message="{{")) == ["/message"]
    assert get(before["id"]).body == before


def test_a_deleted_campaign_is_gone() -> None:
    campaign_id = post().body["id"]
    assert call("outreach/delete_campaign", "DELETE", f"{CAMPAIGNS}/{campaign_id}").status == 204
    assert get(campaign_id).status == 404
    assert call("outreach/delete_campaign", "DELETE", f"{CAMPAIGNS}/{campaign_id}").status == 404
    assert names() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(("campaign_id", "status"), [(UNKNOWN, 404), ("abc", 400), (f"{UNKNOWN}:send", 400)])
def test_what_is_no_campaign_is_not_found(method: str, campaign_id: str, status: int) -> None:
    function = {"GET": "get", "PUT": "update", "DELETE": "delete"}[method]
    body = {} if method == "PUT" else None
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
def test_a_list_is_narrowed_down_sorted_and_paged(query: str, expected: list[str]) -> None:
    post(name="b")
    post(name="a")
    post(name="c", channelAccountId=OTHER_ACCOUNT.id)
    assert names(query) == expected


@pytest.mark.parametrize(
    "query", ["channel=fax", "channelAccountId=x", "sortBy=x", "sortOrder=up", "pageSize=501", "pageIndex=0"]
)
def test_a_list_refuses_what_it_does_not_know(query: str) -> None:
    answer = call("outreach/list_campaigns", "GET", f"{CAMPAIGNS}?{query}")
    assert pointers(answer) == [query.partition("=")[0]]


def test_links_keep_every_parameter_and_carry_the_site() -> None:
    for name in "abc":
        post(name=name)
    body = call("outreach/list_campaigns", "GET", f"{CAMPAIGNS}?sortBy=name&pageSize=1&pageIndex=2").body
    assert body["total"] == 3
    for link, index in (("previousPage", 1), ("nextPage", 3)):
        assert body[link].endswith(f"{CAMPAIGNS}?sortBy=name&pageSize=1&pageIndex={index}&siteId=10000")
