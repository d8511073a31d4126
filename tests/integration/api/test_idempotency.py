"""``Idempotency-Key`` on every create: who asks again gets the first answer, whatever broke (contract, JSON conventions)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from outreach.http import idempotency
from outreach.settings import settings
from outreach.sites import store as sites
from outreach.sites.models import Site
from outreach.ticketing import store as tickets
from tests.support import pipeline
from tests.support.crashes import Crash, dying_at
from tests.support.functions import Answer, Context, call
from tests.support.pipeline import ACCOUNT, SITE
from tests.support.stack import events, folder, functions
from tests.support.template import ROOT

OTHER_SITE = "20000"
CAMPAIGN = {"name": "Hello", "channel": "sms", "channelAccountId": ACCOUNT.id, "message": "Hello"}
MESSAGE = {"channelAccountId": ACCOUNT.id, "to": "+12125550199", "message": "Hello"}
TICKET_MESSAGE = {"sentById": str(uuid.uuid4()), "sentByType": "contact", "type": "text", "channelId": "SMS"}


@dataclass(frozen=True)
class Create:
    """An endpoint that creates something.

    Attributes:
        url: may need what has been prepared.
        body: of the n-th different request.
        makes: how many items and objects one create leaves, by table and bucket.
        status: of its answer.
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
        lambda n, _: {"selected": [str(uuid.UUID(int=n))]},
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
        {"CampaignsTable": 2},
        200,
    ),
    Create(
        "outreach/create_message",
        lambda _: "/outreach/messages",
        lambda n, prepared: MESSAGE | {"message": str(n), "contactId": prepared["contact"]},
        {"MessagesTable": 1},
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
        lambda n, _: TICKET_MESSAGE | {"body": str(n)},
        {"TicketsTable": 1},
        200,
    ),
]
SEND = next(create for create in CREATES if create.path == "outreach/act_on_campaign")
every_create = pytest.mark.parametrize("create", CREATES, ids=str)


@pytest.fixture
def prepared(served: str) -> dict[str, Any]:
    """What the creates refer to."""
    sites.put_site(Site(OTHER_SITE))
    contact = pipeline.create_contact("+12125550199")
    campaign = pipeline.create_campaign()["id"]
    return {"carrier": served, "contact": contact, "campaign": campaign, "ticket": tickets.open_ticket(SITE, contact, "a", "o")}


@pytest.fixture
def dead_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try that dies is known to be dead: its function has no time left."""
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 0)


def things(create: Create, prepared: dict[str, Any]) -> Counter[str]:
    """How much there is of what the create makes."""
    return Counter({kind: _amount(kind, prepared) for kind in create.makes})


def _amount(kind: str, prepared: dict[str, Any]) -> int:
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
        case table:
            return boto3.client("dynamodb").scan(TableName=table, Select="COUNT")["Count"]


def test_every_endpoint_that_creates_is_here() -> None:
    creating = {str(folder(functions()[name]).relative_to(ROOT / "functions")) for name, _ in events("Api")}
    takes_keys = {path for path in creating if "creates=True" in (ROOT / "functions" / path / "app.py").read_text()}
    assert takes_keys == {create.path for create in CREATES}
    assert {path for path in creating if path.partition("/")[2].startswith("create_")} <= takes_keys


@every_create
def test_who_asks_again_gets_the_first_answer_and_nothing_more_happens(create: Create, prepared: dict[str, Any]) -> None:
    before = things(create, prepared)
    first, again = (create.ask(prepared, "key") for _ in range(2))
    assert first.status == create.status, first.body
    assert idempotency.REPLAYED not in first.headers
    assert (again.status, again.body) == (first.status, first.body)
    assert first.headers.pop("X-Request-Id") != again.headers.pop("X-Request-Id")
    assert again.headers == first.headers | {idempotency.REPLAYED: "true"}
    assert things(create, prepared) - before == create.makes
    assert create.ask(prepared, "another-key", 1).body != first.body or create.path == "ticketing/attach_ticket_message"


@every_create
def test_a_key_stands_for_one_request(create: Create, prepared: dict[str, Any]) -> None:
    create.ask(prepared, "key")
    before = things(create, prepared)
    other = call(create.path, "POST", f"{create.url(prepared)}?x=1", create.body(1, prepared), headers={"Idempotency-Key": "key"})
    assert (other.status, other.body["code"]) == (422, "idempotency_mismatch")
    assert things(create, prepared) == before


@every_create
def test_a_request_in_flight_is_not_begun_again(
    create: Create, prepared: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again at the moment at which the first one would keep its answer."""
    meanwhile: list[Answer] = []
    keep = DynamoDBPersistenceLayer._update_record

    def late(store: Any, data_record: Any) -> None:
        meanwhile.append(create.ask(prepared, "key"))
        keep(store, data_record)

    monkeypatch.setattr(DynamoDBPersistenceLayer, "_update_record", late)
    assert create.ask(prepared, "key").status == create.status
    assert [(answer.status, answer.body["code"]) for answer in meanwhile] == [(409, "request_in_progress")]


@every_create
def test_another_site_may_use_the_same_key(create: Create, prepared: dict[str, Any]) -> None:
    first = create.ask(prepared, "key")
    other = create.ask(prepared, "key", site_id=OTHER_SITE)
    assert idempotency.REPLAYED not in other.headers
    assert other.body != first.body


@every_create
@pytest.mark.usefixtures("dead_at_once")
def test_a_try_that_died_is_made_up_for(create: Create, prepared: dict[str, Any]) -> None:
    """At whatever step."""
    for n in count(1):
        before = things(create, prepared)
        died = False
        try:
            with dying_at(n):
                create.ask(prepared, f"key-{n}", n)
        except Crash:
            died = True
        again = create.ask(prepared, f"key-{n}", n)
        if create.path == "unichannel/create_outbound_message" and again.status == 503:
            # Nobody knows whether the carrier has it, which is found out later; it isn't asked again.
            assert things(create, prepared) - before in ({"MessagesTable": 1}, create.makes)
        else:
            assert again.status == create.status, again.body
            assert things(create, prepared) - before == create.makes
        if not died:
            break
    assert n > 3


@pytest.mark.parametrize("key", ["", "ü", "a b", "x" * 256])
def test_a_key_that_is_none_is_400(prepared: dict[str, Any], key: str) -> None:
    answer = CREATES[0].ask(prepared, key)
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, ["Idempotency-Key"])


def test_an_error_frees_the_key(prepared: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "key"}
    assert call("contacts/create_contact", "POST", "/contact/contacts", {}, headers=headers).status == 400
    assert CREATES[0].ask(prepared, "key").status == 201


def test_a_key_is_forgotten_after_a_day(prepared: dict[str, Any]) -> None:
    first = SEND.ask(prepared, "every-monday")
    client, table = boto3.client("dynamodb"), settings().requests_table
    for item in client.scan(TableName=table)["Items"]:
        client.put_item(TableName=table, Item=item | {"expires": {"N": "1"}})
    later = SEND.ask(prepared, "every-monday")
    assert first.body["id"] != later.body["id"]


def test_a_key_of_fewer_scopes_does_not_read_what_another_was_answered(prepared: dict[str, Any]) -> None:
    SEND.ask(prepared, "key")
    assert SEND.ask(prepared, "key", scopes="outreach:read").status == 422


def test_an_answer_that_is_too_large_to_keep_is_found_anew(prepared: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_MAX_KEPT", 10)
    first, again = (CREATES[0].ask(prepared, "key") for _ in range(2))
    assert (again.status, again.body) == (201, first.body)
    assert CREATES[0].ask(prepared, "key", 1).status == 422


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(prepared: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(DynamoDBPersistenceLayer, "_update_record", fail)
    assert CREATES[0].ask(prepared, "key").status == 201


def test_a_form_is_the_same_with_another_boundary(prepared: dict[str, Any]) -> None:
    form = '--{0}\r\nContent-Disposition: form-data; name="uploadFile"; filename="a.csv"\r\n\r\nname\r\nAda\r\n--{0}--\r\n'
    answers = [
        call(
            "contacts/import_contacts",
            "POST",
            "/contact/contacts:import",
            form.format(boundary).encode(),
            headers={"content-type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": "key"},
        )
        for boundary in ("first", "second")
    ]
    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].body == answers[1].body


def test_a_key_of_the_request_before_is_not_that_of_the_next(prepared: dict[str, Any]) -> None:
    SEND.ask(prepared, "key")
    ids = {SEND.ask(prepared, None).body["id"] for _ in range(2)}
    assert len(ids) == 2
