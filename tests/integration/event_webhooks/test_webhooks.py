"""Webhooks through the API: their properties, their number and their secrets."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import boto3
import pytest

from outreach import dynamo, parameter_store
from outreach.events import webhook_store
from outreach.settings import settings
from tests.support import event_webhooks, interleaving
from tests.support.crash_points import Crash, dying_at
from tests.support.event_webhooks import PATH, act, create, get, post
from tests.support.functions import call
from tests.support.interleaving import Worker

BODY = {"url": "https://customer.example/events", "events": ["reply.received"], "description": "our CRM"}

pytestmark = pytest.mark.usefixtures("aws")


def parameters() -> list[str]:
    """The names of all secrets in the parameter store."""
    return [entry["Name"] for entry in boto3.client("ssm").describe_parameters()["Parameters"]]


def update(webhook_id: str, body: Any) -> Any:
    return call("outreach/update_webhook", "PUT", f"{PATH}/{webhook_id}", body)


def delete(webhook_id: str) -> int:
    return call("outreach/delete_webhook", "DELETE", f"{PATH}/{webhook_id}").status


def test_a_webhook_is_created_read_changed_and_deleted() -> None:
    created = post(BODY).body
    shown = {name: value for name, value in created.items() if name != "secret"}
    assert {**BODY, "id": created["id"], "createTime": created["createTime"]} == shown
    assert get(f"/{created['id']}").body == shown
    assert get().body == {"webhooks": [shown], "previousPage": None, "nextPage": None, "total": 1}
    changed = update(created["id"], {"events": ["Contact.OptedOut", "contact.optedOut", "contact.optedIn"]}).body
    assert changed == {**shown, "events": ["contact.optedOut", "contact.optedIn"]} == get(f"/{created['id']}").body
    assert delete(created["id"]) == 204
    assert (delete(created["id"]), get(f"/{created['id']}").status, get().body["total"]) == (404, 404, 0)
    assert parameters() == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": None}, "/url"),
        ({"url": "ftp://customer.example"}, "/url"),
        ({"url": "https://customer.example/a\nb"}, "/url"),
        ({"events": None}, "/events"),
        ({"events": []}, "/events"),
        ({"events": ["reply.sent"]}, "/events/0"),
        ({"events": ["webhook.test"]}, "/events/0"),
        ({"description": "x" * 2_001}, "/description"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(change: dict[str, Any], pointer: str) -> None:
    answer = post(BODY | change)
    assert (answer.status, [error["pointer"] for error in answer.body.get("errors", [])]) == (400, [pointer])
    assert parameters() == []


def test_the_url_and_the_events_are_required_and_the_description_is_not() -> None:
    assert [error["pointer"] for error in post({}).body["errors"]] == ["/url", "/events"]
    assert post({"url": BODY["url"], "events": BODY["events"]}).body["description"] == ""


@pytest.mark.parametrize("name", ["url", "events"])
def test_an_update_cannot_remove_what_a_webhook_must_have(name: str) -> None:
    answer = update(create()["id"], {name: None})
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, [f"/{name}"])


def test_a_site_has_ten_webhooks_at_most() -> None:
    ids = [create()["id"] for _ in range(10)]
    refused = post(BODY)
    assert (refused.status, refused.body["code"]) == (403, "quota_exceeded")
    assert len(parameters()) == 10
    assert post(BODY, site_id="20000").status == 201
    assert delete(ids[0]) == 204
    assert post(BODY).status == 201


def test_concurrent_requests_create_ten_webhooks_at_most() -> None:
    for _ in range(9):
        create()
    statuses: list[int] = []
    schedule = count()
    workers = [Worker(lambda: statuses.append(post(BODY).status)) for _ in range(2)]
    interleaving.run_interleaved(workers, lambda running: next(schedule) % running)
    assert (sorted(statuses), get("?pageSize=0").body["total"], len(parameters())) == ([201, 403], 10, 10)


def test_another_site_sees_no_webhook() -> None:
    path = f"/{create()['id']}"
    assert get(path, site_id="20000").status == get(f"{path}/attempts", site_id="20000").status == 404
    assert act(path.strip("/"), "rotateSecret", site_id="20000").status == 404
    assert get(site_id="20000").body["total"] == 0


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [("outreach:read", (200, 403, 403, 403)), ("outreach:write", (403, 201, 200, 403)), ("outreach:send", (403, 403, 403, 200))],
)
def test_reading_writing_and_testing_have_their_scopes(scope: str, statuses: tuple[int, ...]) -> None:
    webhook_id = create()["id"]
    assert (
        get(scopes=scope).status,
        post(BODY, scopes=scope).status,
        act(webhook_id, "rotateSecret", scopes=scope).status,
        act(webhook_id, "test", scopes=scope).status,
    ) == statuses


def test_the_secret_is_shown_once_and_is_in_no_table() -> None:
    webhook = create()
    assert 24 <= len(base64.b64decode(webhook["secret"].removeprefix("whsec_"))) <= 64
    assert "secret" not in json.dumps(get(f"/{webhook['id']}").body)
    post(BODY, key="k-1")
    rotated = act(webhook["id"], "rotateSecret", key="k-2").body["secret"]
    assert rotated != webhook["secret"]
    tables = [settings().sites_table, settings().requests_table, settings().callbacks_table]
    stored = json.dumps([boto3.client("dynamodb").scan(TableName=table)["Items"] for table in tables])
    assert "whsec_" not in stored
    assert rotated not in stored


def test_a_repeated_request_shows_its_secret_again() -> None:
    first, again = post(BODY, key="create"), post(BODY, key="create")
    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    webhook_id = first.body["id"]
    rotated = act(webhook_id, "rotateSecret", key="rotate").body
    assert act(webhook_id, "rotateSecret").body["secret"] not in (rotated["secret"], first.body["secret"])
    assert act(webhook_id, "rotateSecret", key="rotate").body == rotated
    assert post(BODY | {"description": "another"}, key="create").status == 422
    delete(webhook_id)
    parameter_store.clear()
    assert post(BODY, key="create").body == {**first.body, "secret": None}
    assert get().body["total"] == 0


@pytest.mark.parametrize("step", range(1, 5))
def test_a_deletion_that_crashes_is_completed_by_its_repetition(step: int) -> None:
    webhook_id = create()["id"]
    with suppress(Crash), dying_at(step):
        delete(webhook_id)
    assert delete(webhook_id) in (204, 404)
    assert (get().body["total"], parameters()) == (0, [])


def test_at_most_five_secrets_sign() -> None:
    webhook_id = create()["id"]
    secrets = [act(webhook_id, "rotateSecret").body["secret"] for _ in range(7)]
    assert len(set(secrets)) == 7
    assert len(webhook_store.get("10000", webhook_id).secrets) == len(parameters()) == 5


def test_concurrent_rotations_keep_both_secrets() -> None:
    webhook_id, shown, schedule = create()["id"], [], count()
    workers = [Worker(lambda: shown.append(act(webhook_id, "rotateSecret").body["secret"])) for _ in range(2)]
    interleaving.run_interleaved(workers, lambda running: next(schedule) % running)
    assert len(webhook_store.get("10000", webhook_id).secrets) == len(parameters()) == 3


def test_a_conflict_leaves_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    webhook_id = create()["id"]
    monkeypatch.setattr(dynamo, "put_version", lambda *_: False)
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert (post(BODY).status, act(webhook_id, "rotateSecret").status) == (409, 409)
    assert len(parameters()) == 1


def test_a_secret_whose_write_conflicts_with_itself_is_kept() -> None:
    """The response to the write was lost, and then others kept changing the webhooks."""
    put_version = dynamo.put_version
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamo, "put_version", lambda *arguments: put_version(*arguments) and False)
        patch.setattr(dynamo, "retry_on_conflict", lambda attempt, *, error: _once(attempt, error))
        assert post(BODY).status == 409
    assert (get().body["total"], len(parameters())) == (1, 1)


def _once(attempt: Callable[[], Any], error: Exception) -> Any:
    try:
        return attempt()
    except dynamo.WriteConflict:
        raise error from None


def test_a_rotation_during_a_deletion_leaves_no_secret() -> None:
    webhook_id, order = create()["id"], count()
    workers = [Worker(lambda: delete(webhook_id)), Worker(lambda: act(webhook_id, "rotateSecret"))]
    interleaving.run_interleaved(workers, lambda running: next(order) % running)
    delete(webhook_id)
    assert (get().body["total"], parameters()) == (0, [])


def test_an_unknown_webhook_is_not_found() -> None:
    unknown = str(uuid.uuid4())
    assert (update(unknown, BODY).status, delete(unknown)) == (404, 404)
    assert {act(unknown, verb).status for verb in ("test", "rotateSecret")} == {404}
    assert get("/not-a-guid").status == 400
    assert event_webhooks.act(unknown, "ping").status == 404
