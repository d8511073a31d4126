"""The handlers answer the reference examples of campaigns, messages, outbound messages, callbacks and tickets.

Ids that must exist are replaced by those of items that the test creates. A response must have every property of its example
with the same value, in the spelling of docs/api.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from outreach import clock
from outreach.settings import settings
from outreach.ticketing import ticket_store
from tests.contract.examples import load
from tests.support import customer_endpoint, http_server, pipeline
from tests.support.api_description import validate
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE, Pump

CAMPAIGN, MESSAGE = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db", "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"
NOW = datetime(2022, 5, 23, 3, 0, 36, 277_000, tzinfo=UTC)
SID = "SM" + "1" * 32
# Properties of the example lists that differ from ours, because the example lists are longer.
LIST_LENGTH_PROPERTIES = ("nextPage", "total")

NAMES = {
    "FieldName": "fieldName",
    "Operator": "operator",
    "Value": "value",
    "Order": "order",
    "timeToAutoCreateNewTicket": "timeToAutoAttachToTicket",
}
VALUES: dict[str, Callable[[Any], Any]] = {
    "isMessageAutoAttachedToTicket": {"yes": True}.get,
    "operator": str.title,
    "order": int,
    "scheduledStartTime": lambda text: text or None,
    "sentTime": lambda text: text.replace(" ", "T").removesuffix("Z") + "Z",
    "campaignSentTime": lambda text: text.replace(" ", "T").removesuffix("Z") + "Z",
}


@pytest.fixture(autouse=True)
def _site(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site of the examples with the field of their filter, at the time of the examples."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    pipeline.put_site()
    field = {"name": "AAA", "type": "text", "length": 100}
    assert call("contacts/create_field", "POST", "/contact/fields", field).status == 201


def request(function: str, name: str, ids: Mapping[str, str] | None = None, *, query: str = "", **changes: Any) -> Answer:
    """Send an example's request with changes to its body, and check that the status is the example's."""
    example = load(name, ids)
    method, path, body = example["request"]["method"], example["request"]["path"], example["request"].get("body")
    answer = call(function, method, path + query, body | changes if body else None)
    assert answer.status == example["response"]["status"], answer.body
    return answer


def expected_body(name: str, ids: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """The body of an example response with changes, in the spelling of docs/api.md."""
    return dict(_respelled(load(name, ids)["response"]["body"])) | changes


def _respelled(value: Any) -> Any:
    if isinstance(value, list):
        return [_respelled(entry) for entry in value]
    if isinstance(value, dict):
        names: dict[Any, Any] = {NAMES.get(name, name): entry for name, entry in value.items()}
        return {name: VALUES.get(name, _respelled)(entry) for name, entry in names.items()}
    return value


def common_properties(answer: Any, expected: Any) -> Any:
    """The part of an answer that has the properties of the example; our answers have more."""
    if isinstance(expected, dict):
        return {name: common_properties(answer[name], entry) for name, entry in expected.items() if name in answer}
    if isinstance(expected, list) and len(expected) == len(answer):
        return [common_properties(*pair) for pair in zip(answer, expected, strict=True)]
    return answer


def assert_answers(answer: Any, expected: Any) -> None:
    assert common_properties(answer, expected) == expected


def created(function: str, name: str, **changes: Any) -> str:
    return str(request(function, name, **changes).body["id"])


def a_campaign() -> dict[str, str]:
    return {CAMPAIGN: created("outreach/create_campaign", "create_campaign")}


def a_message(**changes: Any) -> dict[str, str]:
    return {MESSAGE: created("outreach/create_message", "create_message", **changes)}


@pytest.mark.parametrize(("kind", "example_id"), [("campaign", CAMPAIGN), ("message", MESSAGE)])
def test_a_create_request_returns_the_item(kind: str, example_id: str) -> None:
    name = f"create_{kind}"
    answer = request(f"outreach/{name}", name)
    assert_answers(answer.body, expected_body(name, {example_id: answer.body["id"]}))


@pytest.mark.parametrize("verb", ["get", "update"])
@pytest.mark.parametrize(("kind", "create"), [("campaign", a_campaign), ("message", a_message)])
def test_an_item_can_be_read_and_updated(kind: str, create: Callable[[], dict[str, str]], verb: str) -> None:
    ids, name = create(), f"{verb}_{kind}"
    assert_answers(request(f"outreach/{name}", name, ids).body, expected_body(name, ids))


@pytest.mark.parametrize(("kind", "create"), [("campaign", a_campaign), ("message", a_message)])
def test_an_item_is_listed(kind: str, create: Callable[[], dict[str, str]]) -> None:
    ids, name = create(), f"list_{kind}s"
    answer, expected = request(f"outreach/{name}", name, ids).body, expected_body(name, ids)
    assert set(answer) == set(expected)
    assert_answers(answer, {name: value for name, value in expected.items() if name not in LIST_LENGTH_PROPERTIES})


def test_a_longer_list_has_a_next_page() -> None:
    a_campaign(), a_campaign()
    answer = request("outreach/list_campaigns", "list_campaigns", query="?pageSize=1").body
    parameters = expected_body("list_campaigns")["nextPage"].partition("?")[2]
    assert answer["total"] == 2
    assert set(answer["nextPage"].partition("?")[2].split("&")) == {
        part.replace("=50", "=1").replace("10100000", SITE) for part in parameters.split("&")
    }


def test_deleting_a_campaign_returns_no_body() -> None:
    assert request("outreach/delete_campaign", "delete_campaign", a_campaign()).body == ""


def test_a_send_returns_its_campaign_record() -> None:
    ids = a_campaign()
    request("outreach/update_campaign", "update_campaign", ids)
    answer = request("outreach/act_on_campaign", "send_campaign", ids).body
    assert_answers(answer, expected_body("send_campaign", ids, id=answer["id"]))


def test_a_message_that_waits_for_a_reply_is_unattached() -> None:
    waiting = {"timeToAutoAttachToTicket": "whenContactRepliesTheMessage", "attachedToTicketId": None}
    ids = a_message(**waiting)
    expected = expected_body("list_unattached_messages", ids)
    contact_id = expected["messages"][0]["contactId"]
    answer = request("outreach/list_unattached_messages", "list_unattached_messages", query=f"?contactId={contact_id}").body
    assert_answers(answer, {"messages": [expected["messages"][0] | waiting]})


def test_a_message_is_attached_to_its_ticket() -> None:
    boto3.client("dynamodb").put_item(
        TableName=settings().tickets_table, Item={"pk": {"S": f"SITE#{SITE}"}, "sk": {"S": "COUNTER"}, "last": {"N": "99"}}
    )
    assert ticket_store.open_ticket(SITE, "a-contact", pipeline.ACCOUNT.id, "a-message") == 100
    assert request("ticketing/attach_ticket_message", "attach_ticket_message").body == {}
    (attached,) = ticket_store.messages(SITE, 100)
    assert attached.body == "<p>111</p>"


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A carrier that accepts every message."""
    accepted = http_server.reply(201, json.dumps({"sid": SID}).encode())
    with http_server.serving(accepted) as server:
        monkeypatch.setenv("TWILIO_BASE_URL", server.url)
        settings.cache_clear()
        yield server


def test_an_outbound_message_returns_the_message(carrier: http_server.Server) -> None:
    sent = load("create_outbound_message")["request"]["body"]
    answer = request("unichannel/create_outbound_message", "create_outbound_message").body
    expected = expected_body("create_outbound_message") | {
        "sentTime": clock.timestamp(NOW),
        "originMessageid": SID,
        "id": answer["id"],
    }
    # The example response is about another message than its request.
    assert_answers(answer, expected | {name: sent[name] for name in ("message", "to", "contactId")})


def callback_body(customer: customer_endpoint.Customer) -> Any:
    """The body of the only callback that the customer's endpoint receives."""
    Pump().run_until(lambda: bool(customer.server.requests))
    (callback,) = customer.server.requests
    return json.loads(callback.body)


def test_the_callback_of_an_outreach_message_matches_its_example() -> None:
    expected = _respelled(load("outreach_message_callback")["request"]["body"])
    times = {name: expected[name] for name in ("sentTime", "campaignSentTime")}
    with customer_endpoint.customer() as customer:
        ids = a_message(callbackURL=customer.url, status="sending", **times)
        assert call("outreach/update_message", "PUT", f"/outreach/messages/{ids[MESSAGE]}", {"status": "sent"}).status == 200
        validate(body := callback_body(customer), "MessageCallback")
        assert_answers(body, expected | {"id": ids[MESSAGE], "callbackURL": customer.url})


def test_the_callback_of_an_outbound_message_matches_its_example(carrier: http_server.Server) -> None:
    expected = _respelled(load("outbound_message_callback")["request"]["body"])
    changes = {name: expected[name] for name in ("contactId", "message", "attachments")}
    with customer_endpoint.customer() as customer:
        sent = request("unichannel/create_outbound_message", "create_outbound_message", callbackURL=customer.url, **changes).body
        now = {"id": sent["id"], "to": sent["to"], "sentTime": clock.timestamp(NOW)}
        validate(body := callback_body(customer), "OutboundMessageCallback")
        assert_answers(body, expected | now)
