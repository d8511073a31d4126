"""The things that the sample events name: a site with two contacts, campaigns and records, and a message on its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import boto3
import pytest

from outreach import clock
from outreach.campaigns import records, snapshots
from outreach.campaigns import store as campaigns
from outreach.campaigns.models import Campaign
from outreach.campaigns.records import Record
from outreach.contacts import schema
from outreach.contacts import store as contacts
from outreach.contacts.fields import Field
from outreach.contacts.files import objects
from outreach.contacts.files import records as imports
from outreach.contacts.files.records import Duplicates, ImportRecord
from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType, identity_id
from outreach.contacts.values import FieldType
from outreach.messages import store as messages
from outreach.messages.models import campaign_message_id
from outreach.messages.status import Status
from outreach.settings import settings
from outreach.sites import store as sites
from outreach.sites.models import ApiKey
from outreach.ticketing import store as tickets
from tests.support import carriers, functions, pipeline
from tests.support.http_server import Server, reply, serving
from tests.support.pipeline import ACCOUNT, SITE

CONTACT = "5b0c3f52-6c1e-4f0a-9a55-3d1f0b7e0000"
OTHER_CONTACT = "e8a4d7c1-0f3b-4a66-8c29-71b2c9d40000"
FIELD = "0f6a1c3e-5b7d-4e92-a8c4-6d3b2f1e9a70"
CAMPAIGN = "3c9e5a17-84d2-4b6f-9e03-a1b7c5d2f468"
UNSENT_CAMPAIGN = "7d41f0b8-2e95-4c3a-b6d7-58e0a9c3f124"
# It was released: one of its messages is that of the events.
RECORD = "a2f7c4e9-1b58-4d06-93ea-c7f5b0d18e36"
# Its audience was found, but not frozen.
PENDING_RECORD = "f1d8b3a6-7c20-4e5f-8a94-2b6e9d0c7f53"
# The import's file is cut into chunks; the export was asked for.
FILE = "0b7d7c86-5e7c-4d2f-9a3b-6a1f1f0b9c11"
# What a carrier says that takes everything.
TAKEN = reply(201, b'{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued"}')


@contextmanager
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The carrier and the customer's endpoint."""
    with serving(TAKEN) as server:
        monkeypatch.setenv("TWILIO_BASE_URL", server.url)
        settings.cache_clear()
        yield server


def make(callback_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that an event names, so that each can be handled on its own; on the mocked AWS."""
    put_all(callback_url)
    for arn in (settings().campaign_send_arn, settings().scheduled_start_arn, settings().import_contacts_arn):
        role = "arn:aws:iam::123456789012:role/unit-test"
        boto3.client("stepfunctions").create_state_machine(name=arn.rsplit(":", 1)[1], definition="{}", roleArn=role)
    boto3.client("scheduler").create_schedule_group(Name=settings().schedule_group)
    for name in ("import_contacts", "export_contacts"):  # nobody works on what they begin
        monkeypatch.setattr(functions.load(f"contacts/{name}"), "WAIT_SECONDS", 0)


def put_all(callback_url: str) -> None:
    """The same in the tables and buckets of any stack that has none of it yet."""
    carriers.put_accounts()
    sites.put_key(sites.hash_key("local-10000"), ApiKey(SITE, "sample"))
    schema.create_field(SITE, Field(FIELD, FieldKey("tier"), "loyalty", FieldType.TEXT))
    put_contact(CONTACT, "Ada Lovelace", "+12125550199")
    put_contact(OTHER_CONTACT, "Charles Babbage", "+12125550198")
    campaign = Campaign(CAMPAIGN, SITE, clock.timestamp(clock.now()), "Sale", ACCOUNT.id, "Hello!", callback_url=callback_url)
    campaigns.put(campaign)
    campaigns.put(replace(campaign, id=UNSENT_CAMPAIGN))
    put_records(campaign)
    messages.advance(messages.get(SITE, campaign_message_id(RECORD, OTHER_CONTACT)), Status.SENT)
    tickets.open_ticket(SITE, CONTACT, ACCOUNT.id, origin="sample")
    put_files()


def put_contact(contact_id: str, name: str, number: str) -> None:
    now = clock.timestamp(clock.now())
    identity = Identity(identity_id(contact_id, 1), IdentityType.SMS, number, number)
    values = {FieldKey("city"): "London"}
    contact = Contact(contact_id, SITE, name, now, now, values, (identity,), last_ordinal=1, version=1)
    contacts.commit(contacts.Change(None, contact))


def put_records(campaign: Campaign) -> None:
    snapshot, url = snapshots.snapshot(campaign), campaign.callback_url
    for record_id in (RECORD, PENDING_RECORD):
        records.create(Record(record_id, SITE, CAMPAIGN, campaign.create_time, snapshot, callback_url=url))
    pipeline.fan_out(RECORD)
    shards = list(range(settings().contact_shards))
    functions.invoke("workers/scan_audience", {"site_id": SITE, "record_id": PENDING_RECORD, "part": 0, "shards": shards})


def put_files() -> None:
    imports.put(ImportRecord(FILE, SITE, Duplicates.MERGE, clock.timestamp(clock.now())))
    objects.put(objects.upload_key(SITE, FILE), b"name,email\nGrace,grace@example.com\n")
    objects.put(objects.export_request_key(SITE, FILE), b'{"selected": [], "zone": "0"}')
    objects.put(objects.list_request_key("list_contacts", SITE, FILE), b"{}")
    functions.invoke("workers/split_import", {"site_id": SITE, "import_id": FILE})
