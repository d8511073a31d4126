"""What the tests of tickets do, in their words."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import boto3
from botocore.client import BaseClient

from outreach import aws, clock
from outreach.contacts import schema, search
from outreach.contacts.models import Contact
from outreach.errors import NotFound
from outreach.messages import store as messages
from outreach.messages.models import Message
from outreach.sending.webhooks import Inbound
from outreach.sites import store as sites
from outreach.sites.models import ChannelAccount
from outreach.ticketing import store as tickets
from outreach.ticketing.replies import Reply
from tests.support import pipeline
from tests.support.functions import call, invoke


def inbound(sender: str, carrier_message_id: str = "SM1", **properties: Any) -> Inbound:
    return Inbound(
        **{"body": "Hi", "recipient": pipeline.ACCOUNT.number} | properties, carrier_message_id=carrier_message_id, sender=sender
    )


def as_reply(given: Inbound, account: ChannelAccount = pipeline.ACCOUNT, received: str = "") -> Reply:
    return Reply(account.site_id, account.id, received or clock.timestamp(clock.now()), given)


def reply(
    sender: str,
    carrier_message_id: str = "SM1",
    account: ChannelAccount = pipeline.ACCOUNT,
    received: str = "",
    **properties: Any,
) -> Message:
    """Let a reply be taken in by its worker; the row that it leaves."""
    taken = as_reply(inbound(sender, carrier_message_id, **properties), account, received)
    invoke("workers/receive_reply", sqs_event(taken.text()))
    return messages.get(account.site_id, str(uuid.uuid5(uuid.UUID(account.id), carrier_message_id)))


def recorded(contact_id: str, number: str, **properties: Any) -> str:
    """Record a message that was sent elsewhere, and waits for a reply unless ``properties`` say otherwise; its id."""
    body = {
        "channelAccountId": pipeline.ACCOUNT.id,
        "contactId": contact_id,
        "message": "Hello",
        "to": number,
        "status": "sent",
        "isMessageAutoAttachedToTicket": True,
        "preferredTicketToAutoAttach": "existing",
        "timeToAutoAttachToTicket": "whenContactRepliesTheMessage",
    }
    answer = call("outreach/create_message", "POST", "/outreach/messages", body | properties)
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def opened_tickets(site_id: str = pipeline.SITE) -> list[int]:
    """The numbers of the tickets that there are, among the first few."""
    found = []
    for ticket_id in range(1, 6):
        with suppress(NotFound):
            tickets.require(site_id, ticket_id)
            found.append(ticket_id)
    return found


def message(message_id: str) -> Message:
    return messages.get(pipeline.SITE, message_id)


def contacts_of(number: str, site_id: str = pipeline.SITE) -> list[Contact]:
    return [contact for contact, _ in search.by_identity(schema.load(site_id), number)]


def account_of(site_id: str) -> ChannelAccount:
    return replace(pipeline.ACCOUNT, id="847277e8-06a5-4eec-ba66-1cdd617dc778", site_id=site_id)


def second_account() -> ChannelAccount:
    """Another channel account of the site."""
    account = replace(pipeline.ACCOUNT, id="747277e8-06a5-4eec-ba66-1cdd617dc778")
    sites.put_account(account)
    return account


def sqs_event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(index), "body": body} for index, body in enumerate(bodies)]}


def waiting(queue_url: str) -> list[str]:
    """The bodies that lie in a queue."""
    found = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    return [entry["Body"] for entry in found]


class _Crash(BaseException):
    """What no handler catches."""


@contextmanager
def crash_at_write(number: int) -> Iterator[None]:
    """Let the process die at its n-th write to DynamoDB from here on, before it is done."""
    writes = 0
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make_api_call(client: BaseClient, operation: str, parameters: Any) -> Any:
        nonlocal writes
        if operation in ("PutItem", "UpdateItem", "TransactWriteItems"):
            writes += 1
            if writes == number:
                raise _Crash
        return original(client, operation, parameters)

    with patch.object(type(aws.dynamodb()), "_make_api_call", make_api_call):
        try:
            yield
        except _Crash:
            return
    raise AssertionError(f"there are only {writes} writes")
