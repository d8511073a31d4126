"""Creates the items that the sample events in events/ refer to: a site, two contacts, campaigns, records, files and a message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest

from outreach import clock, s3
from outreach.campaigns import campaign_records, campaign_store, snapshots
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.models import Campaign
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.contacts import contact_store, field_store
from outreach.contacts.field_values import FieldType
from outreach.contacts.fields import Field
from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType, identity_id
from outreach.events import webhook_store
from outreach.events.models import EventType
from outreach.events.schemas import WebhookBody
from outreach.exports import csv_export
from outreach.http import list_results
from outreach.http.job_status import JobStatus
from outreach.imports import import_objects, import_records
from outreach.imports.import_records import ImportRecord
from outreach.messages import message_store
from outreach.messages.models import Claim, ClaimState, Kind, Message, campaign_message_id
from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import ApiKey
from outreach.ticketing import attachment, ticket_store
from tests.support import carriers, functions, pipeline, stored_state
from tests.support.http_server import Server, reply, serving
from tests.support.pipeline import ACCOUNT, SITE

CONTACT = "5b0c3f52-6c1e-4f0a-9a55-3d1f0b7e0000"
OTHER_CONTACT = "e8a4d7c1-0f3b-4a66-8c29-71b2c9d40000"
OPTED_OUT_NUMBER = "+12125550197"
FIELD = "0f6a1c3e-5b7d-4e92-a8c4-6d3b2f1e9a70"
CAMPAIGN = "3c9e5a17-84d2-4b6f-9e03-a1b7c5d2f468"
UNSENT_CAMPAIGN = "7d41f0b8-2e95-4c3a-b6d7-58e0a9c3f124"
# A released record; the events name one of its messages.
RECORD = "a2f7c4e9-1b58-4d06-93ea-c7f5b0d18e36"
# A record whose audience was scanned but not frozen.
PENDING_RECORD = "f1d8b3a6-7c20-4e5f-8a94-2b6e9d0c7f53"
# A message of Outbound Unichannel.
OUTBOUND_MESSAGE = "c2a9f5d3-6b04-4e7a-8f12-9d3e5b7a1c60"
# The id of an import whose file is split into chunks, and of an export that was requested.
FILE = "0b7d7c86-5e7c-4d2f-9a3b-6a1f1f0b9c11"
# The id of an import that is completed.
COMPLETED_FILE = "4e0a6d52-7f3c-4b18-8d25-9c6b1e7f3a04"
# The id of a reply.
REPLY = "9b2e6d14-3f70-5c81-a4d6-2e8b0f5c7a39"
# The id of a webhook.
WEBHOOK = "6f1d2c3b-4a59-4e68-8b77-0c9d8e7f6a54"
# The response of a carrier that accepts every message.
ACCEPTED_RESPONSE = reply(201, b'{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued"}')

# Stands for the URL of callbacks in what is kept for the next test.
_CALLBACK_URL = "https://callback.invalid"


@contextmanager
def external_services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve a carrier and a customer's endpoint that accept everything."""
    with serving(ACCEPTED_RESPONSE) as server:
        monkeypatch.setenv("TWILIO_BASE_URL", server.url)
        settings.cache_clear()
        yield server


def create(callback_url: str, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    """Create everything that the events name on the mocked AWS, so that each event can be handled on its own.

    Args:
        callback_url: the customer's endpoint.
        monkeypatch: that of the test.
        made: what the functions have made of the items in the first test with these fixtures; empty before it.
    """
    _put_all_or_restore(callback_url, made)
    for arn in (settings().campaign_send_arn, settings().scheduled_start_arn, settings().import_contacts_arn):
        role = "arn:aws:iam::123456789012:role/unit-test"
        boto3.client("stepfunctions").create_state_machine(name=arn.rsplit(":", 1)[1], definition="{}", roleArn=role)
    boto3.client("scheduler").create_schedule_group(Name=settings().schedule_group)
    for name in (
        "contacts/import_contacts",
        "contacts/export_contacts",
        "contacts/act_on_import_record",
        "outreach/act_on_campaign_record",
    ):
        monkeypatch.setattr(functions.load(name), "WAIT_SECONDS", 0)  # no worker processes what they start


def put_all(callback_url: str) -> None:
    """Create the items in the tables and buckets of a stack that has none of them yet."""
    carriers.put_accounts()
    site_store.put_key(site_store.hash_key("local-10000"), ApiKey(SITE, "sample"))
    field_store.create_field(SITE, Field(FIELD, FieldKey("tier"), "loyalty", FieldType.TEXT))
    put_contact(CONTACT, "Ada Lovelace", "+12125550199")
    put_contact(OTHER_CONTACT, "Charles Babbage", "+12125550198")
    opt_outs.add(SITE, OPTED_OUT_NUMBER, Source.API)
    campaign = Campaign(CAMPAIGN, SITE, clock.timestamp(clock.now()), "Sale", ACCOUNT.id, "Hello!", callback_url=callback_url)
    campaign_store.create(campaign)
    campaign_store.create(replace(campaign, id=UNSENT_CAMPAIGN))
    put_records(campaign)
    message_store.advance(message_store.get(SITE, campaign_message_id(RECORD, OTHER_CONTACT)), MessageStatus.SENT)
    put_outbound_message()
    put_reply(ticket_store.open_ticket(SITE, CONTACT, ACCOUNT.id, origin="sample"))
    put_files()
    put_webhook(callback_url)


def _put_all_or_restore(callback_url: str, made: list[str]) -> None:
    """Create the items with the functions only once, because that takes longer than most tests."""
    if made:
        stored_state.restore(json.loads(made[0].replace(_CALLBACK_URL, callback_url)))
    else:
        put_all(callback_url)
        made.append(json.dumps(stored_state.capture()).replace(callback_url, _CALLBACK_URL))


def put_webhook(url: str) -> None:
    """Create a webhook for replies, and its secret."""
    body = WebhookBody(url=url, events=[EventType.REPLY_RECEIVED])
    webhook_store.create(body.webhook(SITE, WEBHOOK))


def put_reply(ticket_id: int) -> None:
    now, claim = clock.timestamp(clock.now()), Claim(ClaimState.DONE)
    files = ({"type": "image", "url": "https://media.example/1", "contentType": "image/png"},)
    sent = Message(REPLY, SITE, CONTACT, ACCOUNT.id, "+12125550199", ACCOUNT.number, "Is it ready?", now, attachments=files)
    inbound = replace(sent, kind=Kind.INBOUND, status=MessageStatus.DELIVERED, claim=claim)
    message_store.create_many([inbound])
    attachment.attach(inbound, ticket_id)


def put_contact(contact_id: str, name: str, number: str) -> None:
    now = clock.timestamp(clock.now())
    identity = Identity(identity_id(contact_id, 1), IdentityType.SMS, number, number)
    values = {FieldKey("city"): "London"}
    contact = Contact(contact_id, SITE, name, now, now, values, (identity,), last_ordinal=1, version=1)
    contact_store.commit(contact_store.ContactChange(None, contact))


def put_records(campaign: Campaign) -> None:
    snapshot, url = snapshots.snapshot(campaign), campaign.callback_url
    for record_id in (RECORD, PENDING_RECORD):
        record = CampaignRecord(record_id, SITE, CAMPAIGN, campaign.create_time, "Sale", ACCOUNT.id, callback_url=url)
        campaign_records.create(record, snapshot)
    pipeline.fan_out(RECORD)
    shards = list(range(settings().contact_shards))
    functions.invoke("workers/scan_audience", {"site_id": SITE, "record_id": PENDING_RECORD, "part": 0, "shards": shards})


def put_outbound_message() -> None:
    numbers: dict[str, Any] = {"sender": ACCOUNT.number, "recipient": "+12125550197"}
    state: dict[str, Any] = {"status": MessageStatus.SENT, "claim": Claim(ClaimState.DONE), "kind": Kind.OUTBOUND}
    slot = clock.timestamp(clock.now())
    message_store.create_many([Message(OUTBOUND_MESSAGE, SITE, "", ACCOUNT.id, body="Hello!", slot=slot, **numbers, **state)])


def put_files() -> None:
    import_records.put(ImportRecord(FILE, SITE, clock.timestamp(clock.now())))
    import_records.put(ImportRecord(COMPLETED_FILE, SITE, clock.timestamp(clock.now()), status=JobStatus.COMPLETED))
    s3.files().put(import_objects.upload_key(SITE, FILE), b"name,email\nGrace,grace@example.com\n")
    s3.files().put(csv_export.request_key(SITE, FILE), b'{"selected": [], "zone": "0"}')
    s3.files().put(list_results.request_key("list_contacts", SITE, FILE), b"{}")
    functions.invoke("workers/split_import", {"site_id": SITE, "import_id": FILE})
