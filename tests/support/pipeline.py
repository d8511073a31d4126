"""Sends campaigns in one process: the real handlers run on a mocked AWS and call the carrier simulator over HTTP."""

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

from outreach.campaigns import audience, campaign_records
from outreach.settings import settings
from outreach.sites import secrets, site_store
from outreach.sites.models import ApiKey, Carrier, ChannelAccount, Site
from tests.support.functions import call, invoke
from tests.support.template import moto_backend

SITE = "10000"
ACCOUNT = ChannelAccount(
    id="647277e8-06a5-4eec-ba66-1cdd617dc778",
    site_id=SITE,
    carrier=Carrier.TWILIO,
    number="+15005550006",
    carrier_account="AC" + "a" * 32,
    messages_per_second=100,
)
# Leaves the processor to the carriers and the customer's endpoint while there is nothing to process.
_IDLE_SECONDS = 0.005
CALLBACK_SECRET = "whsec_bG9jYWwtb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"


def put_site(site: Site | None = None, account: ChannelAccount = ACCOUNT) -> None:
    """Create a site with an API key, a channel account and the secrets that the carrier simulator uses."""
    site = site or Site(SITE, private_callbacks=True)
    site_store.put_site(site)
    site_store.put_key(site_store.hash_key(f"key-{site.id}"), ApiKey(site.id, "test"))
    site_store.put_account(account)
    for path, secret in (
        (secrets.account_path(site.id, account.id), {"token": "local-twilio-token"}),
        (secrets.callback_path(site.id), [CALLBACK_SECRET]),
    ):
        boto3.client("ssm").put_parameter(Name=path, Value=json.dumps(secret), Type="SecureString", Overwrite=True)


def create_contact(number: str | None, name: str = "Ada", **fields: Any) -> str:
    """Create a contact through the API and return its id; without a number it only has an e-mail address."""
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
    """Create a campaign through the API; it addresses all contacts unless ``changes`` has filter conditions."""
    body = {"name": "test", "channel": "sms", "channelAccountId": ACCOUNT.id, "message": "Hello {{ name }}!"} | changes
    answer = call("outreach/create_campaign", "POST", "/outreach/campaigns", body)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def send(campaign_id: str) -> str:
    """Send a campaign through the API and return the id of its campaign record."""
    answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:send")
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


def record(record_id: str) -> dict[str, Any]:
    """A campaign record, read through the API."""
    return dict(call("outreach/get_campaign_record", "GET", f"/outreach/campaignRecords/{record_id}").body)


def counts(record_id: str) -> dict[str, Any]:
    """The counts of a campaign record, read through the API."""
    return dict(record(record_id)["counts"])


def accepted(simulator: str) -> list[str]:
    """The recipients of all messages that the carrier simulator has accepted, sorted."""
    return [number for number, _ in accepted_texts(simulator)]


def accepted_texts(simulator: str) -> list[tuple[str, str]]:
    """The recipients and texts of all messages that the carrier simulator has accepted, sorted."""
    messages = requests.get(f"{simulator}/_simulate/messages", params={"limit": 1000}, timeout=5).json()["messages"]
    return sorted((message["to"], message["body"]) for message in messages)


def freeze(record_id: str) -> int | None:
    """Freeze the audience as the state machine ``campaign_send`` does, and return its size."""
    event = {"site_id": SITE, "record_id": record_id}
    plan = invoke("workers/plan_audience_scans", event)
    if plan["outcome"] == "scan":
        for part, shards in enumerate(plan["scans"]):
            invoke("workers/scan_audience", {**event, "part": part, "shards": shards})
        invoke("workers/freeze_audience", {**event, "parts": len(plan["scans"])})
    return campaign_records.get(SITE, record_id).audience


def fan_out(record_id: str, *, max_steps: int = 10) -> None:
    """Freeze the audience and release all recipients as ``campaign_send`` does, without its retries and waits.

    tests/statemachines tests retries and waits with an interpreter of state machines.
    """
    freeze(record_id)
    event = {"site_id": SITE, "record_id": record_id, "steps": 0}
    for _ in range(max_steps):
        if invoke("workers/release_recipients", event)["outcome"] not in ("more", "wait"):
            return


def audience_of(record_id: str) -> list[str]:
    """The ids of the contacts of a frozen audience, in its order."""
    return audience.contact_ids(SITE, record_id, 0, campaign_records.get(SITE, record_id).audience or 0)


def executions() -> dict[str, str]:
    """The status of each execution of ``campaign_send``, by the execution's name."""
    answer = boto3.client("stepfunctions").list_executions(stateMachineArn=settings().campaign_send_arn)
    return {execution["name"]: execution["status"] for execution in answer["executions"]}


@dataclass
class Pump:
    """Passes queue messages and stream records to the handlers, as Lambda's event source mappings do.

    Attributes:
        position: the number of stream records that were processed.
    """

    position: int = 0

    def run_until(self, done: Callable[[], bool], *, seconds: float = 20) -> None:
        """Poll all sources until ``done``.

        Raises:
            AssertionError: it is not done within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, "the pipeline was not done in time"
            if not self.poll():
                time.sleep(_IDLE_SECONDS)

    def poll(self) -> bool:
        """Process one batch of each queue and all new stream records, and return whether there were any."""
        return any([self.poll_queues(), self.process_changes()])

    def poll_queues(self) -> bool:
        """Process one batch of each queue, and return whether there were any."""
        queues = [
            (settings().send_queue_url, "workers/send_messages"),
            (settings().callback_queue_url, "workers/deliver_callback"),
            (settings().attach_queue_url, "workers/attach_messages"),
            (settings().inbound_queue_url, "workers/process_reply"),
        ]
        polled = [self._queue(url, function) for url, function in queues]
        return any(polled)

    def process_changes(self) -> bool:
        """Process the stream of message rows, and return whether there were new records."""
        return self._stream(settings().messages_table, "workers/process_message_changes")

    def _queue(self, url: str, function: str) -> bool:
        sqs = boto3.client("sqs")
        batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1).get("Messages", [])
        if not batch:
            return False
        failures = invoke(function, {"Records": [{"messageId": entry["MessageId"], "body": entry["Body"]} for entry in batch]})
        failed = {failure["itemIdentifier"] for failure in failures["batchItemFailures"]}
        for entry in batch:
            if entry["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=entry["ReceiptHandle"])
        return True

    def _stream(self, table: str, function: str) -> bool:
        shard = moto_backend("dynamodb").tables[table].stream_shard
        records = [entry.to_json() for entry in shard.items[self.position :]]
        self.position += len(records)
        changed = [entry for entry in records if entry["eventName"] == "MODIFY"]
        if changed:
            invoke(function, {"Records": changed})
        return bool(records)


@contextmanager
def webhook_server() -> Iterator[str]:
    """Serve the carrier webhooks on a free port; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            carrier = self.path.split("/")[2]
            answer = invoke(f"webhooks/receive_{carrier}", webhook_event(self.path, dict(self.headers), body))
            self.send_response(answer["statusCode"])
            self.end_headers()
            self.wfile.write(answer.get("body", "").encode())

        def log_message(self, *_: Any) -> None:
            """Write no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # then closing waits for the receipts that are being handled, which need the test's account
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def webhook_event(path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """API Gateway's event (HTTP API, payload format 2.0) for a carrier's webhook request."""
    raw_path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {"requestId": "JKJaXmPLvHcESHA=", "http": {"method": "POST", "path": raw_path}},
        "pathParameters": {"proxy": raw_path.split("/", 3)[3]},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
