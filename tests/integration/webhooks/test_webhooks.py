"""Carrier webhooks: only signed ones count, and repeated, late or misdirected ones change nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError

from outreach import clock, dynamo
from outreach.carriers.error_scopes import ErrorScope
from outreach.carriers.webhook_messages import Receipt
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.delivery.outcome_recording import CLAIM_SECONDS
from outreach.inbound import receipt_queue
from outreach.inbound.reply_queue import ReplyJob
from outreach.messages import message_store
from outreach.messages.failed_reasons import OUTCOME_UNKNOWN
from outreach.messages.models import Message
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.sites import site_store
from tests.integration.webhooks.webhook_requests import (
    event,
    inbound,
    post,
    post_to,
    receipt,
    signed,
    signed_for,
    without_sender,
)
from tests.support import carriers
from tests.support.carriers import ACCOUNTS, status
from tests.support.crash_points import Crash
from tests.support.functions import invoke
from tests.support.pipeline import SITE
from tests.support.template import moto_backend, set_redrive_policy

MESSAGE_ID = "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"
NUMBER = "+12125550199"
PATH = f"/messages/{MESSAGE_ID}"


@pytest.fixture(params=ACCOUNTS)
def carrier(request: pytest.FixtureRequest, aws: None) -> str:
    """A carrier to which a message is being sent."""
    carriers.put_accounts()
    account = ACCOUNTS[request.param]
    slot = clock.timestamp(clock.now())
    message = Message(MESSAGE_ID, SITE, "contact", account.id, account.number, NUMBER, "Hello", slot)
    message_store.create_many([message])
    message_store.claim(SITE, MESSAGE_ID, number=NUMBER, until=math.floor(clock.now().timestamp() + CLAIM_SECONDS))
    return str(request.param)


def stored_items() -> Any:
    """All items of all tables."""
    tables = moto_backend("dynamodb").tables
    return {name: [item.to_json() for item in table.all_items()] for name, table in tables.items()}


def queued_replies() -> list[ReplyJob]:
    answer = boto3.client("sqs").receive_message(QueueUrl=settings().inbound_queue_url, MaxNumberOfMessages=10)
    return [ReplyJob.from_json(message["Body"]) for message in answer.get("Messages", [])]


def report(carrier: str, status: str, path: str = PATH, **more: Any) -> int:
    body = receipt(carrier, status, **more)
    return post(carrier, path, body, signed(carrier, path, body))


@pytest.mark.parametrize("reported", ["sent", "delivered", "undelivered"])
def test_a_receipt_advances_its_message(carrier: str, reported: str) -> None:
    assert report(carrier, reported) == 200
    assert status(MESSAGE_ID) == reported


@pytest.mark.parametrize("spell", [lambda path: f"{path}/", str.upper, lambda path: path.replace("-", "%2D")])
def test_the_spelling_of_the_path_does_not_matter(carrier: str, spell: Any) -> None:
    body = receipt(carrier, "delivered")
    path = f"/webhooks/{carrier}/{spell(ACCOUNTS[carrier].id + PATH)}".replace("MESSAGES", "messages")
    assert post_to(carrier, path, body, signed_for(carrier, path, body)) == 200
    assert status(MESSAGE_ID) == "delivered"


@pytest.mark.parametrize("path", ["/unknown", "/messages", "/messages/", "/messages/1/2", "/inbound/1"])
def test_an_unknown_path_is_404(carrier: str, path: str) -> None:
    assert report(carrier, "delivered", path) == 404


def test_a_late_sent_receipt_does_not_overwrite_delivered(carrier: str) -> None:
    assert [report(carrier, "delivered"), report(carrier, "sent")] == [200, 200]
    assert status(MESSAGE_ID) == "delivered"


@pytest.mark.parametrize("reported", ["delivered", "undelivered"])
def test_a_replayed_receipt_writes_nothing(carrier: str, reported: str) -> None:
    body = receipt(carrier, reported)
    headers = signed(carrier, PATH, body)
    post(carrier, PATH, body, headers)
    before = stored_items()
    assert post(carrier, PATH, body, headers) == 200
    assert stored_items() == before


def test_a_message_is_not_read_before_its_delivery_is_written(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(message_store, "get", Mock(side_effect=AssertionError))
        assert report(carrier, "delivered") == 200
    assert status(MESSAGE_ID) == "delivered"


@pytest.mark.parametrize("forge", [lambda headers: {}, lambda headers: dict.fromkeys(headers, "AAAA")])
def test_a_forged_webhook_is_refused_and_changes_nothing(carrier: str, forge: Any) -> None:
    before = stored_items()
    for path, body in (
        (PATH, receipt(carrier, "delivered")),
        ("", inbound(carrier, "STOP")),
        ("/inbound", inbound(carrier, "A")),
    ):
        assert post(carrier, path, body, forge(signed(carrier, path, body))) == 403
    assert (stored_items(), queued_replies()) == (before, [])


def test_a_signature_of_another_body_is_refused(carrier: str) -> None:
    headers = signed(carrier, PATH, receipt(carrier, "sent"))
    assert post(carrier, PATH, receipt(carrier, "delivered"), headers) == 403
    assert status(MESSAGE_ID) == "sending"


def test_a_receipt_of_an_unknown_message_is_ignored(carrier: str) -> None:
    before = stored_items()
    for path in ("/messages/22283a83-48e9-4d0d-a3bd-fb19ce5c12db", "", "/inbound"):
        assert report(carrier, "delivered", path) == 200
    assert (stored_items(), queued_replies()) == (before, [])


def test_another_carriers_account_is_refused_like_an_unknown_one(carrier: str) -> None:
    (other,) = set(ACCOUNTS) - {carrier}
    for path, body in ((PATH, receipt(carrier, "delivered")), ("", inbound(carrier, "STOP"))):
        url = f"/webhooks/{carrier}/{ACCOUNTS[other].id}{path}"
        assert post_to(carrier, url, body, signed_for(carrier, url, body)) == 403


def test_an_unknown_event_is_acknowledged_at_every_path(aws: None) -> None:
    carriers.put_accounts()
    before, body = stored_items(), event("message.routed")
    assert [post("telnyx", path, body, signed("telnyx", path, body)) for path in (PATH, "", "/inbound")] == [200, 200, 200]
    assert (stored_items(), queued_replies()) == (before, [])


def test_a_receipt_from_another_account_is_ignored(carrier: str) -> None:
    (other,) = set(ACCOUNTS) - {carrier}
    assert report(other, "delivered") == 200
    assert status(MESSAGE_ID) == "sending"


def test_an_inbound_message_is_queued(carrier: str) -> None:
    body = inbound(carrier, "Is it ready?")
    for path in ("", "/inbound"):
        assert post(carrier, path, body, signed(carrier, path, body)) == 200
        (reply,) = queued_replies()
        assert (reply.account_id, reply.inbound.sender, reply.inbound.body) == (ACCOUNTS[carrier].id, NUMBER, "Is it ready?")


def test_a_malformed_webhook_is_a_bad_request(carrier: str) -> None:
    body = b'{"data": {}}' if carrier == "telnyx" else b"a=b"
    assert [post(carrier, path, body, signed(carrier, path, body)) for path in (PATH, "")] == [400, 400]


def test_a_receipt_that_reports_an_opt_out_opts_the_number_out(carrier: str) -> None:
    more: dict[str, Any] = {"errors": [{"code": "40300"}]} if carrier == "telnyx" else {"ErrorCode": "21610"}
    body = receipt(carrier, "undelivered", **more)
    post(carrier, PATH, body, signed(carrier, PATH, body))
    assert opt_outs.opted_out_among(SITE, [NUMBER])


def test_a_receipt_that_reports_an_opt_out_counts_when_the_message_has_failed_already(carrier: str) -> None:
    message_store.advance(message_store.get(SITE, MESSAGE_ID), MessageStatus.FAILED, failed_reason=OUTCOME_UNKNOWN)
    more: dict[str, Any] = {"errors": [{"code": "40300"}]} if carrier == "telnyx" else {"ErrorCode": "21610"}
    assert report(carrier, "undelivered", **more) == 200
    assert opt_outs.opted_out_among(SITE, [NUMBER])
    assert message_store.get(SITE, MESSAGE_ID).failed_reason == OUTCOME_UNKNOWN


@pytest.mark.parametrize("opt_in", [False, True])
def test_a_repeated_receipt_does_not_undo_a_later_opt_in(carrier: str, opt_in: bool) -> None:
    more: dict[str, Any] = {"errors": [{"code": "40300"}]} if carrier == "telnyx" else {"ErrorCode": "21610"}
    body = receipt(carrier, "undelivered", **more)
    with pytest.raises(Crash), dying_at_advance():
        post(carrier, PATH, body, signed(carrier, PATH, body))
    if opt_in:
        opt_outs.remove(SITE, NUMBER, Source.OPERATOR)
    assert post(carrier, PATH, body, signed(carrier, PATH, body)) == 200
    assert opt_outs.opted_out_among(SITE, [NUMBER]) == (set() if opt_in else {NUMBER})


@contextmanager
def dying_at_advance() -> Iterator[None]:
    """The process dies before it advances a message."""

    def die(*_: Any, **__: Any) -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message_store, "advance", die)
        yield


def test_an_inbound_message_without_a_sender_becomes_one_dead_letter(carrier: str) -> None:
    set_redrive_policy("InboundQueue")
    body = without_sender(carrier)
    assert post(carrier, "", body, signed(carrier, "", body)) == 200
    sqs, url = boto3.client("sqs"), settings().inbound_queue_url
    while batch := sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", []):
        event = {"Records": [{"messageId": entry["MessageId"], "body": entry["Body"]} for entry in batch]}
        assert len(invoke("workers/process_reply", event)["batchItemFailures"]) == 1
    dead_letters = sqs.get_queue_url(QueueName="InboundDeadLetterQueue")["QueueUrl"]
    assert len(sqs.receive_message(QueueUrl=dead_letters, MaxNumberOfMessages=10)["Messages"]) == 1


def test_a_group_message_is_addressed_to_the_accounts_number(carrier: str) -> None:
    if carrier == "twilio":
        pytest.skip("Twilio sends one webhook to each recipient")
    to = [{"phone_number": "+12125550101"}, {"phone_number": ACCOUNTS[carrier].number}]
    body = event("message.received", **{"id": "group", "from": {"phone_number": NUMBER}, "to": to, "text": "Hi"})
    post(carrier, "", body, signed(carrier, "", body))
    assert [reply.inbound.recipient for reply in queued_replies()] == [ACCOUNTS[carrier].number]


POOLS = {"twilio": "MG" + "a" * 32, "telnyx": "4001017c-8e05-4fe8-8d5b-d3c5c3a1f1e1"}


@pytest.fixture
def pool(carrier: str) -> str:
    """Let the account send from a pool, and its message wait for the number."""
    site_store.put_account(replace(ACCOUNTS[carrier], number=POOLS[carrier]))
    message = replace(message_store.get(SITE, MESSAGE_ID), sender="")
    boto3.client("dynamodb").delete_item(TableName=settings().messages_table, Key={"pk": {"S": f"{SITE}#{MESSAGE_ID}"}})
    message_store.create_many([message])
    return carrier


def test_a_reply_to_a_pool_names_the_number_that_it_was_sent_to(pool: str) -> None:
    body = inbound(pool, "Hi")
    assert post(pool, "/inbound", body, signed(pool, "/inbound", body)) == 200
    (reply,) = queued_replies()
    assert (reply.account_id, reply.inbound.recipient) == (ACCOUNTS[pool].id, ACCOUNTS[pool].number)


@pytest.mark.parametrize("reported", ["sent", "delivered"])
@pytest.mark.parametrize("sender", ["+15005550099", "68849"])
def test_any_receipt_of_a_pool_names_the_number_of_its_message_and_none_changes_it(pool: str, sender: str, reported: str) -> None:
    for number in (sender, "+15005550011"):
        name: Any = {"twilio": {"From": number}, "telnyx": {"from": {"phone_number": number}}}[pool]
        body = receipt(pool, reported, **name)
        assert post(pool, PATH, body, signed(pool, PATH, body)) == 200
        assert message_store.get(SITE, MESSAGE_ID).sender == sender


@contextmanager
def throttled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let DynamoDB refuse the writes of messages."""
    error = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")
    with monkeypatch.context() as patched:
        patched.setattr(dynamo, "update_if", Mock(side_effect=error))
        yield


def process_inbound_queue() -> dict[str, Any]:
    answer = boto3.client("sqs").receive_message(QueueUrl=settings().inbound_queue_url, MaxNumberOfMessages=10)
    records = [{"messageId": entry["MessageId"], "body": entry["Body"]} for entry in answer.get("Messages", [])]
    return dict(invoke("workers/process_reply", {"Records": records}))


@pytest.mark.parametrize("reported", ["sent", "delivered", "undelivered"])
def test_a_receipt_is_not_lost_while_the_table_is_throttled(carrier: str, monkeypatch: pytest.MonkeyPatch, reported: str) -> None:
    with throttled(monkeypatch):
        assert report(carrier, reported) == 200
    assert status(MESSAGE_ID) == "sending"
    assert process_inbound_queue() == {"batchItemFailures": []}
    assert status(MESSAGE_ID) == reported


def test_a_queued_receipt_waits_until_it_can_be_applied(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with throttled(monkeypatch):
        report(carrier, "delivered")
        assert len(process_inbound_queue()["batchItemFailures"]) == 1


def test_a_receipt_that_reports_a_fault_of_the_account_is_applied_from_the_queue(
    carrier: str,
) -> None:
    account = ACCOUNTS[carrier]
    failure = Receipt("id", MessageStatus.FAILED, "30034: not registered", scope=ErrorScope.ACCOUNT)
    receipt_queue.put(account, MESSAGE_ID, failure, clock.now())
    assert process_inbound_queue() == {"batchItemFailures": []}
    assert message_store.get(SITE, MESSAGE_ID).failed_reason == failure.failed_reason
