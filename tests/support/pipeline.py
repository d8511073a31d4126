"""The whole way of a campaign in one process: the real handlers on a mocked AWS, and the real carrier simulator over HTTP."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import requests
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID

from outreach.campaigns import audience, records
from outreach.settings import settings
from outreach.sites import secrets, store
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, Site
from tests.support.functions import call, invoke

SITE = "10000"
ACCOUNT = ChannelAccount(
    id="647277e8-06a5-4eec-ba66-1cdd617dc778",
    site_id=SITE,
    carrier=Carrier.TWILIO,
    number="+15005550006",
    carrier_account="AC" + "a" * 32,
    messages_per_second=100,
)
CALLBACK_SECRET = "whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"


def put_site(site: Site | None = None, account: ChannelAccount = ACCOUNT) -> None:
    """A site with a key, a channel account and its secrets, as the simulator knows them."""
    site = site or Site(SITE, private_callbacks=True)
    store.put_site(site)
    store.put_key(store.hash_key(f"key-{site.id}"), ApiKey(site.id, "test"))
    store.put_account(account)
    for path, secret in (
        (secrets.account_path(site.id, account.id), {"token": "local-twilio-token"}),
        (secrets.callback_path(site.id), [CALLBACK_SECRET]),
    ):
        boto3.client("ssm").put_parameter(Name=path, Value=json.dumps(secret), Type="SecureString", Overwrite=True)


def create_contact(number: str | None, name: str = "Ada", **fields: Any) -> str:
    """A contact by the API; without a number it has an e-mail address only."""
    identity = {"type": "SMS", "value": number} if number else {"type": "email", "value": f"{name}@example.com"}
    answer = call(
        "contacts/create_contact",
        "POST",
        "/contact/contacts",
        {"name": name, "contactIdentities": [identity], "customFields": fields},
    )
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def create_campaign(**changes: Any) -> dict[str, Any]:
    """A campaign by the API: to everybody, unless ``changes`` say otherwise."""
    body = {"name": "test", "channel": "sms", "channelAccountId": ACCOUNT.id, "message": "Hello {{ name }}!"} | changes
    answer = call("outreach/create_campaign", "POST", "/outreach/campaigns", body)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def send(campaign_id: str) -> str:
    """``:send``; the id of the record."""
    answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:send")
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


def record(record_id: str) -> dict[str, Any]:
    """The record by the API."""
    return dict(call("outreach/get_campaign_record", "GET", f"/outreach/campaignRecords/{record_id}").body)


def counts(record_id: str) -> dict[str, Any]:
    """The record's counts by the API."""
    return dict(record(record_id)["counts"])


def accepted(simulator: str) -> list[str]:
    """The numbers of all messages that the simulated carrier has taken, sorted."""
    messages = requests.get(f"{simulator}/_simulate/messages", params={"limit": 1000}, timeout=5).json()["messages"]
    return sorted(message["to"] for message in messages)


def freeze(record_id: str) -> int | None:
    """The first phase of the state machine; the size of the audience."""
    event = {"site_id": SITE, "record_id": record_id}
    plan = invoke("workers/plan_freeze", event)
    if plan["outcome"] == "scan":
        for part, shards in enumerate(plan["scans"]):
            invoke("workers/scan_audience", {**event, "part": part, "shards": shards})
        invoke("workers/freeze_audience", {**event, "parts": len(plan["scans"])})
    return records.get(SITE, record_id).audience


def fan_out(record_id: str, *, windows: int = 10) -> None:
    """What the state machine does, without its retries and waits (those are tested on an interpreter)."""
    freeze(record_id)
    event = {"site_id": SITE, "record_id": record_id, "windows": 0}
    for _ in range(windows):
        if invoke("workers/release_window", event)["outcome"] not in ("more", "wait"):
            return


def audience_of(record_id: str) -> list[str]:
    """The contacts of a frozen audience, in the order of their places."""
    return audience.contact_ids(SITE, record_id, 0, records.get(SITE, record_id).audience or 0)


def executions() -> dict[str, str]:
    """The executions of ``campaign_send`` by their names, and what has become of them."""
    found = boto3.client("stepfunctions").list_executions(stateMachineArn=settings().campaign_send_arn)["executions"]
    return {execution["name"]: execution["status"] for execution in found}


@dataclass
class Pump:
    """Moves what lies in the queues and the stream to the handlers, as the event source mappings do."""

    position: int = 0

    def run_until(self, done: Callable[[], bool], *, seconds: float = 20) -> None:
        """Pump until ``done``.

        Raises:
            AssertionError: it isn't within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, "the pipeline did not get there in time"
            self.turn()

    def turn(self) -> None:
        """One look at each source."""
        self._queue(settings().send_queue_url, "workers/send_messages")
        self.follow()
        self._queue(settings().callback_queue_url, "workers/deliver_callback")
        self._queue(settings().attach_queue_url, "workers/attach_messages")
        self._queue(settings().inbound_queue_url, "workers/receive_reply")

    def follow(self) -> None:
        """Let the changes of the message rows be followed."""
        self._stream(settings().messages_table, "workers/track_messages")

    def _queue(self, url: str, function: str) -> None:
        sqs = boto3.client("sqs")
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1).get("Messages", [])
        if not found:
            return
        failures = invoke(function, {"Records": [{"messageId": entry["MessageId"], "body": entry["Body"]} for entry in found]})
        failed = {failure["itemIdentifier"] for failure in failures["batchItemFailures"]}
        for entry in found:
            if entry["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=entry["ReceiptHandle"])

    def _stream(self, table: str, function: str) -> None:
        shard = get_backend("dynamodb")[ACCOUNT_ID]["us-east-1"].tables[table].stream_shard
        records = [entry.to_json() for entry in shard.items[self.position :]]
        self.position += len(records)
        changed = [entry for entry in records if entry["eventName"] == "MODIFY"]
        if changed:
            invoke(function, {"Records": changed})


@contextmanager
def webhook_server() -> Iterator[str]:
    """The HTTP API of the carrier webhooks on a free port; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            carrier = self.path.split("/")[2]
            answer = invoke(f"webhooks/receive_{carrier}", webhook_event(self.path, dict(self.headers), body))
            self.send_response(answer["statusCode"])
            self.end_headers()
            self.wfile.write(answer.get("body", "").encode())

        def log_message(self, *_: Any) -> None:
            """Not into the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def webhook_event(path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The HTTP API's event (payload format 2.0) for a carrier's webhook."""
    raw_path, _, query = path.partition("?")
    account_id, *rest = raw_path.split("/")[3:]
    parameters = {"channelAccountId": account_id} | ({"messageId": rest[1]} if len(rest) > 1 else {})
    return {
        "version": "2.0",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "pathParameters": parameters,
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
