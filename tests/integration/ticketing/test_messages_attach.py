"""POST /ticketing/ticket/{id}/messages:attach, with the built-in and with an external ticketing system."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from outreach.settings import settings
from outreach.sites import secrets
from outreach.ticketing import remote_ticketing, ticket_store
from outreach.ticketing.attach_queue import AttachJob
from outreach.ticketing.models import TicketMessage
from tests.support import http_server, pipeline, ticket_steps
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
    ticket_store.open_ticket(pipeline.SITE, "a-contact", pipeline.ACCOUNT.id, "a-message")


def attach(ticket_id: str = "1", **changes: Any) -> Answer:
    body = {name: value for name, value in (MESSAGE | changes).items() if value != "absent"}
    return call("ticketing/attach_ticket_message", "POST", f"/ticketing/ticket/{ticket_id}/messages:attach", body)


def attached_messages() -> list[TicketMessage]:
    return ticket_store.messages(pipeline.SITE, 1)


def test_the_example_of_the_api_is_attached_and_decoded() -> None:
    answer = attach()
    assert (answer.status, answer.body) == (200, {})
    (message,) = attached_messages()
    assert (message.body, message.metadata, message.time) == ("<p>111</p>", MESSAGE["metadata"], MESSAGE["time"])


def test_a_message_posted_twice_is_attached_once() -> None:
    assert attach().status == attach(body="changed").status == 200
    assert [message.body for message in attached_messages()] == ["<p>111</p>"]


@pytest.mark.parametrize("body", ["plain", "", None, "absent"])
def test_a_body_may_be_plain_text_or_absent(body: str | None) -> None:
    assert attach(body=body).status == 200
    assert attached_messages()[0].body == ("plain" if body == "plain" else "")


UMLAUTS = "Grüße? ~ÿ\n" * 20
ENCODED = base64.b64encode(UMLAUTS.encode()).decode()


@pytest.mark.parametrize(
    "body",
    [
        f"data:text/plain;base64,{base64.encodebytes(UMLAUTS.encode()).decode()}",
        f"data:text/plain;base64,{ENCODED.rstrip('=')}",
        f"data:text/plain;base64,{base64.urlsafe_b64encode(UMLAUTS.encode()).decode().rstrip('=')}",
        f"data:text/plain;charset=utf-8;base64,{ENCODED}",
        f"DATA:Text/Plain; Charset=UTF8; BASE64, {ENCODED}",
        f'data:text/plain;charset="utf-8";format=flowed;base64,{ENCODED}',
        f"data:text/plain;charset=iso-8859-1;base64,{base64.b64encode(UMLAUTS.encode('latin1')).decode()}",
        f"data:text/plain;charset=;base64,{ENCODED}",
    ],
    ids=["line breaks", "no padding", "URL-safe", "charset", "case and spaces", "parameters", "latin 1", "empty charset"],
)
def test_every_spelling_of_base64_is_decoded(body: str) -> None:
    assert attach(body=body).status == 200
    assert attached_messages()[0].body == UMLAUTS


@pytest.mark.parametrize(
    "body",
    ["charset=nonsense;base64,QQ", "charset=idna;base64,QQ", "charset=hex;base64,QQ", "base64,Q", "base64,Ä", "base64,/w=="],
)
def test_text_that_cannot_be_decoded_is_refused(body: str) -> None:
    answer = attach(body=f"data:text/plain;{body}")
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/body")


@pytest.mark.parametrize(
    ("ticket_id", "changes", "status"),
    [
        ("2", {"ticketId": 2}, 404),
        ("2", {}, 400),
        ("one", {}, 400),
        ("1", {"ticketId": "1"}, 200),
        ("1", {"ticketId": "absent"}, 400),
        ("1", {"sentByType": "Channel Account"}, 200),
        ("1", {"sentByType": "nobody"}, 400),
        ("1", {"sentById": "absent"}, 400),
        ("1", {"channelId": "absent"}, 400),
        ("1", {"type": "absent"}, 400),
        ("1", {"metadata": "absent"}, 400),
        ("1", {"metadata": {"much": "x" * 2_001}}, 400),
        ("1", {"body": "data:text/plain;base64,%%%"}, 400),
        ("1", {"metadata": {"much": ["x" * 2_000] * 200}}, 400),
    ],
)
def test_an_invalid_message_is_refused(ticket_id: str, changes: dict[str, Any], status: int) -> None:
    assert attach(ticket_id, **changes).status == status
    assert len(attached_messages()) == (status == 200)


FILE = {"type": "image", "url": "https://media.example/1", "contentType": "image/png", "size": 7, "name": "one"}
DELIVERY: dict[str, Any] = {
    "messageId": MESSAGE["id"],
    "status": "waitForSending",
    "time": "2021-04-26T10:52:24.336Z",
    "orderNum": 1,
}


def test_files_and_delivery_are_read_in_every_spelling_and_kept_in_one() -> None:
    files = [{"Type": " IMAGE", "URL": FILE["url"], "contenttype": "image/png", "size": "7", "name": "one", "unknown": 1}]
    delivery = {
        "MessageId": DELIVERY["messageId"].upper(),
        "status": "Wait For Sending",
        "time": "2021-04-26 10:52:24.336",
        "ordernum": "1",
    }
    assert attach(attachments=files, messageDelivery=delivery).status == 200
    (message,) = attached_messages()
    assert (message.attachments, message.message_delivery) == ([FILE], DELIVERY)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"attachments": [FILE, {"url": FILE["url"]}]}, "/attachments/1/type"),
        ({"attachments": [{"type": "image"}]}, "/attachments/0/url"),
        ({"attachments": [FILE | {"type": "program"}]}, "/attachments/0/type"),
        ({"attachments": [FILE | {"url": "javascript:alert(1)"}]}, "/attachments/0/url"),
        ({"attachments": [FILE | {"size": -1}]}, "/attachments/0/size"),
        ({"attachments": ["https://media.example/1"]}, "/attachments/0"),
        ({"messageDelivery": {"status": "success"}}, "/messageDelivery/messageId"),
        ({"messageDelivery": DELIVERY | {"messageId": "one"}}, "/messageDelivery/messageId"),
        ({"messageDelivery": DELIVERY | {"status": "lost"}}, "/messageDelivery/status"),
        ({"messageDelivery": "success"}, "/messageDelivery"),
    ],
)
def test_files_and_delivery_that_are_not_those_of_the_specification_are_refused(changes: dict[str, Any], pointer: str) -> None:
    answer = attach(**changes)
    assert (answer.status, [error["pointer"] for error in answer.body.get("errors", [])]) == (400, [pointer])
    assert attached_messages() == []


@pytest.mark.parametrize("nothing", [None, "absent", {}])
def test_a_message_may_have_no_files_and_no_delivery(nothing: Any) -> None:
    assert attach(attachments=nothing or None, messageDelivery=nothing).status == 200
    (message,) = attached_messages()
    assert (message.attachments, message.message_delivery) == ([], {})


def test_the_ticket_of_another_site_is_not_found() -> None:
    answer = call("ticketing/attach_ticket_message", "POST", "/ticketing/ticket/1/messages:attach", MESSAGE, site_id="20000")
    assert answer.status == 404


def test_the_endpoint_requires_the_ticketing_scope() -> None:
    answer = call(
        "ticketing/attach_ticket_message", "POST", "/ticketing/ticket/1/messages:attach", MESSAGE, scopes="outreach:write"
    )
    assert answer.status == 403


def test_a_stored_message_shows_the_ticket_to_which_it_is_attached() -> None:
    message_id = ticket_steps.record_message(pipeline.create_contact("+12125551200"), "+12125551200")
    assert attach(id=message_id).status == 200
    assert ticket_steps.message(message_id).ticket_id == "1"


@pytest.fixture
def remote(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[http_server.Server]:
    """An external ticketing system, whose answer is the parameter of the test."""
    path = secrets.ticketing_path(pipeline.SITE)
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps("their-key"), Type="SecureString")
    with http_server.serving(http_server.reply(request.param, headers={"Location": "/elsewhere"})) as server:
        monkeypatch.setenv("TICKETING_BASE_URL", server.url)
        settings.cache_clear()
        yield server


@pytest.mark.parametrize("remote", [200], indirect=True)
def test_an_external_system_receives_the_posted_message(remote: http_server.Server) -> None:
    assert attach().status == 200
    (request,) = remote.requests
    assert (request.method, request.path) == ("POST", "/ticketing/ticket/1/messages:attach")
    assert request.headers["authorization"] == "Bearer their-key"
    assert json.loads(request.body) == MESSAGE
    assert attached_messages() == []


ATTACHING: dict[str, Callable[[str], object]] = {
    "whenTheMessageIsSent": lambda message_id: invoke(
        "workers/attach_messages", ticket_steps.sqs_event(AttachJob(pipeline.SITE, message_id).to_json())
    ),
    "whenContactRepliesTheMessage": lambda _: ticket_steps.reply("+12125551200"),
}


@pytest.mark.parametrize("when", ATTACHING)
@pytest.mark.parametrize("remote", [200], indirect=True)
def test_an_external_system_receives_automatically_attached_messages(remote: http_server.Server, when: str) -> None:
    contact_id = pipeline.create_contact("+12125551200")
    message_id = ticket_steps.record_message(contact_id, "+12125551200", timeToAutoAttachToTicket=when)
    ATTACHING[when](message_id)
    assert message_id in [json.loads(request.body)["id"] for request in remote.requests]
    assert {request.headers["authorization"] for request in remote.requests} == {"Bearer their-key"}


@pytest.mark.parametrize(("remote", "status"), [(404, 404), (413, 413), (302, 503), (401, 503), (500, 503)], indirect=["remote"])
def test_a_message_refused_by_the_external_system_is_not_attached(remote: http_server.Server, status: int) -> None:
    message_id = ticket_steps.record_message(pipeline.create_contact("+12125551200"), "+12125551200")
    assert attach(id=message_id).status == status
    assert ticket_steps.message(message_id).ticket_id is None
    assert len(remote.requests) == 1


def test_an_unreachable_external_system_is_reported_as_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    path = secrets.ticketing_path(pipeline.SITE)
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps("their-key"), Type="SecureString")
    with http_server.serving(http_server.reply(200)) as server:
        url = server.url
    monkeypatch.setenv("TICKETING_BASE_URL", url)
    settings.cache_clear()
    assert attach().status == 503


def test_an_external_system_that_never_finishes_its_answer_is_reported_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_ticketing, "_TIMEOUT_SECONDS", (0.2, 0.2))
    path = secrets.ticketing_path(pipeline.SITE)
    boto3.client("ssm").put_parameter(Name=path, Value=json.dumps("their-key"), Type="SecureString")
    with http_server.serving(http_server.slowly(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")) as server:
        monkeypatch.setenv("TICKETING_BASE_URL", server.url)
        settings.cache_clear()
        started = time.monotonic()
        attach()
    assert time.monotonic() - started < 3
