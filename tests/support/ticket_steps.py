"""Steps of the ticket tests."""

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
from outreach.carriers.webhook_messages import InboundMessage
from outreach.contacts import field_store
from outreach.contacts.listing import search
from outreach.contacts.models import Contact
from outreach.errors import NotFound
from outreach.inbound.reply_queue import ReplyJob
from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.sites import site_store
from outreach.sites.models import ChannelAccount
from outreach.ticketing import ticket_store
from tests.support import pipeline
from tests.support.functions import call, invoke


def inbound(sender: str, carrier_message_id: str = "SM1", **properties: Any) -> InboundMessage:
    return InboundMessage(
        **{"body": "Hi", "recipient": pipeline.ACCOUNT.number} | properties, carrier_message_id=carrier_message_id, sender=sender
    )


def as_reply(message: InboundMessage, account: ChannelAccount = pipeline.ACCOUNT, received: str = "") -> ReplyJob:
    return ReplyJob(account.site_id, account.id, received or clock.timestamp(clock.now()), message)


def reply(
    sender: str,
    carrier_message_id: str = "SM1",
    account: ChannelAccount = pipeline.ACCOUNT,
    received: str = "",
    **properties: Any,
) -> Message:
    """Process a reply, and return its message row."""
    queued = as_reply(inbound(sender, carrier_message_id, **properties), account, received)
    invoke("workers/process_reply", sqs_event(queued.to_json()))
    return message_store.get(account.site_id, str(uuid.uuid5(uuid.UUID(account.id), carrier_message_id)))


def record_message(contact_id: str, number: str, **properties: Any) -> str:
    """Record a sent message that waits for a reply unless ``properties`` say otherwise; returns its id."""
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
    """The numbers from 1 to 5 that are tickets."""
    numbers = []
    for ticket_id in range(1, 6):
        with suppress(NotFound):
            ticket_store.get(site_id, ticket_id)
            numbers.append(ticket_id)
    return numbers


def message(message_id: str) -> Message:
    return message_store.get(pipeline.SITE, message_id)


def contacts_of(number: str, site_id: str = pipeline.SITE) -> list[Contact]:
    return [contact for contact, _ in search.find_by_identity(field_store.load(site_id), number)]


def account_of(site_id: str) -> ChannelAccount:
    return replace(pipeline.ACCOUNT, id="847277e8-06a5-4eec-ba66-1cdd617dc778", site_id=site_id)


def second_account() -> ChannelAccount:
    """Another channel account of the site."""
    account = replace(pipeline.ACCOUNT, id="747277e8-06a5-4eec-ba66-1cdd617dc778")
    site_store.put_account(account)
    return account


def sqs_event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(index), "body": body} for index, body in enumerate(bodies)]}


def queued_bodies(queue_url: str) -> list[str]:
    """The bodies of the messages in a queue."""
    messages = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in messages]


class _Crash(BaseException):
    """A crash, which no handler catches."""


@contextmanager
def crash_at_write(number: int) -> Iterator[None]:
    """Crash just before the n-th write to DynamoDB."""
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
    raise AssertionError(f"only {writes} writes were made")
