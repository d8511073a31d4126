"""Carriers' webhooks: only what is signed counts, and what comes again, late or astray changes nothing."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from outreach import clock
from outreach.contacts import optouts
from outreach.messages import store
from outreach.messages.models import Message
from outreach.settings import settings
from outreach.ticketing.replies import Reply
from tests.integration.webhooks.requests import inbound, post, receipt, signed
from tests.support import carriers
from tests.support.carriers import ACCOUNTS, status
from tests.support.pipeline import SITE

MESSAGE_ID = "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"
NUMBER = "+12125550199"
PATH = f"/messages/{MESSAGE_ID}"


@pytest.fixture(params=ACCOUNTS)
def carrier(request: pytest.FixtureRequest, aws: None) -> str:
    """A carrier that has accepted a message of ours."""
    carriers.put_accounts()
    account = ACCOUNTS[request.param]
    slot = clock.timestamp(clock.now())
    message = Message(MESSAGE_ID, SITE, "contact", account.id, account.number, NUMBER, "Hello", slot)
    store.create_many([message])
    store.claim(SITE, MESSAGE_ID, until=4_000_000_000)
    return str(request.param)


def written() -> Any:
    """All that our tables hold."""
    tables = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
    return {name: [item.to_json() for item in table.all_items()] for name, table in tables.items()}


def queued_replies() -> list[Reply]:
    found = boto3.client("sqs").receive_message(QueueUrl=settings().inbound_queue_url, MaxNumberOfMessages=10)
    return [Reply.parse(entry["Body"]) for entry in found.get("Messages", [])]


def report(carrier: str, status: str, path: str = PATH) -> int:
    body = receipt(carrier, status)
    return post(carrier, path, body, signed(carrier, path, body))


@pytest.mark.parametrize("reported", ["sent", "delivered", "undelivered"])
def test_a_receipt_moves_its_message_on(carrier: str, reported: str) -> None:
    assert report(carrier, reported) == 200
    assert status(MESSAGE_ID) == reported


def test_a_late_sent_never_overwrites_delivered(carrier: str) -> None:
    assert [report(carrier, "delivered"), report(carrier, "sent")] == [200, 200]
    assert status(MESSAGE_ID) == "delivered"


def test_a_replayed_receipt_writes_nothing(carrier: str) -> None:
    body = receipt(carrier, "undelivered")
    headers = signed(carrier, PATH, body)
    post(carrier, PATH, body, headers)
    before = written()
    assert post(carrier, PATH, body, headers) == 200
    assert written() == before


@pytest.mark.parametrize("forge", [lambda headers: {}, lambda headers: dict.fromkeys(headers, "AAAA")])
def test_a_forged_webhook_is_refused_without_a_trace(carrier: str, forge: Any) -> None:
    before = written()
    for path, body in (
        (PATH, receipt(carrier, "delivered")),
        ("", inbound(carrier, "STOP")),
        ("/inbound", inbound(carrier, "A")),
    ):
        assert post(carrier, path, body, forge(signed(carrier, path, body))) == 403
    assert (written(), queued_replies()) == (before, [])


def test_a_signature_for_another_body_or_address_does_not_count(carrier: str) -> None:
    headers = signed(carrier, PATH, receipt(carrier, "sent"))
    assert post(carrier, PATH, receipt(carrier, "delivered"), headers) == 403
    assert status(MESSAGE_ID) == "sending"


def test_a_receipt_that_is_not_ours_is_ignored(carrier: str) -> None:
    before = written()
    for path in ("/messages/22283a83-48e9-4d0d-a3bd-fb19ce5c12db", "", "/inbound"):
        assert report(carrier, "delivered", path) == 200
    assert (written(), queued_replies()) == (before, [])


def test_a_receipt_from_an_account_that_has_not_sent_the_message_is_ignored(carrier: str) -> None:
    (other,) = set(ACCOUNTS) - {carrier}
    assert report(other, "delivered") == 200
    assert status(MESSAGE_ID) == "sending"


def test_what_somebody_writes_is_queued(carrier: str) -> None:
    body = inbound(carrier, "Is it ready?")
    for path in ("", "/inbound"):
        assert post(carrier, path, body, signed(carrier, path, body)) == 200
        (reply,) = queued_replies()
        assert (reply.account_id, reply.inbound.sender, reply.inbound.body) == (ACCOUNTS[carrier].id, NUMBER, "Is it ready?")


def test_what_makes_no_sense_is_a_bad_request(carrier: str) -> None:
    body = b'{"data": {}}' if carrier == "telnyx" else b"a=b"
    assert [post(carrier, path, body, signed(carrier, path, body)) for path in (PATH, "")] == [400, 400]


def test_a_receipt_that_tells_of_an_opt_out_suppresses_the_number(carrier: str) -> None:
    more: dict[str, Any] = {"errors": [{"code": "40300"}]} if carrier == "telnyx" else {"ErrorCode": "21610"}
    body = receipt(carrier, "undelivered", **more)
    post(carrier, PATH, body, signed(carrier, PATH, body))
    assert optouts.opted_out(SITE, [NUMBER])
