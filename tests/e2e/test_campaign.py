"""A campaign starts by itself, is held and goes on, and a reply makes a ticket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import requests
from local_stack import LocalStack
from local_stack.seeds import ACCOUNTS

from tests.support.client import TIMEOUT_SECONDS, Client, until

START_SECONDS = 20
DEADLINE_SECONDS = 120
# At five messages a second it takes long enough to be paused in the middle.
AUDIENCE = 80
SLOW_ACCOUNT = ACCOUNTS[1][0]


def _contacts(company: str) -> str:
    rows = [f"Contact {number},+1212555{number},{company}" for number in range(3000, 3000 + AUDIENCE)]
    return "\n".join(["name,SMS,company", *rows])


def _campaign(company: str) -> dict[str, Any]:
    return {
        "name": "By itself",
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


def _waiting(stack: LocalStack) -> int:
    """How many messages are in the send queue, whether due or not, or taken out of it."""
    url = stack.aws.function_environment()["SEND_QUEUE_URL"]
    attributes = stack.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "Delayed", "NotVisible"))


def test_a_scheduled_campaign_is_paused_and_resumed_and_a_reply_opens_a_ticket(site: Client, stack: LocalStack) -> None:
    assert site.import_contacts(_contacts("Scheduled Ltd"))["createdCount"] == AUDIENCE
    path = f"/outreach/campaigns/{site.post('/outreach/campaigns', _campaign('Scheduled Ltd'))['id']}"
    assert site.post(f"{path}:preview")["audience"] == AUDIENCE

    def newest() -> dict[str, Any]:
        return dict(next(iter(site.get(f"{path}/records")["records"]), {}))

    until(newest, lambda record: record.get("status") == "running", DEADLINE_SECONDS)
    paused = site.post(f"{path}:pause")
    assert (paused["status"], paused["source"]) == ("paused", "scheduled")
    until(lambda: _waiting(stack), lambda count: count == 0, DEADLINE_SECONDS)
    assert newest()["counts"]["queued"] > 0

    site.post(f"{path}:resume")
    done = until(newest, lambda record: record["counts"]["delivered"] == AUDIENCE, DEADLINE_SECONDS)
    assert (done["status"], done["id"]) == ("completed", paused["id"])

    message = site.get(f"/outreach/messages?campaignRecordId={done['id']}")["messages"][0]
    assert message["attachedToTicketId"] is None
    _reply(stack, message)
    read = partial(site.get, f"/outreach/messages/{message['id']}")
    until(read, lambda found: found["attachedToTicketId"] is not None, DEADLINE_SECONDS)
