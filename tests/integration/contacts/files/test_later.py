"""Lists that aren't ready in time: 202, how far they are, and then where they lie (contract, Lists)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from outreach import clock
from outreach.contacts.files import later, objects
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.support import pipeline
from tests.support.functions import Answer, call

FILTER = {"filterConditions": [{"fieldName": "name", "operator": "contains", "value": "t", "order": 1}]}


def listed() -> Answer:
    return api.listed("keywords=t&pageSize=2")


def in_order() -> Answer:
    return api.listed("pageSize=2&sortOrder=desc")


def queried() -> Answer:
    return api.query(FILTER, "pageSize=2")


def messages() -> Answer:
    return call("outreach/list_messages", "GET", "/outreach/messages?pageSize=2")


LISTS = [(listed, "list_contacts"), (in_order, "list_contacts"), (queried, "query_contacts"), (messages, "list_messages")]


def result(answer: Answer, site_id: str = SITE, scopes: str = "") -> Answer:
    return call("contacts/get_list_result", "GET", answer.headers["Location"], site_id=site_id, scopes=scopes)


@pytest.fixture
def three_of_each() -> None:
    """Contacts, and messages that were sent elsewhere."""
    account = pipeline.ACCOUNT.id
    pipeline.put_site()
    for name in ("Tom", "Tim", "Ted"):
        contact = api.created(name)["id"]
        sent = {"channelAccountId": account, "contactId": contact, "to": "+12125550199", "message": "Hello", "status": "sent"}
        assert call("outreach/create_message", "POST", "/outreach/messages", sent).status == 201


@pytest.mark.parametrize(("ask", "function"), LISTS)
def test_a_list_that_takes_long_is_answered_later(
    three_of_each: None, ask: Callable[[], Answer], function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = ask()
    assert [len(entries) for entries in at_once.body.values() if isinstance(entries, list)] == [2]
    monkeypatch.setattr(later, "WAIT_SECONDS", -1.0)
    answer = ask()
    assert (answer.status, answer.body["status"]) == (202, "running")
    assert answer.headers["Location"] == f"/listResults/{answer.body['id']}"
    assert (result(answer).status, result(answer, OTHER_SITE).status) == (303, 404)
    key = objects.list_result_key(function, SITE, answer.body["id"])
    assert f"/{key}?" in result(answer).headers["Location"]
    stored = json.loads(objects.get(key))
    assert stored == at_once.body, "links and all"


def test_a_list_asks_for_the_scope_that_its_request_asked_for(three_of_each: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "WAIT_SECONDS", -1.0)
    answer = messages()
    assert (result(answer, scopes="contact:read").status, result(answer, scopes="outreach:read").status) == (403, 303)


def test_a_list_that_nobody_answers_is_running_and_after_an_hour_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "WAIT_SECONDS", -1.0)
    with monkeypatch.context() as lost:
        lost.setattr(objects, "list_request_key", lambda *key: "elsewhere/" + "/".join(key))
        answer = listed()
        assert (result(answer).status, result(answer).body["status"]) == (200, "running")
        now = clock.now() + timedelta(hours=1, minutes=1)
        lost.setattr(clock, "now", lambda: now)
        assert result(answer).body["status"] == "failed"
    assert result(answer).status == 404


def test_what_is_kept_of_a_request_has_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "WAIT_SECONDS", -1.0)
    kept: dict[str, bytes] = {}
    monkeypatch.setattr(objects, "put", lambda key, body, *_: kept.update({key: body}))
    secret = {"Authorization": "Bearer local-10000"}
    answer = call("contacts/query_contacts", "POST", "/contact/contacts:query", FILTER, headers=secret)
    (request,) = kept.values()
    assert answer.status == 202
    assert b"local-10000" not in request
    assert json.loads(request)["requestContext"]["authorizer"]["siteId"] == SITE
