"""The specification's own examples of campaigns, messages, outbound messages, callbacks and tickets, by the real handlers.

Ids that must exist are those of what was created here. Answers must have every property of the specification's, with its value,
as the contract writes it.
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
from outreach.ticketing import store as tickets
from tests.contract.examples import load
from tests.support import callbacks, http_server, pipeline
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE, Pump

CAMPAIGN, MESSAGE = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db", "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"
NOW = datetime(2022, 5, 23, 3, 0, 36, 277_000, tzinfo=UTC)
SID = "SM" + "1" * 32
# What the answers of the specification's examples can't have in common with ours: they are from a longer list.
OF_A_LONGER_LIST = ("nextPage", "total")

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
    """The examples' site, with the field that their filter names, at the examples' time."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    pipeline.put_site()
    field = {"name": "AAA", "type": "text", "length": 100}
    assert call("contacts/create_field", "POST", "/contact/fields", field).status == 201


def request(function: str, name: str, ids: Mapping[str, str] | None = None, *, query: str = "", **changes: Any) -> Answer:
    """Make an example's request; the status must be the example's."""
    given = load(name, ids)
    asked, body = given["request"], given["request"].get("body")
    answer = call(function, asked["method"], asked["path"] + query, body | changes if body else None)
    assert answer.status == given["response"]["status"], answer.body
    return answer


def written(name: str, ids: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """What an example answers, as the contract writes it."""
    return dict(_written(load(name, ids)["response"]["body"])) | changes


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [_written(entry) for entry in value]
    if isinstance(value, dict):
        names = {NAMES.get(name, name): entry for name, entry in value.items()}
        return {name: VALUES.get(name, _written)(entry) for name, entry in names.items()}
    return value


def known(answer: Any, expected: Any) -> Any:
    """What an answer says about the properties that the specification has: ours are more."""
    if isinstance(expected, dict):
        return {name: known(answer[name], entry) for name, entry in expected.items() if name in answer}
    if isinstance(expected, list) and len(expected) == len(answer):
        return [known(*pair) for pair in zip(answer, expected, strict=True)]
    return answer


def assert_answers(answer: Any, expected: Any) -> None:
    assert known(answer, expected) == expected


def created(function: str, name: str, **changes: Any) -> str:
    return str(request(function, name, **changes).body["id"])


def a_campaign() -> dict[str, str]:
    return {CAMPAIGN: created("outreach/create_campaign", "create_campaign")}


def a_message(**changes: Any) -> dict[str, str]:
    return {MESSAGE: created("outreach/create_message", "create_message", **changes)}


@pytest.mark.parametrize(("kind", "theirs"), [("campaign", CAMPAIGN), ("message", MESSAGE)])
def test_what_is_created_is_answered(kind: str, theirs: str) -> None:
    name = f"create_{kind}"
    answer = request(f"outreach/{name}", name)
    assert_answers(answer.body, written(name, {theirs: answer.body["id"]}))


@pytest.mark.parametrize("verb", ["get", "update"])
@pytest.mark.parametrize(("kind", "create"), [("campaign", a_campaign), ("message", a_message)])
def test_what_was_created_can_be_got_and_updated(kind: str, create: Callable[[], dict[str, str]], verb: str) -> None:
    ids, name = create(), f"{verb}_{kind}"
    assert_answers(request(f"outreach/{name}", name, ids).body, written(name, ids))


@pytest.mark.parametrize(("kind", "create"), [("campaign", a_campaign), ("message", a_message)])
def test_what_was_created_is_listed(kind: str, create: Callable[[], dict[str, str]]) -> None:
    ids, name = create(), f"list_{kind}s"
    answer, expected = request(f"outreach/{name}", name, ids).body, written(name, ids)
    assert set(answer) == set(expected)
    assert_answers(answer, {name: value for name, value in expected.items() if name not in OF_A_LONGER_LIST})


def test_a_longer_list_has_a_next_page() -> None:
    a_campaign(), a_campaign()
    answer = request("outreach/list_campaigns", "list_campaigns", query="?pageSize=1").body
    theirs = written("list_campaigns")["nextPage"].partition("?")[2]
    assert answer["total"] == 2
    assert set(answer["nextPage"].partition("?")[2].split("&")) == {
        part.replace("=50", "=1").replace("10100000", SITE) for part in theirs.split("&")
    }


def test_a_campaign_is_deleted() -> None:
    assert request("outreach/delete_campaign", "delete_campaign", a_campaign()).body == ""


def test_a_send_answers_with_its_record() -> None:
    ids = a_campaign()
    request("outreach/update_campaign", "update_campaign", ids)
    answer = request("outreach/act_on_campaign", "send_campaign", ids).body
    assert_answers(answer, written("send_campaign", ids, id=answer["id"]))


def test_a_message_that_waits_for_a_reply_is_unattached() -> None:
    waiting = {"timeToAutoAttachToTicket": "whenContactRepliesTheMessage", "attachedToTicketId": None}
    ids = a_message(**waiting)
    expected = written("list_unattached_messages", ids)
    contact_id = expected["messages"][0]["contactId"]
    answer = request("outreach/list_unattached_messages", "list_unattached_messages", query=f"?contactId={contact_id}").body
    assert_answers(answer, {"messages": [expected["messages"][0] | waiting]})


def test_a_message_is_attached_to_its_ticket() -> None:
    boto3.client("dynamodb").put_item(
        TableName=settings().tickets_table, Item={"pk": {"S": f"SITE#{SITE}"}, "sk": {"S": "COUNTER"}, "last": {"N": "99"}}
    )
    assert tickets.open_ticket(SITE, "a-contact", pipeline.ACCOUNT.id, "a-message") == 100
    assert request("ticketing/attach_ticket_message", "attach_ticket_message").body == {}
    (attached,) = tickets.messages(SITE, 100)
    assert attached.body == "<p>111</p>"


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A carrier that takes everything."""
    accepted = http_server.reply(201, json.dumps({"sid": SID}).encode())
    with http_server.serving(accepted) as server:
        monkeypatch.setenv("TWILIO_BASE_URL", server.url)
        settings.cache_clear()
        yield server


def test_an_outbound_message_is_answered(carrier: http_server.Server) -> None:
    sent = load("create_outbound_message")["request"]["body"]
    answer = request("unichannel/create_outbound_message", "create_outbound_message").body
    expected = written("create_outbound_message") | {"sentTime": clock.timestamp(NOW), "originMessageid": SID, "id": answer["id"]}
    # The example answers about another message than it sends.
    assert_answers(answer, expected | {name: sent[name] for name in ("message", "to", "contactId")})


def told(message_id: str, customer: callbacks.Customer) -> Any:
    """What the customer was told of a message when it was sent."""
    Pump().run_until(lambda: bool(customer.server.requests))
    (notice,) = customer.server.requests
    return json.loads(notice.body)


def test_the_callback_of_an_outreach_message_tells_what_the_specification_does() -> None:
    expected = _written(load("outreach_message_callback")["request"]["body"])
    times = {name: expected[name] for name in ("sentTime", "campaignSentTime")}
    with callbacks.customer() as customer:
        ids = a_message(callbackURL=customer.url, status="sending", **times)
        assert call("outreach/update_message", "PUT", f"/outreach/messages/{ids[MESSAGE]}", {"status": "sent"}).status == 200
        assert_answers(told(ids[MESSAGE], customer), expected | {"id": ids[MESSAGE], "callbackURL": customer.url})


def test_the_callback_of_an_outbound_message_tells_what_the_specification_does(carrier: http_server.Server) -> None:
    expected = _written(load("outbound_message_callback")["request"]["body"])
    wanted = {name: expected[name] for name in ("contactId", "message", "attachments")}
    with callbacks.customer() as customer:
        sent = request("unichannel/create_outbound_message", "create_outbound_message", callbackURL=customer.url, **wanted).body
        now = {"id": sent["id"], "to": sent["to"], "sentTime": clock.timestamp(NOW)}
        assert_answers(told(sent["id"], customer), expected | now)
