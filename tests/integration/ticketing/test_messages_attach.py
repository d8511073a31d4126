"""POST /ticketing/ticket/{id}/messages:attach, with the built-in ticketing system and with another one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from outreach.settings import settings
from outreach.sites import secrets
from outreach.ticketing import store as tickets
from outreach.ticketing.models import TicketMessage
from outreach.ticketing.queue import Attachment
from tests.integration.ticketing import steps
from tests.support import http_server, pipeline
from tests.support.functions import Answer, call, invoke

MESSAGE = {
    "id": "3b6560d4-0f10-4652-a376-e590936d290e",
    "ticketId": 1,
    "parentId": "ef50cc68-5b88-4405-88f0-84334581246d",
    "sentById": "31cb8d70-b5a6-4faa-b021-62335d6dcf6c",
    "sentByType": "visitor",
    "time": "2021-04-26T10:52:24.336Z",
    "type": "text",
    "metadata": {"nested": {"number": 1.5}},
    "originalId": "96e7964a-29cb-40d6-8251-4f334b5748bd",
    "channelId": "Email",
    "body": "data:text/plain;base64,PHA+MTExPC9wPg==",
    "ifDisplayInTicketCorrespondences": True,
    "isRead": True,
    "attachments": [],
    "messageDelivery": {},
}


@pytest.fixture(autouse=True)
def _ticket(aws: None) -> None:
    pipeline.put_site()
    tickets.open_ticket(pipeline.SITE, "a-contact", pipeline.ACCOUNT.id, "a-message")


def attach(ticket_id: str = "1", **changes: Any) -> Answer:
    kept = {name: value for name, value in (MESSAGE | changes).items() if value != "absent"}
    return call("ticketing/attach_ticket_message", "POST", f"/ticketing/ticket/{ticket_id}/messages:attach", kept)


def attached() -> list[TicketMessage]:
    return tickets.messages(pipeline.SITE, 1)


def test_the_specifications_example_is_attached_and_decoded() -> None:
    answer = attach()
    assert (answer.status, answer.body) == (200, {})
    (message,) = attached()
    assert (message.body, message.metadata, message.time) == ("<p>111</p>", MESSAGE["metadata"], MESSAGE["time"])


def test_the_same_message_twice_is_one() -> None:
    assert attach().status == attach(body="changed").status == 200
    assert [message.body for message in attached()] == ["<p>111</p>"]


@pytest.mark.parametrize("body", ["plain", "", None, "absent"])
def test_plain_text_and_none_are_bodies_too(body: str | None) -> None:
    assert attach(body=body).status == 200
    assert attached()[0].body == ("plain" if body == "plain" else "")


@pytest.mark.parametrize(
    ("ticket_id", "changes", "status"),
    [
        ("2", {"ticketId": 2}, 404),
        ("2", {}, 400),
        ("one", {}, 400),
        ("1", {"ticketId": "1"}, 200),
        ("1", {"ticketId": "absent"}, 200),
        ("1", {"sentByType": "Channel Account"}, 200),
        ("1", {"sentByType": "nobody"}, 400),
        ("1", {"sentById": "absent"}, 400),
        ("1", {"channelId": "absent"}, 400),
        ("1", {"type": "absent"}, 400),
        ("1", {"body": "data:text/plain;base64,%%%"}, 400),
        ("1", {"metadata": {"much": "x" * 400_000}}, 413),
    ],
)
def test_what_is_wrong_is_refused_and_what_is_clear_is_not(ticket_id: str, changes: dict[str, Any], status: int) -> None:
    assert attach(ticket_id, **changes).status == status
    assert len(attached()) == (status == 200)


def test_the_ticket_of_another_site_is_none() -> None:
    answer = call("ticketing/attach_ticket_message", "POST", "/ticketing/ticket/1/messages:attach", MESSAGE, site_id="20000")
    assert answer.status == 404


def test_a_key_without_the_scope_may_not() -> None:
    answer = call(
        "ticketing/attach_ticket_message", "POST", "/ticketing/ticket/1/messages:attach", MESSAGE, scopes="outreach:write"
    )
    assert answer.status == 403


def test_a_message_of_ours_says_to_which_ticket_it_is_attached() -> None:
    message_id = steps.recorded(pipeline.create_contact("+12125551200"), "+12125551200")
    assert attach(id=message_id).status == 200
    assert steps.message(message_id).ticket_id == "1"


@pytest.fixture
def remote(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[http_server.Server]:
    """Another ticketing system, which answers with the parameter of the test."""
    path = secrets.ticketing_path(pipeline.SITE)
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps("their-key"), Type="SecureString")
    with http_server.serving(http_server.reply(request.param, headers={"Location": "/elsewhere"})) as server:
        monkeypatch.setenv("TICKETING_BASE_URL", server.url)
        settings.cache_clear()
        yield server


@pytest.mark.parametrize("remote", [200], indirect=True)
def test_another_system_gets_the_message_by_the_specifications_endpoint(remote: http_server.Server) -> None:
    assert attach().status == 200
    (request,) = remote.requests
    assert (request.method, request.path) == ("POST", "/ticketing/ticket/1/messages:attach")
    assert request.headers["authorization"] == "Bearer their-key"
    assert json.loads(request.body) == MESSAGE
    assert attached() == []


ATTACHING: dict[str, Callable[[str], object]] = {
    "whenTheMessageIsSent": lambda message_id: invoke(
        "workers/attach_messages", steps.sqs_event(Attachment(pipeline.SITE, message_id).text())
    ),
    "whenContactRepliesTheMessage": lambda _: steps.reply("+12125551200"),
}


@pytest.mark.parametrize("when", ATTACHING)
@pytest.mark.parametrize("remote", [200], indirect=True)
def test_another_system_gets_what_is_attached_by_itself(remote: http_server.Server, when: str) -> None:
    contact_id = pipeline.create_contact("+12125551200")
    message_id = steps.recorded(contact_id, "+12125551200", timeToAutoAttachToTicket=when)
    ATTACHING[when](message_id)
    assert message_id in [json.loads(request.body)["id"] for request in remote.requests]
    assert {request.headers["authorization"] for request in remote.requests} == {"Bearer their-key"}


@pytest.mark.parametrize(("remote", "status"), [(404, 404), (413, 413), (302, 503), (401, 503), (500, 503)], indirect=["remote"])
def test_what_another_system_does_not_take_is_not_attached(remote: http_server.Server, status: int) -> None:
    message_id = steps.recorded(pipeline.create_contact("+12125551200"), "+12125551200")
    assert attach(id=message_id).status == status
    assert steps.message(message_id).ticket_id is None
    assert len(remote.requests) == 1


def test_another_system_that_can_not_be_reached_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    path = secrets.ticketing_path(pipeline.SITE)
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps("their-key"), Type="SecureString")
    with http_server.serving(http_server.reply(200)) as server:
        url = server.url
    monkeypatch.setenv("TICKETING_BASE_URL", url)
    settings.cache_clear()
    assert attach().status == 503
