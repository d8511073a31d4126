"""Lists and previews that exceed the time limit: 202, then their status, then a redirect (docs/api.md, "Lists")."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from outreach import clock, s3
from outreach.http import list_results
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.support import pipeline, ticket_steps
from tests.support.functions import Answer, call

FILTER = {"filterConditions": [{"fieldName": "name", "operator": "contains", "value": "t", "order": 1}]}


def contacts_by_keyword() -> Answer:
    return contact_requests.list_contacts("keywords=t&pageSize=2")


def contacts_by_creation() -> Answer:
    return contact_requests.list_contacts("pageSize=2&sortOrder=desc")


def contacts_by_filter() -> Answer:
    return contact_requests.query(FILTER, "pageSize=2")


def messages() -> Answer:
    return call("outreach/list_messages", "GET", "/outreach/messages?pageSize=2")


def replies() -> Answer:
    return call("outreach/list_replies", "GET", "/outreach/replies?pageSize=2")


LISTS = [
    (contacts_by_keyword, "list_contacts"),
    (contacts_by_creation, "list_contacts"),
    (contacts_by_filter, "query_contacts"),
    (messages, "list_messages"),
    (replies, "list_replies"),
]


def result(answer: Answer, site_id: str = SITE, scopes: str = "") -> Answer:
    return call("api/get_list_result", "GET", answer.headers["Location"], site_id=site_id, scopes=scopes)


@pytest.fixture
def three_of_each() -> None:
    """Three contacts, each with a message that another system has sent; and three replies."""
    account = pipeline.ACCOUNT.id
    pipeline.put_site()
    for name in ("Tom", "Tim", "Ted"):
        contact = contact_requests.new_contact(name)["id"]
        sent = {"channelAccountId": account, "contactId": contact, "to": "+12125550199", "message": "Hello", "status": "sent"}
        assert call("outreach/create_message", "POST", "/outreach/messages", sent).status == 201
        ticket_steps.reply("+12125550199", name)


@pytest.mark.parametrize(("request_list", "function"), LISTS)
def test_a_slow_list_is_finished_in_the_background(
    three_of_each: None, request_list: Callable[[], Answer], function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    immediate = request_list()
    assert [len(entries) for entries in immediate.body.values() if isinstance(entries, list)] == [2]
    monkeypatch.setattr(list_results, "WAIT_SECONDS", -1.0)
    answer = request_list()
    assert (answer.status, answer.body["status"]) == (202, "running")
    assert answer.headers["Location"] == f"/listResults/{answer.body['id']}"
    assert (result(answer).status, result(answer, OTHER_SITE).status) == (303, 404)
    key = list_results.result_key(function, SITE, answer.body["id"])
    assert f"/{key}?" in result(answer).headers["Location"]
    stored = json.loads(s3.files().get(key))
    assert stored == immediate.body, "including the links"


def test_a_slow_preview_is_finished_in_the_background(three_of_each: None, monkeypatch: pytest.MonkeyPatch) -> None:
    contact_requests.new_contact("Tess")
    url = f"/outreach/campaigns/{pipeline.create_campaign()['id']}:preview"
    key = {"Idempotency-Key": "preview-1"}
    immediate = call("outreach/act_on_campaign", "POST", url)
    assert (immediate.status, immediate.body["audience"]) == (200, 5)  # with the contact that the replies have made
    monkeypatch.setattr(list_results, "WAIT_SECONDS", -1.0)
    answer = call("outreach/act_on_campaign", "POST", url, headers=key)
    assert (answer.status, answer.body["status"]) == (202, "running")
    assert (result(answer).status, result(answer, OTHER_SITE).status) == (303, 404)
    assert (result(answer, scopes="contact:read").status, result(answer, scopes="outreach:read").status) == (403, 303)
    stored = json.loads(s3.files().get(list_results.result_key("act_on_campaign", SITE, answer.body["id"])))
    assert stored == immediate.body
    again = call("outreach/act_on_campaign", "POST", url, headers=key)
    assert (again.status, again.headers["Location"]) == (202, answer.headers["Location"])


def test_a_list_result_needs_the_scope_of_its_request(three_of_each: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_results, "WAIT_SECONDS", -1.0)
    answer = messages()
    assert (result(answer, scopes="contact:read").status, result(answer, scopes="outreach:read").status) == (403, 303)


def test_a_list_result_that_never_completes_fails_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_results, "WAIT_SECONDS", -1.0)
    with monkeypatch.context() as no_notification:
        no_notification.setattr(list_results, "request_key", lambda *key: "elsewhere/" + "/".join(key))
        answer = contacts_by_keyword()
        assert (result(answer).status, result(answer).body["status"]) == (200, "running")
        now = clock.now() + timedelta(hours=1, minutes=1)
        no_notification.setattr(clock, "now", lambda: now)
        assert result(answer).body["status"] == "failed"
    assert result(answer).status == 404


def test_a_stored_request_is_stored_without_its_api_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_results, "WAIT_SECONDS", -1.0)
    stored: dict[str, bytes] = {}
    monkeypatch.setattr(s3.Bucket, "put", lambda _, key, body, *__: stored.update({key: body}))
    secret = {"Authorization": "Bearer local-10000"}
    answer = call("contacts/query_contacts", "POST", "/contact/contacts:query", FILTER, headers=secret)
    (request,) = stored.values()
    assert answer.status == 202
    assert b"local-10000" not in request
    assert json.loads(request)["requestContext"]["authorizer"]["siteId"] == SITE
