"""From a send to what comes back: receipts, a reply, an opt-out that the next send heeds, results, and signed events."""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import partial
from typing import Any

import pytest
import requests
import standardwebhooks
import svix
from local_stack import LocalStack
from local_stack.seeds import ACCOUNTS

from tests.support.client import TIMEOUT_SECONDS, Client, until
from tests.support.customer_endpoint import OK, Customer, customer

DEADLINE_SECONDS = 120
COMPANY = "Coming Back Ltd"
ADA, GRACE = "+12125554201", "+12125554202"
TYPES = ["reply.received", "contact.optedOut", "campaignRecord.completed", "contactImport.completed"]


def write(stack: LocalStack, sender: str, text: str) -> None:
    """Let a contact write to the channel account."""
    inbound = {"from": sender, "to": ACCOUNTS[0][0].number, "body": text}
    answer = requests.post(f"{stack.simulator_url}/_simulate/inbound", json=inbound, timeout=TIMEOUT_SECONDS)
    assert answer.json()["status"] == 200, answer.text


def create_campaign(site: Client) -> str:
    condition = {"fieldName": "company", "operator": "is", "value": COMPANY, "order": 1}
    body = {"name": "Coming back", "channel": "sms", "channelAccountId": ACCOUNTS[0][0].id, "message": "Hello {{ name }}"}
    return str(site.post("/outreach/campaigns", {**body, "contactFilterConditions": [condition]})["id"])


def send(site: Client, campaign_id: str, delivered: int) -> str:
    """Send a campaign; returns the id of its record when all messages are delivered."""
    record_id = site.post(f"/outreach/campaigns/{campaign_id}:send")["id"]
    read = partial(site.get, f"/outreach/campaignRecords/{record_id}")
    until(read, lambda record: record["status"] == "completed" and record["counts"]["delivered"] == delivered, DEADLINE_SECONDS)
    return str(record_id)


def results(site: Client, record_id: str) -> dict[str, dict[str, str]]:
    """The rows of a record's results, by name."""
    answer = site.ask("POST", f"/outreach/campaignRecords/{record_id}:export", status=200)
    return {row["name"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}


def verified_events(endpoint: Customer, secret: str) -> dict[str, dict[str, Any]]:
    """The events that the endpoint has received, by id; the libraries of two vendors verify each."""
    events = {}
    for request in endpoint.server.requests:
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = standardwebhooks.Webhook(secret).verify(request.body, headers)
        svix.Webhook(secret).verify(request.body, headers)
        with pytest.raises(svix.WebhookVerificationError):
            svix.Webhook(secret).verify(request.body + b" ", headers)
        events[headers["webhook-id"]] = event
    return events


def test_a_reply_and_an_opt_out_come_back_and_the_next_send_heeds_them(site: Client, stack: LocalStack) -> None:
    with customer(OK) as endpoint:
        webhook = site.post("/outreach/webhooks", {"url": endpoint.url, "events": TYPES})
        assert site.import_contacts(f"name,SMS,company\nAda,{ADA},{COMPANY}\nGrace,{GRACE},{COMPANY}\n")["createdCount"] == 2
        campaign_id = create_campaign(site)
        first = send(site, campaign_id, delivered=2)

        write(stack, ADA, "Yes please, on Monday")
        write(stack, GRACE, "STOP")
        replies = partial(site.get, f"/outreach/replies?campaignRecordId={first}&sortOrder=asc")
        listed = until(replies, lambda page: page["total"] == 2, DEADLINE_SECONDS)["replies"]
        assert {(reply["from"], reply["message"], reply["keyword"]) for reply in listed} == {
            (ADA, "Yes please, on Monday", None),
            (GRACE, "STOP", "optOut"),
        }
        read = partial(site.get, f"/outreach/campaignRecords/{first}")
        until(read, lambda record: (record["replies"], record["optOuts"]) == (1, 1), DEADLINE_SECONDS)
        assert site.get(f"/contact/optOuts/{GRACE}")["source"] == "keyword"

        second = send(site, campaign_id, delivered=1)
        assert site.get(f"/outreach/campaignRecords/{second}")["counts"]["skippedReasons"] == {"opted_out": 1}
        assert {name: row["replied"] for name, row in results(site, first).items()} == {"Ada": "yes", "Grace": "no"}
        assert {name: row["skippedReason"] for name, row in results(site, second).items()} == {"Ada": "", "Grace": "opted_out"}

        expected = {"contactImport.completed": 1, "reply.received": 2, "contact.optedOut": 1, "campaignRecord.completed": 2}
        received = until(partial(verified_events, endpoint, webhook["secret"]), lambda events: len(events) == 6, DEADLINE_SECONDS)
        assert Counter(event["type"] for event in received.values()) == expected
        site.ask("DELETE", f"/outreach/webhooks/{webhook['id']}", status=204)
