"""A scheduled campaign starts, can be paused and resumed, and a reply opens a ticket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import requests
from local_stack import LocalStack
from local_stack.seeds import ACCOUNTS

from tests.support.client import TIMEOUT_SECONDS, Client, until

START_SECONDS = 10
DEADLINE_SECONDS = 120
# At five messages per second, sending takes long enough to pause the campaign in the middle.
AUDIENCE = 80
SLOW_ACCOUNT = ACCOUNTS[1][0]


def _contacts(company: str) -> str:
    rows = [f"Contact {number},+1212555{number},{company}" for number in range(3000, 3000 + AUDIENCE)]
    return "\n".join(["name,SMS,company", *rows])


def _campaign(company: str) -> dict[str, Any]:
    return {
        "name": "Scheduled",
        "channel": "sms",
        "channelAccountId": SLOW_ACCOUNT.id,
        "message": "Hello {{ name }}",
        "contactFilterConditions": [{"fieldName": "company", "operator": "is", "value": company, "order": 1}],
        "scheduledStartTime": (datetime.now(UTC) + timedelta(seconds=START_SECONDS)).isoformat(),
        "isMessageAutoAttachedToTicket": True,
        "preferredTicketToAutoAttach": "newTicket",
        "timeToAutoAttachToTicket": "whenContactRepliesTheMessage",
    }


def _reply(stack: LocalStack, message: dict[str, Any]) -> None:
    inbound = {"from": message["to"], "to": message["from"], "body": "When do you open?"}
    answer = requests.post(f"{stack.simulator_url}/_simulate/inbound", json=inbound, timeout=TIMEOUT_SECONDS)
    assert answer.json()["status"] == 200, answer.text


def _send_queue_length(stack: LocalStack) -> int:
    """The number of messages in the send queue: visible, delayed and in flight."""
    url = stack.aws.function_environment()["SEND_QUEUE_URL"]
    attributes = stack.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "Delayed", "NotVisible"))


def test_a_scheduled_campaign_is_paused_and_resumed_and_a_reply_opens_a_ticket(site: Client, stack: LocalStack) -> None:
    assert site.import_contacts(_contacts("Scheduled Ltd"))["createdCount"] == AUDIENCE
    path = f"/outreach/campaigns/{site.post('/outreach/campaigns', _campaign('Scheduled Ltd'))['id']}"
    assert site.post(f"{path}:preview")["audience"] == AUDIENCE

    def newest_record() -> dict[str, Any]:
        return dict(next(iter(site.get(f"{path}/records")["records"]), {}))

    until(newest_record, lambda record: record.get("status") == "running", DEADLINE_SECONDS)
    paused = site.post(f"{path}:pause")
    assert (paused["status"], paused["source"]) == ("paused", "scheduled")
    until(lambda: _send_queue_length(stack), lambda count: count == 0, DEADLINE_SECONDS)
    assert newest_record()["counts"]["queued"] > 0

    site.post(f"{path}:resume")
    completed = until(newest_record, lambda record: record["counts"]["delivered"] == AUDIENCE, DEADLINE_SECONDS)
    assert (completed["status"], completed["id"]) == ("completed", paused["id"])

    message = site.get(f"/outreach/messages?campaignRecordId={completed['id']}")["messages"][0]
    assert message["attachedToTicketId"] is None
    _reply(stack, message)
    read = partial(site.get, f"/outreach/messages/{message['id']}")
    until(read, lambda updated: updated["attachedToTicketId"] is not None, DEADLINE_SECONDS)
