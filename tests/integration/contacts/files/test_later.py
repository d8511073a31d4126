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
from tests.support.functions import Answer, call

FILTER = {"filterConditions": [{"fieldName": "name", "operator": "contains", "value": "t", "order": 1}]}


def listed() -> Answer:
    return api.listed("keywords=t&pageSize=2")


def in_order() -> Answer:
    return api.listed("pageSize=2&sortOrder=desc")


def queried() -> Answer:
    return api.query(FILTER, "pageSize=2")


def result(answer: Answer, site_id: str = SITE) -> Answer:
    return call("contacts/get_list_result", "GET", answer.headers["Location"], site_id=site_id)


@pytest.mark.parametrize("ask", [listed, queried, in_order])
def test_a_list_that_takes_long_is_answered_later(ask: Callable[[], Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Tom", "Tim", "Ted"):
        api.created(name)
    at_once = ask()
    assert len(at_once.body["contacts"]) == 2
    monkeypatch.setattr(later, "WAIT_SECONDS", -1.0)
    answer = ask()
    assert (answer.status, answer.body["status"]) == (202, "running")
    assert answer.headers["Location"] == f"/listResults/{answer.body['id']}"
    assert (result(answer).status, result(answer, OTHER_SITE).status) == (303, 404)
    assert f"/list-results/{SITE}/{answer.body['id']}" in result(answer).headers["Location"]
    stored = json.loads(objects.get(objects.list_result_key(SITE, answer.body["id"])))
    assert stored == at_once.body, "links and all"


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
