"""``Idempotency-Key`` on every endpoint that creates something (docs/api.md, "JSON and HTTP")."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import boto3
import multipart
import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from outreach.events import webhook_store
from outreach.http import idempotency
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Site
from outreach.ticketing import ticket_store
from tests.support import event_webhooks, pipeline
from tests.support.crash_points import Crash, dying_at
from tests.support.functions import Answer, Context, call
from tests.support.pipeline import ACCOUNT, SITE
from tests.support.stack import events, folder, functions
from tests.support.template import ROOT

OTHER_SITE = "20000"
CAMPAIGN = {"name": "Hello", "channel": "sms", "channelAccountId": ACCOUNT.id, "message": "Hello"}
MESSAGE = {"channelAccountId": ACCOUNT.id, "to": "+12125550199", "message": "Hello"}
TICKET_MESSAGE = {"sentById": str(uuid.uuid4()), "sentByType": "contact", "type": "text", "channelId": "SMS", "metadata": {}}


@dataclass(frozen=True)
class Create:
    """An endpoint that creates something.

    Attributes:
        path: the folder of the function.
        url: makes the URL from the prepared resources.
        body: makes the body of the n-th distinct request.
        makes: how many items or objects one request creates, by table or bucket.
        status: the status of the response.
    """

    path: str
    url: Callable[[dict[str, Any]], str]
    body: Callable[[int, dict[str, Any]], Any]
    makes: dict[str, int]
    status: int = 201

    def __str__(self) -> str:
        return self.path.partition("/")[2]

    def ask(self, prepared: dict[str, Any], key: str | None, n: int = 0, **details: Any) -> Answer:
        headers = {} if key is None else {"idempotency-key": key}
        return call(self.path, "POST", self.url(prepared), self.body(n, prepared), headers=headers, **details)


CREATES = [
    Create(
        "contacts/create_contact",
        lambda _: "/contact/contacts",
        lambda n, _: {"name": "Ada", "contactIdentities": [{"type": "email", "value": f"{n}@example.com"}]},
        {"ContactsTable": 2},
    ),
    Create(
        "contacts/create_field",
        lambda _: "/contact/fields",
        lambda n, _: {"name": f"f{n}", "type": "radio", "fieldOptions": [{"value": "a"}]},
        {"fields": 1},
    ),
    Create(
        "contacts/import_contacts",
        lambda _: "/contact/contacts:import",
        lambda n, _: {"uploadFile": f"https://example.com/{n}.csv"},
        {"ContactsTable": 1, "executions": 1},
        202,
    ),
    Create(
        "contacts/export_contacts",
        lambda _: "/contact/contacts:export",
        lambda n, _: {"selected": [str(uuid.UUID(int=n))], "timeZoneId": "UTC"},
        {"filesbucket": 1},
        202,
    ),
    Create(
        "outreach/create_campaign",
        lambda _: "/outreach/campaigns",
        lambda n, _: CAMPAIGN | {"name": str(n)},
        {"CampaignsTable": 1},
    ),
    Create(
        "outreach/act_on_campaign",
        lambda prepared: f"/outreach/campaigns/{prepared['campaign']}:send",
        lambda *_: None,
        {"CampaignsTable": 3},
        200,
    ),
    Create(
        "outreach/act_on_campaign",
        lambda prepared: f"/outreach/campaigns/{prepared['campaign']}:test",
        lambda n, _: {"to": f"+1212555{1300 + n}"},
        {"MessagesTable": 1},
        200,
    ),
    Create(
        "outreach/act_on_campaign_record",
        lambda prepared: f"/outreach/campaignRecords/{prepared['record']}:export",
        lambda *_: None,
        {"filesbucket": 1},
        202,
    ),
    Create(
        "outreach/create_message",
        lambda _: "/outreach/messages",
        lambda n, prepared: MESSAGE | {"message": str(n), "contactId": prepared["contact"]},
        {"MessagesTable": 1},
    ),
    Create(
        "outreach/create_webhook",
        lambda _: "/outreach/webhooks",
        lambda n, _: {"url": f"https://customer.example/{n}", "events": ["reply.received"]},
        {"secrets": 1},
    ),
    Create(
        "outreach/act_on_webhook",
        lambda prepared: f"/outreach/webhooks/{prepared['webhook']}:rotateSecret",
        lambda *_: None,
        {"secrets": 1},
        200,
    ),
    Create(
        "unichannel/create_outbound_message",
        lambda _: "/outboundunichannel/messages",
        lambda n, _: MESSAGE | {"message": str(n)},
        {"MessagesTable": 1, "carrier": 1},
        200,
    ),
    Create(
        "ticketing/attach_ticket_message",
        lambda prepared: f"/ticketing/ticket/{prepared['ticket']}/messages:attach",
        lambda n, prepared: TICKET_MESSAGE | {"ticketId": prepared["ticket"], "body": str(n)},
        {"TicketsTable": 1},
        200,
    ),
]
SEND = next(create for create in CREATES if create.path == "outreach/act_on_campaign")
every_create = pytest.mark.parametrize("create", CREATES, ids=str)


@pytest.fixture
def prepared(served: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The resources that the requests refer to."""
    site_store.put_site(Site(OTHER_SITE))
    for limit in ("MAX_WEBHOOKS", "_MAX_SECRETS"):  # the tests create more than a site may have
        monkeypatch.setattr(webhook_store, limit, 100)
    contact = pipeline.create_contact("+12125550199")
    campaign = pipeline.create_campaign()["id"]
    return {
        "carrier": served,
        "contact": contact,
        "campaign": campaign,
        "record": pipeline.send(campaign),
        "webhook": event_webhooks.create()["id"],
        "ticket": ticket_store.open_ticket(SITE, contact, "a", "o"),
    }


@pytest.fixture
def no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """No invocation has time left, so a crashed attempt counts as finished."""
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 0)


def count_resources(create: Create, prepared: dict[str, Any]) -> Counter[str]:
    """The numbers of items and objects of the kinds that an endpoint creates."""
    return Counter({kind: _count_of(kind, prepared) for kind in create.makes})


def _count_of(kind: str, prepared: dict[str, Any]) -> int:
    match kind:
        case "carrier":
            return len(pipeline.accepted(prepared["carrier"]))
        case "fields":
            return len(call("contacts/list_fields", "GET", "/contact/fields").body)
        case "executions":
            return len(
                boto3.client("stepfunctions").list_executions(stateMachineArn=settings().import_contacts_arn)["executions"]
            )
        case "filesbucket":
            return int(boto3.client("s3").list_objects_v2(Bucket=kind)["KeyCount"])
        case "secrets":
            pages = boto3.client("ssm").get_paginator("describe_parameters").paginate()
            return len([entry for page in pages for entry in page["Parameters"] if "/webhooks/" in entry["Name"]])
        case table:
            return boto3.client("dynamodb").scan(TableName=table, Select="COUNT")["Count"]


def test_every_endpoint_that_accepts_a_key_is_tested() -> None:
    creating = {str(folder(functions()[name]).relative_to(ROOT / "functions")) for name, _ in events("Api")}
    takes_keys = {path for path in creating if "idempotent=True" in (ROOT / "functions" / path / "app.py").read_text()}
    assert takes_keys == {create.path for create in CREATES}
    assert {path for path in creating if path.partition("/")[2].startswith("create_")} <= takes_keys


@every_create
def test_a_repeated_request_gets_the_first_response_and_creates_nothing(create: Create, prepared: dict[str, Any]) -> None:
    before = count_resources(create, prepared)
    first, again = (create.ask(prepared, "key") for _ in range(2))
    assert first.status == create.status, first.body
    if create.status == 201:
        assert urlsplit(first.headers["Location"]).path.endswith(f"{create.url(prepared)}/{first.body['id']}")
    assert idempotency.REPLAYED not in first.headers
    assert (again.status, again.body) == (first.status, first.body)
    assert first.headers.pop("X-Request-Id") != again.headers.pop("X-Request-Id")
    assert again.headers == first.headers | {idempotency.REPLAYED: "true"}
    assert count_resources(create, prepared) - before == create.makes
    assert create.ask(prepared, "another-key", 1).body != first.body or create.path == "ticketing/attach_ticket_message"


@every_create
def test_a_key_is_valid_for_one_request_only(create: Create, prepared: dict[str, Any]) -> None:
    create.ask(prepared, "key")
    before = count_resources(create, prepared)
    other = call(
        create.path, "POST", f"{create.url(prepared)}?siteId={SITE}", create.body(1, prepared), headers={"Idempotency-Key": "key"}
    )
    assert (other.status, other.body["code"]) == (422, "idempotency_mismatch")
    assert count_resources(create, prepared) == before


GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@every_create
def test_guids_in_another_case_are_the_same_request(create: Create, prepared: dict[str, Any]) -> None:
    def upper(text: str) -> str:
        return GUID.sub(lambda guid: guid[0].upper(), text)

    body = create.body(0, prepared)
    headers = {"Idempotency-Key": "key"}
    call(create.path, "POST", create.url(prepared), body, headers=headers)
    again = call(create.path, "POST", upper(create.url(prepared)), body and upper(json.dumps(body)), headers=headers)
    assert (again.status, again.headers.get(idempotency.REPLAYED)) == (create.status, "true")


def test_a_guid_within_a_text_counts_in_its_case(prepared: dict[str, Any]) -> None:
    path, url, headers = "outreach/create_campaign", "/outreach/campaigns", {"Idempotency-Key": "key"}
    text = f"Your code is {uuid.uuid4()}"
    assert call(path, "POST", url, CAMPAIGN | {"message": text}, headers=headers).status == 201
    assert call(path, "POST", url, CAMPAIGN | {"message": text.upper()}, headers=headers).status == 422


@every_create
def test_a_request_in_progress_is_not_executed_again(
    create: Create, prepared: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is repeated just before the first response is stored."""
    concurrent: list[Answer] = []
    store_response = DynamoDBPersistenceLayer._update_record

    def repeat_request_first(store: Any, data_record: Any) -> None:
        concurrent.append(create.ask(prepared, "key"))
        store_response(store, data_record)

    monkeypatch.setattr(DynamoDBPersistenceLayer, "_update_record", repeat_request_first)
    assert create.ask(prepared, "key").status == create.status
    assert [(answer.status, answer.body["code"]) for answer in concurrent] == [(409, "request_in_progress")]


@every_create
def test_another_site_may_use_the_same_key(create: Create, prepared: dict[str, Any]) -> None:
    first = create.ask(prepared, "key")
    other = create.ask(prepared, "key", site_id=OTHER_SITE)
    assert idempotency.REPLAYED not in other.headers
    assert other.body != first.body


@every_create
@pytest.mark.usefixtures("no_time_left")
def test_the_next_attempt_completes_a_crashed_one(create: Create, prepared: dict[str, Any]) -> None:
    """The first attempt crashes at every AWS call in turn."""
    for n in count(1):
        before = count_resources(create, prepared)
        has_crashed = False
        try:
            with dying_at(n):
                create.ask(prepared, f"key-{n}", n)
        except Crash:
            has_crashed = True
        again = create.ask(prepared, f"key-{n}", n)
        if create.path == "unichannel/create_outbound_message" and again.status == 503:
            # The outcome at the carrier is unknown. It is reconciled later and the message is not sent again.
            assert count_resources(create, prepared) - before in ({"MessagesTable": 1}, create.makes)
        else:
            assert again.status == create.status, again.body
            assert count_resources(create, prepared) - before == create.makes
        if not has_crashed:
            break
    assert n > 3


@pytest.mark.parametrize("key", ["", "ü", "a b", "x" * 256])
def test_an_invalid_key_is_400(prepared: dict[str, Any], key: str) -> None:
    answer = CREATES[0].ask(prepared, key)
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, ["/Idempotency-Key"])


def test_an_error_releases_the_key(prepared: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "key"}
    assert call("contacts/create_contact", "POST", "/contact/contacts", {}, headers=headers).status == 400
    assert CREATES[0].ask(prepared, "key").status == 201


def test_a_key_expires_after_a_day(prepared: dict[str, Any]) -> None:
    first = SEND.ask(prepared, "every-monday")
    client, table = boto3.client("dynamodb"), settings().requests_table
    for item in client.scan(TableName=table)["Items"]:
        client.put_item(TableName=table, Item=item | {"expires": {"N": "1"}})
    later = SEND.ask(prepared, "every-monday")
    assert first.body["id"] != later.body["id"]


def test_an_api_key_with_fewer_scopes_cannot_read_a_stored_response(prepared: dict[str, Any]) -> None:
    SEND.ask(prepared, "key")
    assert SEND.ask(prepared, "key", scopes="outreach:send").status == 422


def test_a_response_that_is_too_large_to_store_is_built_again(prepared: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_MAX_STORED", 10)
    first, again = (CREATES[0].ask(prepared, "key") for _ in range(2))
    assert (again.status, again.body) == (201, first.body)
    assert CREATES[0].ask(prepared, "key", 1).status == 422


def test_a_response_is_returned_even_if_it_cannot_be_stored(prepared: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(DynamoDBPersistenceLayer, "_update_record", fail)
    assert CREATES[0].ask(prepared, "key").status == 201


def ask_with_form(boundary: str, *parts: tuple[str, str]) -> Answer:
    lines = [f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\n\r\n{text}\r\n" for name, text in parts]
    headers = {"content-type": f'multipart/form-data; boundary="{boundary}"', "Idempotency-Key": "key"}
    body = "".join([*lines, f"--{boundary}--\r\n"]).encode()
    return call("contacts/import_contacts", "POST", "/contact/contacts:import", body, headers=headers)


FILE = ('name="uploadFile"; filename="a.csv"', "name\r\nAda\r\n")
OPTION = ('name="unknownColumns"', "ignore")


@pytest.mark.parametrize(
    "boundary", ["second", "a", "----WebKitFormBoundary7MA4", "'()+_,-./:=?", "B26D1F6E-0C5C-4A3F-8A7E-2F1B4C5D6E7F"]
)
def test_a_form_with_another_boundary_is_the_same_request(prepared: dict[str, Any], boundary: str) -> None:
    answers = [ask_with_form("first", FILE, OPTION), ask_with_form(boundary, OPTION, FILE)]
    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize(
    "parts",
    [
        [FILE],
        [FILE, (OPTION[0], "error")],
        [(FILE[0], "name\r\nBob\r\n"), OPTION],
        [(FILE[0].replace("a.csv", "b.csv"), FILE[1]), OPTION],
        [(f"{FILE[0]}\r\nContent-Type: text/csv; charset=utf-8", FILE[1]), OPTION],
    ],
)
def test_a_form_with_other_parts_is_another_request(prepared: dict[str, Any], parts: list[tuple[str, str]]) -> None:
    ask_with_form("first", FILE, OPTION)
    assert ask_with_form("first", *parts).status == 422


def test_a_body_with_another_order_or_white_space_is_the_same_request(prepared: dict[str, Any]) -> None:
    texts = [b'{"name": "Ada", "contactIdentities": [{"type": "email", "value": "a@example.com"}]}']
    texts += [b'{"contactIdentities":[{"value":"a@example.com",\n"type":"email"}],"name":"Ada"}\n', b"\xef\xbb\xbf" + texts[0]]
    headers = {"content-type": "application/json", "Idempotency-Key": "key"}
    answers = [call("contacts/create_contact", "POST", "/contact/contacts", text, headers=headers) for text in texts]
    assert [(answer.status, answer.body) for answer in answers] == [(201, answers[0].body)] * len(texts)
    other = texts[0].replace(b"Ada", b"A da")
    assert call("contacts/create_contact", "POST", "/contact/contacts", other, headers=headers).status == 422


def test_a_request_without_a_key_does_not_use_the_previous_key(prepared: dict[str, Any]) -> None:
    SEND.ask(prepared, "key")
    ids = {SEND.ask(prepared, None).body["id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_form_is_parsed_once(prepared: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    parse, forms_seen = multipart.MultipartParser, []

    def parser(*arguments: Any, **options: Any) -> multipart.MultipartParser:
        forms_seen.append(arguments)
        return parse(*arguments, **options)

    monkeypatch.setattr(multipart, "MultipartParser", parser)
    ask_with_form("first", FILE, OPTION)
    assert len(forms_seen) == 1
