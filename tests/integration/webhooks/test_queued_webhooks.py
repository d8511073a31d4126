"""A webhook that cannot be verified now is queued, and does later what it would have done at once; a forged one does nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from outreach import aws as clients
from outreach import clock, parameter_store
from outreach.consent import opt_outs
from outreach.inbound import authentication
from outreach.inbound.reply_queue import ReplyJob
from outreach.inbound.webhook_queue import MAX_BYTES, WebhookJob
from outreach.messages import message_store
from outreach.messages.models import Kind, Message
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.sites import secrets
from tests.integration.webhooks.webhook_requests import inbound, post, post_to, receipt, signed, signed_for
from tests.support import carriers
from tests.support.carriers import ACCOUNTS, CREDENTIALS, status
from tests.support.crash_points import Crash
from tests.support.functions import invoke
from tests.support.pipeline import SITE
from tests.support.template import set_redrive_policy

MESSAGE_ID = "11183a83-48e9-4d0d-a3bd-fb19ce5c12db"
NUMBER = "+12125550199"
PATH = f"/messages/{MESSAGE_ID}"

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "GetParameters")
FAULTS = {
    "throttled": THROTTLED,
    "slow": ReadTimeoutError(endpoint_url="https://ssm"),
    "failing": ClientError(
        {"Error": {"Code": "InternalServerError"}, "ResponseMetadata": {"HTTPStatusCode": 500}},  # type: ignore[typeddict-item] # what the code reads
        "GetParameters",
    ),
    "denied": ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetParameters"),
}


@pytest.fixture(params=ACCOUNTS)
def carrier(request: pytest.FixtureRequest, aws: None) -> str:
    """A carrier at which the site has an account; a message to ``NUMBER`` is sent."""
    carriers.put_accounts()
    account = ACCOUNTS[request.param]
    slot = clock.timestamp(clock.now())
    message_store.create_many([Message(MESSAGE_ID, SITE, "contact", account.id, account.number, NUMBER, "Hello", slot)])
    message_store.claim(SITE, MESSAGE_ID, number=NUMBER, until=int(clock.now().timestamp()) + 100)
    return str(request.param)


@contextmanager
def refusing(
    *operations: str, error: Exception = THROTTLED, is_refused: Callable[[Any], bool] = lambda _: True
) -> Iterator[list[str]]:
    """Let AWS refuse operations, in a process that has cached nothing; yields the refused calls."""
    refused: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def refuse(client: Any, operation: str, arguments: Any) -> Any:
        if operation in operations and is_refused(arguments):
            refused.append(operation)
            raise error
        return call(client, operation, arguments)

    start_process()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", refuse)
        yield refused
    start_process()


def start_process() -> None:
    """Forget what a process has cached."""
    parameter_store.clear()
    authentication.cached_account.cache_clear()


@contextmanager
def counted_calls() -> Iterator[list[str]]:
    """The names of the AWS calls that are made."""
    calls: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def count(client: Any, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return call(client, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", count)
        yield calls


def deliver(carrier: str, path: str, body: bytes) -> int:
    """Post a signed webhook; returns the status of the answer."""
    return post(carrier, path, body, signed(carrier, path, body))


def bodies() -> list[str]:
    """Take all messages out of the inbound queue."""
    client, url = boto3.client("sqs"), settings().inbound_queue_url
    taken: list[str] = []
    while batch := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for entry in batch:
            client.delete_message(QueueUrl=url, ReceiptHandle=entry["ReceiptHandle"])
            taken.append(entry["Body"])
    return taken


def put_back(*texts: str) -> None:
    for text in texts:
        boto3.client("sqs").send_message(QueueUrl=settings().inbound_queue_url, MessageBody=text, MessageGroupId="group")


def process(*texts: str) -> int:
    """Let the consumer process one batch; returns how many of its messages failed."""
    records = [{"messageId": str(index), "body": text} for index, text in enumerate(texts)]
    return len(invoke("workers/process_reply", {"Records": records})["batchItemFailures"])


def process_all() -> None:
    """Process the inbound queue until it is empty; a webhook from it may queue a reply."""
    while texts := bodies():
        assert process(*texts[:10]) == 0
        put_back(*texts[10:])


def replies() -> list[dict[str, Any]]:
    """The stored replies."""
    items = boto3.client("dynamodb").scan(TableName=settings().messages_table)["Items"]
    return [item for item in items if item.get("kind") == {"S": Kind.INBOUND}]


def opted_out() -> bool:
    return bool(opt_outs.opted_out_among(SITE, [NUMBER]))


def queue_unverified(carrier: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> str:
    """Post a webhook while Parameter Store refuses; returns the queue message."""
    with refusing("GetParameters"):
        assert post(carrier, path, body, signed(carrier, path, body) if headers is None else headers) == 200
    (queued,) = bodies()
    return queued


# ---------------------------------------------------------------- What cannot be verified now is kept


@pytest.mark.parametrize("fault", FAULTS)
def test_a_receipt_is_not_lost_while_its_secret_cannot_be_read(carrier: str, fault: str) -> None:
    with refusing("GetParameters", error=FAULTS[fault]):
        assert deliver(carrier, PATH, receipt(carrier, "delivered")) == 200
    assert status(MESSAGE_ID) == "sending"
    process_all()
    assert status(MESSAGE_ID) == "delivered"


@pytest.mark.parametrize("path", ["", "/inbound"])
def test_a_stop_is_not_lost_while_its_secret_cannot_be_read(carrier: str, path: str) -> None:
    with refusing("GetParameters"):
        assert deliver(carrier, path, inbound(carrier, "STOP")) == 200
    process_all()
    assert opted_out()
    assert len(replies()) == 1


@pytest.mark.parametrize("refused", ["ACCOUNT#", "SITE#"])
def test_a_stop_is_not_lost_while_its_account_cannot_be_read(carrier: str, refused: str) -> None:
    with refusing("GetItem", is_refused=lambda arguments: arguments["Key"]["pk"]["S"].startswith(refused)):
        assert deliver(carrier, "/inbound", inbound(carrier, "STOP")) == 200
    process_all()
    assert opted_out()


def test_a_webhook_that_can_be_verified_is_not_queued_first(carrier: str) -> None:
    assert deliver(carrier, PATH, receipt(carrier, "delivered")) == 200
    assert bodies() == []


@pytest.mark.parametrize("operation", ["GetParameters", "GetItem"])
def test_a_webhook_that_neither_can_be_verified_nor_queued_is_an_error_so_that_the_carrier_repeats_it(
    carrier: str, operation: str
) -> None:
    with refusing(operation, "SendMessageBatch"), pytest.raises(ClientError):
        deliver(carrier, "/inbound", inbound(carrier, "STOP"))


def test_a_webhook_is_not_accepted_if_the_queue_reports_its_message_as_failed(
    carrier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS answers 200 for a batch of which it takes nothing (argoproj/argo-events #3448 is the same mistake)."""
    failed = {"Successful": [], "Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]}
    monkeypatch.setattr(clients.sqs(), "send_message_batch", lambda **_: failed)
    with refusing("GetParameters"), pytest.raises(RuntimeError, match="rejected 1 of 1"):
        deliver(carrier, "/inbound", inbound(carrier, "STOP"))


def test_an_account_without_credentials_is_an_error_that_the_operator_sees(carrier: str) -> None:
    boto3.client("ssm").delete_parameter(Name=secrets.account_path(SITE, ACCOUNTS[carrier].id))
    with pytest.raises(secrets.MissingCredentials):
        deliver(carrier, "/inbound", inbound(carrier, "STOP"))
    assert bodies() == []


def test_a_queued_webhook_waits_as_long_as_its_secret_cannot_be_read_and_ends_as_a_dead_letter(carrier: str) -> None:
    set_redrive_policy("InboundQueue")
    put_back(queue_unverified(carrier, "/inbound", inbound(carrier, "STOP")))
    client, url = boto3.client("sqs"), settings().inbound_queue_url
    with refusing("GetParameters"):
        while batch := client.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", []):
            assert process(*[entry["Body"] for entry in batch]) == len(batch)
    dead_letters = client.get_queue_url(QueueName="InboundDeadLetterQueue")["QueueUrl"]
    (dead,) = client.receive_message(QueueUrl=dead_letters)["Messages"]
    put_back(dead["Body"])
    process_all()
    assert opted_out()


# ---------------------------------------------------------------- Only genuine webhooks count


@pytest.mark.parametrize("forge", [lambda headers: {**dict.fromkeys(headers, "AAAA"), "content-type": headers["content-type"]}])
@pytest.mark.parametrize("path", [PATH, "/inbound"])
def test_a_forged_webhook_from_the_queue_is_dropped_and_counted(
    carrier: str, path: str, forge: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    body = receipt(carrier, "delivered") if path == PATH else inbound(carrier, "STOP")
    queued = queue_unverified(carrier, path, body, forge(signed(carrier, path, body)))
    capsys.readouterr()
    assert process(queued) == 0
    assert '"WebhooksRefused":[1.0]' in capsys.readouterr().out
    assert (status(MESSAGE_ID), opted_out(), bodies()) == ("sending", False, [])


def test_a_webhook_whose_body_was_changed_in_the_queue_is_dropped(carrier: str) -> None:
    values = json.loads(queue_unverified(carrier, "/inbound", inbound(carrier, "Hello")))
    values["webhook"]["body"] = b64encode(inbound(carrier, "STOP")).decode()
    assert process(json.dumps(values)) == 0
    assert (opted_out(), bodies()) == (False, [])


def test_a_webhook_that_is_moved_to_another_account_is_dropped(carrier: str) -> None:
    (other,) = set(ACCOUNTS) - {carrier}
    values = json.loads(queue_unverified(carrier, "/inbound", inbound(carrier, "STOP")))
    for changes in (
        {"account_id": ACCOUNTS[other].id},
        {"account_id": ACCOUNTS[other].id, "carrier": ACCOUNTS[other].carrier},
        {"account_id": "22283a83-48e9-4d0d-a3bd-fb19ce5c12db"},
    ):
        assert process(json.dumps(values | changes)) == 0
    assert (opted_out(), bodies()) == (False, [])


def test_a_site_in_the_queue_message_does_not_choose_the_secret(carrier: str) -> None:
    """The site is read from the account; that of the message only says which secrets to read in advance."""
    values = json.loads(queue_unverified(carrier, "/inbound", inbound(carrier, "STOP")))
    foreign = secrets.account_path("20000", ACCOUNTS[carrier].id)
    boto3.client("ssm").put_parameter(Name=foreign, Value=json.dumps({"token": "x", "public_key": "x"}), Type="SecureString")
    assert process(json.dumps(values | {"site_id": "20000"})) == 0
    process_all()
    assert opted_out()


def test_a_malformed_webhook_from_the_queue_is_dropped(carrier: str) -> None:
    body = b'{"data": {}}' if carrier == "telnyx" else b"a=b"
    assert process(queue_unverified(carrier, PATH, body)) == 0


def test_a_webhook_of_an_unknown_account_is_refused_and_never_queued(carrier: str) -> None:
    url, body = f"/webhooks/{carrier}/22283a83-48e9-4d0d-a3bd-fb19ce5c12db/inbound", inbound(carrier, "STOP")
    with refusing("GetParameters"):
        assert post_to(carrier, url, body, signed_for(carrier, url, body)) == 403
    assert bodies() == []


@pytest.mark.parametrize("account_id", ["a", "x" * 3000, "%7B%22%7D", "urn:uuid:22283a83-48e9-4d0d-a3bd-fb19ce5c12db"])
def test_a_webhook_whose_path_names_no_id_is_refused_without_any_call(carrier: str, account_id: str) -> None:
    """DynamoDB refuses keys of more than 2,048 bytes, and SQS most characters in a message group."""
    url, body = f"/webhooks/{carrier}/{account_id}/inbound", inbound(carrier, "STOP")
    with refusing("GetItem"), counted_calls() as calls:
        assert post_to(carrier, url, body, signed_for(carrier, url, body)) == 403
    assert (calls, bodies()) == ([], [])


def test_a_webhook_without_a_signature_is_refused_without_any_call(carrier: str) -> None:
    with refusing("GetParameters"), counted_calls() as calls:
        assert post(carrier, "/inbound", inbound(carrier, "STOP"), {"content-type": "text/plain"}) == 403
    assert calls == []


def test_a_webhook_for_an_account_at_another_carrier_is_refused(carrier: str) -> None:
    (other,) = set(ACCOUNTS) - {carrier}
    url, body = f"/webhooks/{carrier}/{ACCOUNTS[other].id}/inbound", inbound(carrier, "STOP")
    assert post_to(carrier, url, body, signed_for(carrier, url, body)) == 403


@pytest.mark.parametrize(("seconds", "counts"), [(-240, True), (-400, False)])
def test_a_signature_is_as_old_as_it_was_when_the_webhook_arrived(
    aws: None, monkeypatch: pytest.MonkeyPatch, seconds: int, counts: bool
) -> None:
    """The consumer of a queue must not compare the signed time with its own (stripe-node #1778, svix-webhooks #93)."""
    carriers.put_accounts()
    headers = signed("telnyx", "/inbound", inbound("telnyx", "STOP"))
    arrival = clock.now() - timedelta(seconds=seconds)
    at(monkeypatch, arrival)
    queued = queue_unverified("telnyx", "/inbound", inbound("telnyx", "STOP"), headers)
    at(monkeypatch, arrival + timedelta(days=3))
    assert process(queued) == 0
    process_all()
    assert opted_out() == counts


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


# ---------------------------------------------------------------- Repetitions, crashes, order


def test_copies_of_a_queued_webhook_do_what_one_does(carrier: str) -> None:
    queued = queue_unverified(carrier, "/inbound", inbound(carrier, "STOP"))
    assert process(queued, queued) == 0
    process_all()
    assert process(queued) == 0
    process_all()
    assert (opted_out(), len(replies())) == (True, 1)


def test_a_webhook_that_the_carrier_repeats_because_we_died_before_the_answer_counts_once(
    carrier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def die_after_sending(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "GetParameters":
            raise THROTTLED
        answer = send(client, operation, arguments)
        if operation == "SendMessageBatch":
            raise Crash
        return answer

    body = inbound(carrier, "STOP")
    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", die_after_sending)
        with pytest.raises(Crash):
            deliver(carrier, "/inbound", body)
    start_process()
    assert deliver(carrier, "/inbound", body) == 200
    process_all()
    assert (opted_out(), len(replies())) == (True, 1)


@pytest.mark.parametrize(("first", "later", "ends_opted_out"), [("STOP", "START", False), ("START", "STOP", True)])
def test_the_later_keyword_wins_although_the_earlier_one_waited_in_the_queue(
    carrier: str, monkeypatch: pytest.MonkeyPatch, first: str, later: str, ends_opted_out: bool
) -> None:
    start = clock.now()
    queued = queue_unverified(carrier, "/inbound", inbound(carrier, first, "first-id"))
    at(monkeypatch, start + timedelta(seconds=30))
    assert deliver(carrier, "/inbound", inbound(carrier, later, "later-id")) == 200
    process_all()
    at(monkeypatch, start + timedelta(minutes=6))
    assert process(queued) == 0
    process_all()
    assert opted_out() == ends_opted_out


def test_a_queued_reply_has_the_time_at_which_its_webhook_arrived(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arrival = clock.now()
    at(monkeypatch, arrival)
    queued = queue_unverified(carrier, "/inbound", inbound(carrier, "Hello"))
    at(monkeypatch, arrival + timedelta(hours=1))
    assert process(queued) == 0
    (reply,) = map(ReplyJob.from_json, bodies())
    assert reply.received == clock.timestamp(arrival)


def test_a_message_is_sent_when_its_queued_receipt_arrived(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arrival = clock.now()
    at(monkeypatch, arrival)
    queued = queue_unverified(carrier, PATH, receipt(carrier, "sent"))
    at(monkeypatch, arrival + timedelta(hours=1))
    with refusing("UpdateItem", is_refused=lambda arguments: arguments["TableName"] == settings().messages_table):
        assert process(queued) == 0
    process_all()
    assert message_store.get(SITE, MESSAGE_ID).sent_time == clock.timestamp(arrival)


def test_a_queued_receipt_does_not_undo_a_newer_one(carrier: str) -> None:
    queued = queue_unverified(carrier, PATH, receipt(carrier, "sent"))
    assert deliver(carrier, PATH, receipt(carrier, "delivered")) == 200
    assert process(queued) == 0
    assert status(MESSAGE_ID) == "delivered"


def test_a_failing_webhook_does_not_fail_the_others_of_its_batch(carrier: str) -> None:
    unverified = queue_unverified(carrier, PATH, receipt(carrier, "delivered"))
    assert deliver(carrier, "/inbound", inbound(carrier, "STOP")) == 200
    with refusing("GetParameters"):
        assert process(unverified, *bodies(), "no JSON", "[]", '{"webhook": {}}') == 4
    assert opted_out()


# ---------------------------------------------------------------- Releases


def test_receipts_and_replies_of_the_release_before_are_processed(carrier: str) -> None:
    account = ACCOUNTS[carrier]
    key = {"site_id": SITE, "account_id": account.id}
    report = {"carrier_message_id": "id", "status": "delivered", "failed_reason": None, "scope": None, "sender": ""}
    message = {"carrier_message_id": "in", "sender": NUMBER, "recipient": account.number, "body": "STOP", "media_urls": []}
    reply = {**key, "received": "2026-03-03T09:30:00.000Z", "inbound": {**message, "opt_out": None}}
    assert process(json.dumps({**key, "message_id": MESSAGE_ID, "receipt": report}), json.dumps(reply)) == 0
    assert (status(MESSAGE_ID), opted_out()) == ("delivered", True)
    assert message_store.get(SITE, MESSAGE_ID).status is MessageStatus.DELIVERED


def test_the_release_before_keeps_a_queued_webhook_as_a_failed_message(carrier: str) -> None:
    """It takes everything without ``receipt`` for a reply and fails without ``inbound``, so that the message stays."""
    queued = json.loads(queue_unverified(carrier, "/inbound", inbound(carrier, "STOP")))
    assert not {"receipt", "inbound"} & set(queued)


# ---------------------------------------------------------------- Cost and floods


def test_a_queued_webhook_has_only_the_headers_that_its_signature_needs(carrier: str) -> None:
    body = inbound(carrier, "Hello")
    noise = {"cookie": "secret", "x-forwarded-for": "203.0.113.20", "user-agent": "carrier"}
    queued = WebhookJob.from_json(queue_unverified(carrier, "/inbound", body, signed(carrier, "/inbound", body) | noise))
    assert queued
    assert not set(noise) & set(queued.webhook.headers)
    assert process(queued.to_json()) == 0
    assert len(bodies()) == 1


def test_a_webhook_of_any_bytes_is_queued_unchanged(carrier: str) -> None:
    path, body = "/inbound?a=%20&b", b"\xff\x00a=b"
    queued = WebhookJob.from_json(queue_unverified(carrier, path, body, signed(carrier, path, inbound(carrier, "A"))))
    assert queued
    assert queued.webhook.body == body
    assert queued.webhook.url == f"{settings().webhook_base_url}/webhooks/{carrier}/{ACCOUNTS[carrier].id}{path}"


@pytest.mark.parametrize(("size", "answer"), [(MAX_BYTES // 2, 200), (MAX_BYTES * 3 // 4, 503), (6_000_000, 503)])
def test_a_queue_message_has_at_most_64_kb(carrier: str, size: int, answer: int) -> None:
    """Base64 and the frame of the message count (kentcdodds/kody #1582)."""
    body = b"x" * size
    with refusing("GetParameters"):
        assert post(carrier, "/inbound", body, signed(carrier, "/inbound", inbound(carrier, "A"))) == answer
    assert [len(queued) <= MAX_BYTES for queued in bodies()] == [True] * (answer == 200)


def test_the_longest_message_of_a_carrier_fits_into_the_queue(carrier: str) -> None:
    body = inbound(carrier, "🎉" * 1_600)
    with refusing("GetParameters"):
        assert deliver(carrier, "/inbound", body) == 200
    process_all()
    assert len(replies()) == 1


def test_queueing_a_webhook_takes_one_call(carrier: str) -> None:
    with refusing("GetParameters"), counted_calls() as calls:
        deliver(carrier, PATH, receipt(carrier, "delivered"))
        assert calls == ["GetItem", "GetItem", "GetParameters", "SendMessageBatch"]
        calls.clear()
        deliver(carrier, PATH, receipt(carrier, "delivered"))
        assert calls == ["SendMessageBatch"]


def test_a_batch_of_forged_webhooks_costs_three_reads_and_the_next_one_none(carrier: str) -> None:
    headers = dict.fromkeys(signed(carrier, "/inbound", b""), "AAAA")
    forged = queue_unverified(carrier, "/inbound", inbound(carrier, "STOP"), headers)
    with counted_calls() as calls:
        assert process(*[forged] * 10) == 0
        assert sorted(calls) == ["GetItem", "GetItem", "GetParameters"]
        calls.clear()
        assert process(*[forged] * 10) == 0
        assert calls == []


def test_webhooks_of_ten_accounts_read_their_secrets_with_one_request(aws: None) -> None:
    carriers.put_accounts()
    queued = [queue_unverified(carrier, "/inbound", inbound(carrier, "STOP")) for carrier in ACCOUNTS]
    with counted_calls() as calls:
        assert process(*queued) == 0
    assert calls.count("GetParameters") == 1


def test_while_secrets_cannot_be_read_a_batch_asks_once(aws: None) -> None:
    carriers.put_accounts()
    queued = [queue_unverified(carrier, "/inbound", inbound(carrier, "STOP")) for carrier in ACCOUNTS]
    with refusing("GetParameters") as refused:
        assert process(*queued, *queued) == 4
    assert refused == ["GetParameters"]


def test_nothing_verified_waits_for_the_secret_of_a_queued_webhook(carrier: str) -> None:
    unverified = queue_unverified(carrier, PATH, receipt(carrier, "delivered"))
    assert deliver(carrier, "/inbound", inbound(carrier, "STOP")) == 200
    before: list[bool] = []
    with refusing("GetParameters", is_refused=lambda _: not before.append(opted_out())):
        assert process(unverified, *bodies()) == 1
    assert before == [True]


def test_forged_webhooks_share_no_group_with_the_replies_of_their_site(carrier: str) -> None:
    with refusing("GetParameters"):
        deliver(carrier, "/inbound", inbound(carrier, "A"))
    answer = boto3.client("sqs").receive_message(QueueUrl=settings().inbound_queue_url, AttributeNames=["MessageGroupId"])
    assert answer["Messages"][0]["Attributes"]["MessageGroupId"] == ACCOUNTS[carrier].id != SITE


def test_a_queued_webhook_is_logged_without_its_content(carrier: str, caplog: pytest.LogCaptureFixture) -> None:
    queued = queue_unverified(carrier, "/inbound", inbound(carrier, "A secret of a customer"))
    process(queued)
    process_all()
    logged = str([vars(record) for record in caplog.records])
    assert "webhook queued unverified" in logged
    assert "ThrottlingException" in logged
    for private in ("A secret", NUMBER, NUMBER.removeprefix("+"), *CREDENTIALS[carrier].values()):
        assert private not in logged
